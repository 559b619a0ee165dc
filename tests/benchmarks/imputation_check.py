"""Is imputation to be trusted? ``python -m tests.benchmarks.imputation_check``, ten minutes a set on one core.

The hold-out check of the app, on the bundled samples and on planted sets (standard and hostile): a fifth of the
counts of every cell is kept aside, every method sees the other four, and what it recovers of the fifth is stated as r
over the noise ceiling, centred by feature, depth taken out. The goal: ahead of SVD-20, the kNN mean and MAGIC.

The 1 % type of the hostile sets: its 20 markers, by true means, imputed across modalities; AUROC of its cells against
all others, beside the mean of 30 neighbours (by CCA, and by Monae's own shared space) and beside the true means.

Sets and runs are kept in ``--sets DIR`` and used again; ``--write`` puts the tables between the marks of RESULTS.md.
MAGIC runs where ``MONAE_PEERS`` names an environment that has it. Exit status 1 if a figure is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from monae_app.engine.analysis.imputation import impute
from monae_app.engine.analysis.metrics.imputation import log_normalised
from monae_app.engine.config import make_config
from monae_app.engine.data.planted import make_planted
from monae_app.engine.pipeline import run
from monae_app.engine.result import Result
from monae_app.jobs.holding_out import DECODED, LIKE, LOW_RANK, MAGIC, OWN, TITLES, hold_out
from monae_app.jobs.kept_holdout import WITH_RUN
from monae_app.jobs.peers.catalogue import ROOT, peer_python
from monae_app.jobs.peers.cca import cca
from monae_app.jobs.peers.exchange import Answer, Question
from tests.benchmarks.report import RESULTS, table, with_block

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLES = {
    title: ROOT / "data_samples" / folder / "run"
    for title, folder in (("mouse cortex", "mouse_cortex"), ("PBMC with proteins", "pbmc_protein"))
}
REGIMES, SEEDS = ("standard", "hostile"), (0, 1)
SIZE = {"n_cells": 2000, "n_genes": 2000, "n_peaks": 10_000}
RARE, MARKERS, NEIGHBOURS = "T6", 20, 30
MEANS = "means.npz"
WAYS = (OWN, DECODED, LOW_RANK, LIKE, MAGIC)
# what the app imputes with, and what is cheap
OURS, OTHERS = OWN, (LOW_RANK, LIKE, MAGIC)
BINS = ("all", "lowest fifth", "2", "3", "4", "highest fifth")
TRUE, CROSS, BY_CCA, BY_SPACE = "true means", "Monae", "kNN mean, CCA", "kNN mean, Monae's space"
BLOCK = "imputation check"


def open_set(folder: Path, regime: str, seed: int) -> Path:
    """Make and train what is not there yet; return the run."""
    if not (folder / "rna.h5ad").exists():
        made = make_planted(**SIZE, regime=regime, seed=seed, means=True)  # type: ignore[arg-type]
        tables = {"rna": made.rna, "atac": made.atac}
        means = {name: np.asarray(each.layers.pop("mu0"), np.float32) for name, each in tables.items()}
        for each in tables.values():
            each.layers.pop("mu")
        made.write(folder)
        np.savez(folder / MEANS, **means)
    files = {name: folder / f"{name}.h5ad" for name in ("rna", "atac")}
    if not (folder / "monae" / "report.json").exists():
        run(make_config(inputs=files, bed=folder / "genes.bed.gz", batch_key=("batch",), seed=seed), folder / "monae")
    return folder / "monae"


def recovered(name: str, folder: Path, *, kept: bool) -> pd.DataFrame:
    """Median share of the ceiling by modality, features (all, and fifths by level) and method.

    Found anew, or taken from what lies beside the run.
    """
    beside = folder / WITH_RUN
    if kept and beside.exists():
        found = json.loads(beside.read_text(encoding="utf-8"))
    else:
        found = hold_out(folder, lambda _share, _text: None)
        if kept:
            beside.write_text(json.dumps(found), encoding="utf-8")
    rows = []
    for modality, said in found["modalities"].items():
        for row in said["summary"]:
            rows += [
                {"set": name, "modality": modality, "bin": row["bin"], "way": way, "share": row[way],
                 "features": row["features"], "ceiling": row["ceiling"]}
                for way in said["methods"]
            ]  # fmt: skip
    return pd.DataFrame(rows)


def rare_figures(folder: Path, seed: int) -> dict[tuple[str, str], float]:
    """Mean AUROC of the rare type by its markers, by (source > target) and way."""
    result = Result.load(folder / "monae")
    tables = {name: ad.read_h5ad(folder / f"{name}.h5ad") for name in ("rna", "atac")}
    by_cca = across_by_cca(result, tables, seed)
    found: dict[tuple[str, str], float] = {}
    with np.load(folder / MEANS) as means:
        for source, target in (("atac", "rna"), ("rna", "atac")):
            truth = log_normalised(means[target])
            rare = {name: (each.obs["cell_type"] == RARE).to_numpy() for name, each in tables.items()}
            markers = markers_of(truth, tables[target].obs["cell_type"].astype(str).to_numpy())
            names = tables[target].var_names[markers].tolist()
            counts = sp.csr_matrix(tables[target].X)
            levels = sp.csr_matrix(sp.diags(1e4 / np.maximum(np.asarray(counts.sum(1)).ravel(), 1)) @ counts)
            space = {each: latent(result, tables, each) for each in tables}
            ways = {
                CROSS: impute(result, source, target, names)[order_of(result, tables, source)],
                BY_CCA: by_cca[source][:, markers],
                BY_SPACE: neighbor_mean(space[source], space[target], levels[:, markers]),
            }
            key = f"{source} > {target}"
            found |= {(key, way): area(values, rare[source]) for way, values in ways.items()}
            found[key, TRUE] = area(truth[:, markers], rare[target])
    return found


def markers_of(truth: np.ndarray, types: np.ndarray) -> np.ndarray:
    """Features whose true mean in the rare type is furthest above that of every other type."""
    names = [each for each in np.unique(types) if each != RARE]
    others = np.stack([truth[types == each].mean(axis=0) for each in names]).max(axis=0)
    return np.argsort(others - truth[types == RARE].mean(axis=0), kind="stable")[:MARKERS]


def area(values: np.ndarray, rare: np.ndarray) -> float:
    """Mean AUROC over features, (N, F)."""
    return float(np.mean([roc_auc_score(rare, column) for column in values.T]))


def neighbor_mean(queries: np.ndarray, references: np.ndarray, values: sp.csr_matrix) -> np.ndarray:
    """Mean of the values of the nearest references of every query."""
    graph = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(references).kneighbors_graph(queries)
    return np.asarray((graph @ values / NEIGHBOURS).todense())


def order_of(result: Result, tables: dict[str, ad.AnnData], name: str) -> np.ndarray:
    """Rows of a modality's cells in the result, in the order of its table."""
    mine = result.cells.obs_names[(result.cells.obs["modality"] == name).to_numpy()]
    place = {each.partition(":")[2]: number for number, each in enumerate(mine)}
    return np.array([place[str(each)] for each in tables[name].obs_names])


