"""Is the order of cells found, and do p-values along it hold? ``python -m tests.benchmarks.trajectory``, half an hour.

Planted RNA and ATAC with a lineage of two branches (types T0, T1, then T2 or T3), standard and hostile, five seeds.
Spearman correlation of pseudotime with the true one over the cells of both modalities: from the joint embedding and
from imputed values, beside the true latent. Joint embedding and RNA PCA are compared on the same cells (RNA cells of
the lineage), with the same kernel and from the same roots: the median over 25 cells whose true pseudotime is 0. Share
of cells on the right branch of stem, a and b, and the ends that are found. Genes without any weight on the latent are
constant: how often p <= .05 for them, and Kolmogorov-Smirnov against uniform, by half of the counts, naively, and with
shuffled pseudotimes. The bundled myeloid sample: both reference lineages beside scanpy's diffusion pseudotime on PCA,
and known genes of both.

Sets and runs are kept in ``--sets DIR`` and used again; ``--write`` puts the table between the marks of RESULTS.md. The
last line says which figures are missed; exit status 1 if any is.
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
from monae_app.engine.analysis.trajectory.diffusion import diffusion_coordinates, distances_from
from monae_app.engine.analysis.trajectory.features import changing_tests, halved, steady_features, theta_of
from monae_app.engine.analysis.trajectory.following import Trajectory, follow
from monae_app.engine.analysis.trajectory.neighbours import find_neighbours
from monae_app.engine.analysis.trajectory.of_run import begin_at, follow_run, grouping, imputed_space
from monae_app.engine.config import make_config
from monae_app.engine.data.planted import make_planted
from monae_app.engine.data.planted.population import AXES
from monae_app.engine.data.planted.regulation import load_genes
from monae_app.engine.data.planted.whole import PARTS
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.pipeline import Monae, run
from tests.benchmarks.report import RESULTS, table, with_block

SAMPLES = Path(__file__).resolve().parents[2] / "data_samples"
REGIMES, SEEDS = ("standard", "hostile"), (0, 1, 2, 3, 4)
SIZE = {"n_cells": 2000, "n_genes": 2000, "n_peaks": 10_000}
ROOT, ENDS, ROOTS = "T0", ("T2", "T3"), 25
CONSTANT, BLOCK = "constant_genes.npy", "trajectory"
OF_LATENT, OF_IMPUTED, LEAST_BRANCH, LEAST_P = 0.97, 0.90, 0.85, 0.01
RISING = {"6": ("Klf1", "Car2", "Hba-a2"), "5": ("Mpo", "Elane", "Prtn3")}
ABOUT = (
    "Written by `python -m tests.benchmarks.trajectory --write`. Spearman correlation with the true pseudotime; joint "
    "and RNA PCA on the same RNA cells, with the same kernel, from the same 25 roots (median); constant genes: share "
    "with p <= .05, and p of Kolmogorov-Smirnov against uniform. Goals hold for the standard sets: joint >= "
    f"{OF_LATENT} x latent and above RNA PCA, imputed >= {OF_IMPUTED} x latent, branch >= {LEAST_BRANCH}, both ends "
    "and no other."
)


@dataclass(frozen=True)
class PlantedRun:
    """A planted set and its run."""

    name: str
    folder: Path
    rna: ad.AnnData
    atac: ad.AnnData
    latent: np.ndarray
    constant: np.ndarray

    def of_cells(self, column: str) -> np.ndarray:
        """Column of the cells of RNA, then of ATAC."""
        return np.concatenate([each.obs[column].to_numpy() for each in (self.rna, self.atac)])


def tell(*words: str) -> None:
    """Print a line at once."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def made(regime: str, seed: int, work: Path) -> PlantedRun:
    """Draw a set, or read it again, and train on it."""
    folder = work / f"{regime}{seed}"
    files = {name: folder / f"{name}.h5ad" for name in ("rna", "atac")}
    if not files["rna"].exists():
        drawn = make_planted(regime=regime, seed=seed, **SIZE)  # type: ignore[arg-type]
        streams = dict(zip(PARTS, np.random.default_rng(seed).spawn(len(PARTS)), strict=True))
        constant = ~load_genes(SIZE["n_genes"], AXES, streams["regulation"])[0].any(axis=0)
        drawn.write(folder)
        np.save(folder / CONSTANT, constant)
    if not (folder / "monae/report.json").exists():
        run(make_config(inputs=files, bed=folder / "genes.bed.gz", batch_key=("batch",), seed=seed), folder / "monae")
    with np.load(folder / "truth.npz") as truth:
        latent = np.vstack([truth["z_rna"], truth["z_atac"]])
    rna, atac = (ad.read_h5ad(each) for each in files.values())
    return PlantedRun(f"{regime} {seed}", folder / "monae", rna, atac, latent, np.load(folder / CONSTANT))


