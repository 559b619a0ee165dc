"""Is the order of cells found, and do p-values along it hold? ``python -m tests.benchmarks.trajectory``, half an hour.

Planted RNA and ATAC with a lineage of two branches (types T0, T1, then T2 or T3), standard and hostile, five seeds.
Spearman correlation of pseudotime with the true one over the cells of both modalities: from the joint embedding and
from imputed values, beside diffusion pseudotime on the true latent and on RNA PCA alone (RNA cells); share of cells on
the right branch of stem, a and b. Genes without any weight on the latent are constant: how often p <= .05 for them, and
Kolmogorov-Smirnov against uniform, by half of the counts, naively, and with shuffled pseudotimes. The bundled myeloid
sample: both reference lineages beside scanpy's diffusion pseudotime on PCA, and known genes of both.

Sets and runs are kept in ``--sets DIR`` and used again. The last line says which figures are missed; exit status 1 if
any is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import scanpy as sc
import scipy.sparse as sp
from scipy.stats import kstest, spearmanr

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.analysis.trajectory.features import changing_tests, halved, steady_features, theta_of
from monae_app.engine.analysis.trajectory.following import Trajectory, follow
from monae_app.engine.analysis.trajectory.of_run import begin_at, follow_run, grouping, imputed_space
from monae_app.engine.config import make_config
from monae_app.engine.data.planted import make_planted
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.pipeline import Monae, run

SAMPLES = Path(__file__).resolve().parents[2] / "data_samples"
REGIMES, SEEDS = ("standard", "hostile"), (0, 1, 2, 3, 4)
SIZE = {"n_cells": 2000, "n_genes": 2000, "n_peaks": 10_000}
ROOT, LINEAGE = "T0", ("T0", "T1", "T2", "T3")
OF_LATENT, OF_IMPUTED, LEAST_BRANCH, LEAST_P = 0.97, 0.90, 0.85, 0.01
RISING = {"6": ("Klf1", "Car2", "Hba-a2"), "5": ("Mpo", "Elane", "Prtn3")}


@dataclass(frozen=True)
class PlantedRun:
    """A planted set and its run."""

    name: str
    folder: Path
    rna: ad.AnnData
    atac: ad.AnnData
    latent: np.ndarray
    constant: np.ndarray


def tell(*words: str) -> None:
    """Print a line at once."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def made(regime: str, seed: int, work: Path) -> PlantedRun:
    """Draw a set, or read it again, and train on it."""
    folder = work / f"{regime}{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = make_planted(regime=regime, seed=seed, means=True, **SIZE)  # type: ignore[arg-type]
    constant = np.ptp(np.log(drawn.rna.layers["mu0"] + 1e-12), axis=0) < 1e-6
    for name, table in (("rna", drawn.rna), ("atac", drawn.atac)):
        if not (folder / f"{name}.h5ad").exists():
            bare = table.copy()
            bare.layers.clear()
            bare.write_h5ad(folder / f"{name}.h5ad")
    genes = folder / "genes.bed"
    drawn.genes[["chrom", "start", "end", "symbol", "strand"]].to_csv(genes, sep="\t", header=False, index=False)
    if not (folder / "run/report.json").exists():
        inputs = {name: [folder / f"{name}.h5ad"] for name in ("rna", "atac")}
        run(make_config(inputs=inputs, bed=genes, batch_key=("batch",), seed=seed), folder / "run")
    return PlantedRun(
        f"{regime} {seed}", folder / "run", drawn.rna, drawn.atac,
        np.vstack([drawn.latent_rna, drawn.latent_atac]), constant,
    )  # fmt: skip


def order_of(made_run: PlantedRun) -> dict[str, float]:
    """Compare pseudotimes and branches with the truth."""
    opened = RunSlices(made_run.folder, KeptArrays(2**29))
    groups = grouping(opened, "cell_type")
    truth = np.concatenate([each.obs["pseudotime"].to_numpy() for each in (made_run.rna, made_run.atac)])
    branch = np.concatenate([each.obs["branch"].astype(str).to_numpy() for each in (made_run.rna, made_run.atac)])
    start, modality = begin_at(groups, ROOT), opened.column("modality").astype(str).to_numpy()
    inside = np.isfinite(truth)

    def on(points: np.ndarray, rows: np.ndarray) -> Trajectory:
        space = np.where(rows[:, None], points, np.nan)
        return follow(space, modality, (groups.codes, groups.names), start, seed=0)

    def agreement(found: Trajectory, rows: np.ndarray = inside) -> float:
        # cells without a pseudotime count as misplaced
        return float(spearmanr(np.nan_to_num(found.pseudotime[rows], nan=-1), truth[rows])[0])

    joint = follow_run(opened, groups, start)
    rna = modality == "rna"
    table = ad.AnnData(made_run.rna.X.copy())
    sc.pp.normalize_total(table, target_sum=1e4)
    sc.pp.log1p(table)
    sc.pp.pca(table, 20)
    alone = np.full((len(truth), 20), np.nan)
    alone[rna] = table.obsm["X_pca"]
    imputed = imputed_space(opened, "rna")
    return {
        "latent": agreement(on(made_run.latent, np.ones(len(truth), bool))),
        "rna pca": agreement(on(alone, rna), rna & inside),
        "joint": agreement(joint),
        "imputed": agreement(on(imputed, np.ones(len(truth), bool))),
        "branch": right_branch(joint, branch, inside),
    }