def latent(result: Result, tables: dict[str, ad.AnnData], name: str) -> np.ndarray:
    """Shared space of a modality's cells, rows at unit length, in the order of its table."""
    found = np.asarray(result.cells.obsm["X_monae"])[(result.cells.obs["modality"] == name).to_numpy()]
    found = found[order_of(result, tables, name)]
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12))


def across_by_cca(result: Result, tables: dict[str, ad.AnnData], seed: int) -> dict[str, np.ndarray]:
    """Counts per 10,000 imputed by the peer, by source."""
    places = {name: pd.Index(each.var_names.astype(str)) for name, each in tables.items()}
    links = sp.coo_matrix(result.features.obsp["guidance"])
    names, kinds = (result.features.obs[column].to_numpy(str) for column in ("name", "modality"))
    right = (kinds[links.row] == "rna") & (kinds[links.col] == "atac")
    gene = places["rna"].get_indexer(names[links.row[right]])
    peak = places["atac"].get_indexer(names[links.col[right]])
    bare = [ad.AnnData(tables[name].X, tables[name].obs[[]], tables[name].var[[]]) for name in ("rna", "atac")]
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        cca(Question(("rna", "atac"), bare[0], bare[1], gene, peak, seed), Answer(out))
        return {"atac": np.load(out / "atac-rna.npy"), "rna": np.load(out / "rna-atac.npy")}


