"""The bundled cortex as two RNA samples and two ATAC samples whose peak sets differ, as two experiments would."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Sequence

CORTEX = Path(__file__).parents[3] / "data_samples" / "mouse_cortex"
DROPPED, JOINED, MOVED = 0.04, 0.1, 0.3
WIDEST_GAP, FARTHEST = 2000, 40


@dataclass(frozen=True)
class Cut:
    """The files, and which of the original peaks each peak of a sample was made from."""

    rna: tuple[Path, Path]
    atac: tuple[Path, Path]
    made_from: tuple[list[list[int]], list[list[int]]]

    def arguments(self) -> list[str]:
        return [f"{name}={','.join(map(str, paths))}" for name, paths in (("rna", self.rna), ("atac", self.atac))]


def cut(folder: Path, seed: int = 0) -> Cut:
    """Write the samples: cells by plate, peaks of the second ATAC sample named in another style (1-100-200)."""
    rna, atac = (ad.read_h5ad(CORTEX / f"{name}.h5ad") for name in ("rna", "atac"))
    plates = sorted(rna.obs["batch"].unique())
    rng = np.random.default_rng(seed)
    paths: dict[str, list[Path]] = {"rna": [], "atac": []}
    made_from = []
    for number, letter in enumerate("ab"):
        of_rna = rna[rna.obs["batch"].isin(plates[number::2])].copy()
        paths["rna"].append(folder / f"cortex_{letter}.h5ad")
        of_rna.write_h5ad(paths["rna"][-1])
        of_atac = atac[atac.obs["batch"].isin(plates[number::2])]
        groups = _groups(atac.var, rng, join=bool(number))
        paths["atac"].append(folder / f"peaks_{letter}.h5ad")
        _written(of_atac, groups, rng if number else None, paths["atac"][-1])
        made_from.append(groups)
    return Cut(tuple(paths["rna"]), tuple(paths["atac"]), tuple(made_from))


def _groups(var: pd.DataFrame, rng: np.random.Generator, *, join: bool) -> list[list[int]]:
    """Original peaks that make up each peak of a sample: some are dropped, some neighbours called as one."""
    kept = np.flatnonzero(rng.random(len(var)) > DROPPED)
    groups: list[list[int]] = []
    for peak in kept.tolist():
        if join and groups and rng.random() < JOINED and _close(var, groups[-1][-1], peak):
            groups[-1].append(peak)
        else:
            groups.append([peak])
    return groups


def _close(var: pd.DataFrame, first: int, second: int) -> bool:
    same = var["chrom"].iloc[first] == var["chrom"].iloc[second]
    return bool(same and 0 <= var["chromStart"].iloc[second] - var["chromEnd"].iloc[first] < WIDEST_GAP)


def places(var: pd.DataFrame, groups: Sequence[Sequence[int]], rng: np.random.Generator | None) -> pd.DataFrame:
    """Where the peaks of a sample lie; with ``rng`` some ends are pulled in, so that what overlapped overlaps still."""
    first, last = ([group[at] for group in groups] for at in (0, -1))
    start, end = var["chromStart"].to_numpy()[first], var["chromEnd"].to_numpy()[last]
    if rng is not None:
        moved = rng.random(len(groups)) < MOVED
        inwards = np.minimum(rng.integers(1, FARTHEST, len(groups)), (end - start - 1) // 2) * moved
        start = start + inwards
    return pd.DataFrame({"chrom": var["chrom"].to_numpy()[first].astype(str), "start": start, "end": end})


def _written(table: ad.AnnData, groups: list[list[int]], rng: np.random.Generator | None, path: Path) -> None:
    sums = sp.lil_matrix((table.n_vars, len(groups)), dtype=np.float32)
    for column, group in enumerate(groups):
        sums[group, column] = 1
    place = places(table.var, groups, rng)
    if rng is None:
        names = [f"{each.chrom}:{each.start}-{each.end}" for each in place.itertuples()]
    else:
        names = [f"{each.chrom.removeprefix('chr')}-{each.start}-{each.end}" for each in place.itertuples()]
    ad.AnnData(sp.csr_matrix(table.X @ sums.tocsr()), obs=table.obs.copy(), var=pd.DataFrame(index=names)).write_h5ad(
        path
    )
