"""The data sets: what a method may see, and the truth, kept apart.

``own-standard`` and ``own-hostile`` come from our generator, ``shared-standard`` and ``shared-hostile`` from another,
planted.py in the folder given with --shared, where it is at hand. ``cortex`` is the bundled sample with the rows of
ATAC shuffled, its cells renamed and every label gone; ``cortex-as-given`` is the sample as it travels, which must bring
nothing more: no method may profit from coinciding names, row order or labels.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np

from monae_app.engine.data.genome import parse_peaks, read_bed, read_genome
from monae_app.engine.data.guidance import link_genes_to_peaks
from monae_app.engine.data.planted import make_planted

if TYPE_CHECKING:
    import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
SAMPLE, SAMPLE_GENOME = ROOT / "data_samples" / "mouse_cortex", "mm10"
OWN, SHARED = ("own-standard", "own-hostile"), ("shared-standard", "shared-hostile")
CORTEX, AS_GIVEN = "cortex", "cortex-as-given"
NAMES = (*OWN, *SHARED, CORTEX, AS_GIVEN)
MODALITIES = ("rna", "atac")
PROMOTER = 2000
SEEN_COLUMNS = ["batch"]


@dataclass(frozen=True)
class Size:
    """How large planted data are."""

    cells: int = 2000
    genes: int = 2000
    peaks: int = 10_000


@dataclass(frozen=True)
class Data:
    """One data set of one seed, on disk.

    ``inputs`` holds rna.h5ad, atac.h5ad, genes.bed.gz and links.npz; ``truth`` holds cells.npz (labels and pair ids of
    each modality and, if known, the true latent as z_rna and z_atac), mu0_rna.npy and mu0_atac.npy where known, and of
    planted data links_hold.npy: which of the links hold.
    """

    name: str
    seed: int
    folder: Path

    @property
    def inputs(self) -> Path:
        """What methods see."""
        return self.folder / "inputs"

    @property
    def truth(self) -> Path:
        """What they are scored by."""
        return self.folder / "truth"

    @property
    def planted(self) -> bool:
        """Whether the true latent and the true means are known."""
        return not self.name.startswith(CORTEX)

    @property
    def hostile(self) -> bool:
        """Whether types are missing and no pairs exist."""
        return self.name.endswith("hostile")

    @property
    def place(self) -> list[str]:
        """How the command line is told where genes lie."""
        return ["--bed", str(self.inputs / "genes.bed.gz")] if self.planted else ["--genome", SAMPLE_GENOME]


def prepare(name: str, seed: int, work: Path, size: Size, shared: Path | None) -> Data:
    """Make a data set unless it is there already."""
    data = Data(name, seed, work / "data" / name / str(seed))
    if data.folder.exists():
        return data
    data.folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data.folder.parent) as folder:
        raw, made = Path(folder) / "raw", Data(name, seed, Path(folder) / "made")
        made.inputs.mkdir(parents=True)
        made.truth.mkdir()
        if name in OWN:
            make_planted(
                n_cells=size.cells,
                n_genes=size.genes,
                n_peaks=size.peaks,
                regime="standard" if name == OWN[0] else "hostile",
                means=True,
                seed=seed,
            ).write(raw)
        elif name in SHARED:
            _make_shared(raw, name.removeprefix("shared-"), seed, size, shared)
        else:
            _copy_sample(raw)
        _split(raw, made)
        made.folder.rename(data.folder)
    return data


def _make_shared(raw: Path, regime: str, seed: int, size: Size, shared: Path | None) -> None:
    if shared is None:
        msg = "planted.py is not at hand; name its folder with --shared"
        raise FileNotFoundError(msg)
    numbers = {"--cells": size.cells, "--genes": size.genes, "--peaks": size.peaks, "--seed": seed}
    command = [sys.executable, str(shared / "bench" / "planted.py"), "--out", str(raw), "--regime", regime, "--save-mu"]
    command += [str(part) for pair in numbers.items() for part in pair]
    subprocess.run(command, check=True, capture_output=True)


def _copy_sample(raw: Path) -> None:
    raw.mkdir()
    for name in MODALITIES:
        shutil.copy(SAMPLE / f"{name}.h5ad", raw / f"{name}.h5ad")
    with gzip.open(raw / "genes.bed.gz", "wt", encoding="utf-8") as file:
        read_genome(SAMPLE_GENOME).to_csv(file, sep="\t", header=False, index=False)


def _split(raw: Path, made: Data) -> None:
    """Keep the truth aside and write the inputs without it."""
    tables = {name: ad.read_h5ad(raw / f"{name}.h5ad") for name in MODALITIES}
    for table in tables.values():
        if "pair_id" not in table.obs:
            table.obs["pair_id"] = table.obs_names.astype(str)
    if made.name == CORTEX:
        order = np.random.default_rng(made.seed).permutation(tables["atac"].n_obs)
        tables["atac"] = tables["atac"][order].copy()
    truth: dict[str, np.ndarray] = {}
    for name, table in tables.items():
        truth |= {f"{name}_{column}": table.obs[column].to_numpy(str) for column in ("cell_type", "pair_id")}
        if "mu0" in table.layers:
            np.save(made.truth / f"mu0_{name}.npy", np.asarray(table.layers["mu0"], np.float32))
    if made.planted:
        with np.load(raw / "truth.npz") as latent:
            truth |= {key: latent[key] for key in ("z_rna", "z_atac")}
    np.savez(made.truth / "cells.npz", **truth)  # type: ignore[arg-type]
    for name, table in tables.items():
        seen = table if made.name == AS_GIVEN else _blind(table, name)
        seen.write_h5ad(made.inputs / f"{name}.h5ad")
    shutil.copy(raw / "genes.bed.gz", made.inputs / "genes.bed.gz")
    _write_links(read_bed(made.inputs / "genes.bed.gz"), tables, made)


def _blind(table: ad.AnnData, name: str) -> ad.AnnData:
    obs = table.obs[[column for column in SEEN_COLUMNS if column in table.obs]].copy()
    obs.index = [f"{name} cell {row}" for row in range(len(obs))]
    var = table.var[[column for column in ("chrom", "chromStart", "chromEnd") if column in table.var]].copy()
    return ad.AnnData(table.X, obs=obs, var=var if name == "atac" else var[[]])


def _write_links(genes: pd.DataFrame, tables: dict[str, ad.AnnData], made: Data) -> None:
    """The guidance that every method is given, peaks in the body or 2 kb promoter of a gene, and which of it holds."""
    located = genes.drop_duplicates("symbol").set_index("symbol").reindex(tables["rna"].var_names).reset_index()
    pairs = link_genes_to_peaks(located, parse_peaks(tables["atac"].var), promoter=PROMOTER)
    gene, peak = pairs["gene"].to_numpy(), pairs["peak"].to_numpy()
    np.savez(made.inputs / "links.npz", gene=gene, peak=peak)
    if made.planted:
        var = tables["atac"].var.iloc[peak]
        own = var["owner"].to_numpy(str) == tables["rna"].var_names[gene].to_numpy(str)
        np.save(made.truth / "links_hold.npy", own & var["true_link"].to_numpy(bool))