def misses(shares: pd.DataFrame, rare: pd.DataFrame) -> list[str]:
    """Say which of the figures asked for were not reached."""
    found = []
    whole = shares[shares["bin"] == 0].pivot_table(index=["set", "modality"], columns="way", values="share")
    for (name, modality), row in whole.iterrows():
        for other in OTHERS:
            if other not in row or np.isnan(row[other]):
                found.append(f"{name}, {modality}: {TITLES[other]} was not measured")
            elif not row[OURS] > row[other]:
                found.append(f"{name}, {modality}: {row[OURS]:.3f} against {TITLES[other]} {row[other]:.3f}")
    for (name, across), row in rare.iterrows():
        ours, plain = row[CROSS], row[BY_CCA]
        found += [f"{name}, rare type, {across}: AUROC {ours:.3f} against {plain:.3f}"] * int(ours < plain)
    return found


def told(shares: pd.DataFrame, rare: pd.DataFrame) -> str:
    """Both tables in Markdown."""
    rows = []
    for (name, modality, number), part in shares.groupby(["set", "modality", "bin"], sort=False):
        values = part.set_index("way")["share"].reindex(WAYS)
        cells = ["-" if pd.isna(each) else f"{each:.3f}" for each in values]
        features, ceiling = part["features"].iloc[0], part["ceiling"].iloc[0]
        rows.append([f"{name}, {modality}", BINS[number], f"{features:,}", f"{ceiling:.2f}", *cells])
    parts = [
        "## Imputation: hold-out check",
        "Share of the noise ceiling, median over features; fifths are by counts a cell. Written by `python -m "
        "tests.benchmarks.imputation_check --write`; what each number means stands in `docs/imputation.md`.",
        table(["data", "features", "n", "ceiling", *(TITLES[way] for way in WAYS)], rows),
    ]
    if len(rare):
        ways = [CROSS, BY_CCA, BY_SPACE, TRUE]
        lines = [[f"{name}, {across}", *(f"{row[way]:.3f}" for way in ways)] for (name, across), row in rare.iterrows()]
        parts += [
            f"The 1 % type, AUROC of its cells by its {MARKERS} markers (mean), imputed from the other modality; the "
            "true means are those of the cells of the markers' own modality.",
            table(["data", *ways], lines),
        ]
    return "\n\n".join(parts)


def measured(asked: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shares of the ceiling, and AUROC of the rare type, of all sets that are asked for."""
    shares: list[pd.DataFrame] = []
    rare: dict[tuple[str, str], dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name, sample in ({} if asked.no_samples or asked.rare_alone else SAMPLES).items():
            shares.append(recovered(name, sample, kept=asked.kept))
        for seed, regime in product(asked.seeds, REGIMES):
            folder, name = (asked.sets or Path(temporary)) / f"{regime}{seed}", f"{regime} {seed}"
            if asked.rare_alone and regime != "hostile":
                continue
            trained = open_set(folder, regime, seed)
            if not asked.rare_alone:
                shares.append(recovered(name, trained, kept=asked.kept))
            if regime == "hostile":
                for (across, way), value in rare_figures(folder, seed).items():
                    rare.setdefault((name, across), {})[way] = value
            sys.stderr.write(f"{name}: done\n")
    columns = ["set", "modality", "bin", "way", "share", "features", "ceiling"]
    return pd.concat(shares) if shares else pd.DataFrame(columns=columns), pd.DataFrame.from_dict(rare, orient="index")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the figures; 1 if one is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=Path, help="where planted sets are kept")
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    parser.add_argument("--no-samples", action="store_true")
    parser.add_argument("--rare-alone", action="store_true", help="no hold-out check")
    parser.add_argument("--kept", action="store_true", help="take and leave what was found beside the runs")
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    asked = parser.parse_args(arguments)
    if Path(peer_python()).exists():
        os.environ.setdefault("MONAE_PEERS", str(ROOT / ".venv-peers"))
    every, of_rare = measured(asked)
    text, missed = told(every, of_rare), misses(every, of_rare)
    sys.stdout.write(text + "\n\nimputation: " + ("missed: " + "; ".join(missed) if missed else "all reached") + "\n")
    if asked.write:
        path = Path(__file__).with_name(RESULTS)
        path.write_text(with_block(path.read_text(encoding="utf-8"), BLOCK, text), encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