def order_of(made_run: PlantedRun, opened: RunSlices, joint: Trajectory) -> dict[str, float]:
    """Compare pseudotimes and branches with the truth."""
    groups = grouping(opened, "cell_type")
    truth, branch = made_run.of_cells("pseudotime"), made_run.of_cells("branch").astype(str)
    start, modality = begin_at(groups, ROOT), opened.column("modality").astype(str).to_numpy()
    inside = np.isfinite(truth)

    def agreement(found: Trajectory) -> float:
        # cells without a pseudotime count as misplaced
        return float(spearmanr(np.nan_to_num(found.pseudotime[inside], nan=-1), truth[inside])[0])

    def on(points: np.ndarray) -> float:
        return agreement(follow(points, modality, (groups.codes, groups.names), start, seed=0))

    logs = ad.AnnData(made_run.rna.X.copy())
    sc.pp.normalize_total(logs, target_sum=1e4)
    sc.pp.log1p(logs)
    sc.pp.pca(logs, 20)
    rna = np.flatnonzero((modality == "rna") & inside)
    return {
        "latent": on(made_run.latent),
        "joint": agreement(joint),
        "imputed": on(imputed_space(opened, "rna")),
        "joint, RNA cells": from_the_same_roots(opened.array("X_monae")[rna], truth[rna]),
        "RNA PCA": from_the_same_roots(logs.obsm["X_pca"][rna], truth[rna]),
        "branch": right_branch(joint, branch, inside),
        "ends": float(len(joint.ends) if set(joint.ends) == set(ENDS) else np.nan),
    }


def from_the_same_roots(points: np.ndarray, truth: np.ndarray) -> float:
    """Median agreement over the first cells as roots, by the kernel alone: no cell and no root is chosen."""
    weights = find_neighbours(points, np.repeat("rna", len(points))).weights
    coordinates = diffusion_coordinates(weights, 0)
    first = np.flatnonzero(truth == truth.min())
    roots = np.random.default_rng(0).permutation(first)[:ROOTS]
    return float(np.median([spearmanr(distances_from(coordinates, each), truth)[0] for each in roots]))


def right_branch(found: Trajectory, branch: np.ndarray, rows: np.ndarray) -> float:
    """Share of cells on the right branch; each end stands for the true branch that most of its cells are on."""
    called = np.full(len(branch), "stem", object)
    for tip in range(len(found.ends)):
        mine = rows & (found.tip == tip)
        late = branch[mine & (branch != "stem")]
        called[mine] = "a" if (late == "a").sum() >= (late == "b").sum() else "b"
    called[~np.isfinite(found.pseudotime)] = "none"
    return float((called == branch)[rows].mean())


def false_alarms(made_run: PlantedRun, opened: RunSlices, found: Trajectory) -> dict[str, float]:
    """Test constant genes."""
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
    doubtful = ", ".join(f"{name} ({share:.2f})" for name, share in found.doubtful)
    ends = ", ".join(f"{name} ({share:.2f})" for name, share in zip(found.ends, found.support, strict=True))
    cells = ad.read_h5ad(SAMPLES / "myeloid/rna.h5ad")
    logs = cells.copy()
    sc.pp.normalize_total(logs, target_sum=1e4)
    sc.pp.log1p(logs)
    sc.pp.pca(logs, 20)
    sc.pp.neighbors(logs, 15)
    first = np.flatnonzero(logs.obs["cluster_slingshot"].astype(str) == "1")
    middle = logs.obsm["X_pca"][first].mean(axis=0)
    logs.uns["iroot"] = int(first[((logs.obsm["X_pca"][first] - middle) ** 2).sum(axis=1).argmin()])
    sc.tl.diffmap(logs)
    sc.tl.dpt(logs)
    lines = [f"myeloid, ends and how often halves of the cells show them: {ends}; left out: {doubtful or 'none'}"]
    missed = [] if set(found.ends) == set(RISING) else ["myeloid ends"]
    for number in (1, 2):
        mine = (cells.obs[f"weight_lineage{number}"] > 0.5).to_numpy()
        theirs = cells.obs[f"pseudotime_lineage{number}"].to_numpy()[mine]
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
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    asked = parser.parse_args(arguments)
    lines, missed = myeloid()
    tell("\n".join(lines))
    rows: list[list[str]] = []
    head: list[str] = []
    with tempfile.TemporaryDirectory() as temporary:
        for regime in asked.regimes:
            for seed in asked.seeds:
                one = made(regime, seed, asked.sets or Path(temporary))
                opened = RunSlices(one.folder, KeptArrays(2**29))
                groups = grouping(opened, "cell_type")
                joint = follow_run(opened, groups, begin_at(groups, ROOT))
                told = order_of(one, opened, joint) | false_alarms(one, opened, joint)
                head = ["set", *told]
                rows.append([one.name, *(f"{value:.3g}" for value in told.values())])
                tell(one.name, " ".join(f"{name} {value:.3g}" for name, value in told.items()))
                missed += [] if regime == "hostile" else [f"{one.name}: {each}" for each in misses(told)]
    last = f"trajectory, missed: {', '.join(missed) if missed else 'nothing'}"
    tell(last)
    if asked.write:
        path = Path(__file__).with_name(RESULTS)
        what = f"## Trajectories\n\n{ABOUT}"
        text = "\n\n".join([what, table(head, rows), "\n".join(f"- {line}" for line in lines), f"{last}."])
        path.write_text(with_block(path.read_text(encoding="utf-8"), BLOCK, text), encoding="utf-8")
    return 1 if missed else 0


def misses(told: dict[str, Any]) -> list[str]:
    """Return what is below what is asked for."""
    wanted = {
        "joint against the latent": told["joint"] >= OF_LATENT * told["latent"],
        "joint against RNA PCA": told["joint, RNA cells"] > told["RNA PCA"],
        "imputed": told["imputed"] >= OF_IMPUTED * told["latent"],
        "branch": told["branch"] >= LEAST_BRANCH,
        "ends": told["ends"] == len(ENDS),
        "shuffled KS": told["shuffled KS"] >= LEAST_P,
    }
    return [name for name, good in wanted.items() if not good]


if __name__ == "__main__":
    sys.exit(main())