def right_branch(found: Trajectory, branch: np.ndarray, rows: np.ndarray) -> float:
    """Share of cells on the right branch; each end stands for the true branch that most of its cells are on."""
    called = np.full(len(branch), "stem", object)
    for tip in range(len(found.ends)):
        mine = rows & (found.tip == tip)
        late = branch[mine & (branch != "stem")]
        called[mine] = "a" if (late == "a").sum() >= (late == "b").sum() else "b"
    called[~np.isfinite(found.pseudotime)] = "none"
    return float((called == branch)[rows].mean())


def false_alarms(made_run: PlantedRun) -> dict[str, float]:
    """Test constant genes."""
    opened = RunSlices(made_run.folder, KeptArrays(2**29))
    groups = grouping(opened, "cell_type")
    found = follow_run(opened, groups, begin_at(groups, ROOT))
    fitted = Monae.load(made_run.folder)
    side = read_dataset(opened.config).modalities["rna"]
    rows = np.arange(len(opened.spans["rna"]))
    batch = (made_run.rna.obs["batch"].astype(str) == "B1").to_numpy(np.float64)[:, None]
    constant = made_run.constant[made_run.rna.var_names.get_indexer(side.var.index)]
    theta, values = theta_of(fitted.result_of(), side), sp.csr_matrix(side.values)
    time, tip = found.pseudotime[rows], found.tip[rows]
    steady = steady_features(values, time, tip, batch, theta)
    shuffled = time.copy()
    known = np.flatnonzero(np.isfinite(time))
    order = np.random.default_rng(0).permutation(known)
    shuffled[known] = time[order]
    ways = {
        "halves": (*halved(opened, found, fitted, side, rows), batch, theta, steady),
        "naive": (values, time, tip, batch, theta, steady),
        "shuffled": (values, shuffled, tip, batch, theta, None),
    }
    told: dict[str, float] = {}
    for name, given in ways.items():
        p, _ = changing_tests(*given)  # type: ignore[arg-type]
        p = p[constant & ~np.isnan(p)]
        told |= {f"{name} false": float((p <= 0.05).mean()), f"{name} KS": float(kstest(p, "uniform").pvalue)}
    return told


def myeloid() -> tuple[list[str], list[str]]:
    """Compare with the reference lineages; what to print, and what is missed."""
    opened = RunSlices(SAMPLES / "myeloid/run", KeptArrays(2**29))
    groups = grouping(opened, "cluster_slingshot")
    found = follow_run(opened, groups, begin_at(groups, "1"))
    table = ad.read_h5ad(SAMPLES / "myeloid/rna.h5ad")
    logs = table.copy()
    sc.pp.normalize_total(logs, target_sum=1e4)
    sc.pp.log1p(logs)
    sc.pp.pca(logs, 20)
    sc.pp.neighbors(logs, 15)
    first = np.flatnonzero(logs.obs["cluster_slingshot"].astype(str) == "1")
    middle = logs.obsm["X_pca"][first].mean(axis=0)
    logs.uns["iroot"] = int(first[((logs.obsm["X_pca"][first] - middle) ** 2).sum(axis=1).argmin()])
    sc.tl.diffmap(logs)
    sc.tl.dpt(logs)
    lines, missed = [], []
    for number in (1, 2):
        mine = (table.obs[f"weight_lineage{number}"] > 0.5).to_numpy()
        theirs = table.obs[f"pseudotime_lineage{number}"].to_numpy()[mine]
        ours, peer = (spearmanr(each[mine], theirs)[0] for each in (found.pseudotime, logs.obs["dpt_pseudotime"]))
        lines.append(f"myeloid, lineage {number}: {ours:.3f} ({int(mine.sum()):,} cells), scanpy on PCA {peer:.3f}")
        if ours < peer:
            missed.append(f"myeloid lineage {number}")
    for end, genes in RISING.items():
        place = found.ends.index(end) if end in found.ends else -1
        mine = found.ahead[:, place]
        for gene in genes:
            level = np.asarray(logs[:, gene].X.todense()).ravel()
            rise = float(spearmanr(found.pseudotime[mine], level[mine])[0]) if place >= 0 else np.nan
            lines.append(f"myeloid, {gene} on the way to {end}: correlation with pseudotime {rise:.2f}")
            if not rise > 0:
                missed.append(f"myeloid {gene}")
    return lines, missed


def main(arguments: list[str] | None = None) -> int:
    """Run it, print it, and say what is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=Path, help="where sets and runs are kept")
    parser.add_argument("--seeds", type=int, nargs="*", default=SEEDS)
    parser.add_argument("--regimes", nargs="*", default=REGIMES)
    asked = parser.parse_args(arguments)
    lines, missed = myeloid()
    tell("\n".join(lines))
    with tempfile.TemporaryDirectory() as temporary:
        for regime in asked.regimes:
            for seed in asked.seeds:
                one = made(regime, seed, asked.sets or Path(temporary))
                told = order_of(one) | false_alarms(one)
                tell(one.name, " ".join(f"{name} {value:.3g}" for name, value in told.items()))
                missed += [] if regime == "hostile" else [f"{one.name}: {each}" for each in misses(told)]
    tell(f"trajectory, missed: {', '.join(missed) if missed else 'nothing'}")
    return 1 if missed else 0


def misses(told: dict[str, Any]) -> list[str]:
    """Return what is below what is asked for."""
    wanted = {
        "joint against the latent": told["joint"] >= OF_LATENT * told["latent"],
        "joint against RNA PCA": told["joint"] > told["rna pca"],
        "imputed": told["imputed"] >= OF_IMPUTED * told["latent"],
        "branch": told["branch"] >= LEAST_BRANCH,
        "shuffled KS": told["shuffled KS"] >= LEAST_P,
    }
    return [name for name, good in wanted.items() if not good]


if __name__ == "__main__":
    sys.exit(main())
