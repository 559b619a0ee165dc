"""Are links and targets found, and do their p-values hold? ``python -m tests.benchmarks.regulation``, an hour.

Planted RNA and ATAC, standard and hostile, five seeds each. Targets of the planted factors, all other genes being none:
mean AUROC over factors and early precision (share of true targets among the first 40), with and without motif hits,
beside co-expression (cosine of SVD-20 loadings, with and without singular values), motifs alone (hits in the peaks of
the guidance) and boosted trees in the manner of GRNBoost2. Links of genes that vary: AUROC of pairs within 150 kb
beside distance and the correlation over metacells; on hostile data of distal and of repressive ones alone. Their
p-values: of false links, one a gene, Kolmogorov-Smirnov against uniform in and outside of the guidance; the false share
of those with q <= .05.

Sets and runs are kept in ``--sets DIR`` and used again. The last line says which figures are missed; exit status 1 if
any is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.stats import f as f_distribution
from scipy.stats import kstest
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import roc_auc_score
from sklearn.utils.extmath import randomized_svd

from monae_app.engine.analysis.regulation.gathering import gather
from monae_app.engine.config import make_config
from monae_app.engine.data.genome import parse_peaks
from monae_app.engine.data.motifs.table_reading import read_motif_table
from monae_app.engine.data.planted import make_planted
from monae_app.engine.data.representation import log_normalised
from monae_app.engine.pipeline import run
from monae_app.engine.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.analysis.regulation.evidence import Regulation

REGIMES, SEEDS = ("standard", "hostile"), (0, 1, 2, 3, 4)
SIZE = {"n_cells": 2000, "n_genes": 2000, "n_peaks": 10_000}
AXES, TREES, DEPTH, RATE, COLUMNS, CELLS = 20, 50, 3, 0.1, 0.1, 0.9
CONSTANT = 0.01
LEAST_TARGETS, LEAST_LINKS, LEAST_P, MOST_FALSE = 0.90, 0.75, 0.01, 0.05
OURS, WITH_MOTIFS = "Monae", "Monae with motifs"
LOADINGS, WHITENED, MOTIFS, BOOSTED = "SVD-20 cosine", "SVD-20 cosine, whitened", "motifs alone", "boosted trees"
Figures = dict[str, float]


@dataclass(frozen=True)
class PlantedSet:
    """Data of one regime and seed, their truth, and what was found."""

    rna: ad.AnnData
    atac: ad.AnnData
    regulation: Regulation
    varies: np.ndarray

    @property
    def targets(self) -> dict[str, set[str]]:
        return {str(tf): set(map(str, names)) for tf, names in self.rna.uns["tf_targets"].items()}


def open_set(folder: Path, regime: str, seed: int) -> PlantedSet:
    """Make and train what is not there yet."""
    if not (folder / "rna.h5ad").exists():
        make_planted(**SIZE, regime=regime, seed=seed).write(folder)  # type: ignore[arg-type]
    files = {name: folder / f"{name}.h5ad" for name in ("rna", "atac")}
    if not (folder / "monae" / "report.json").exists():
        run(make_config(inputs=files, bed=folder / "genes.bed.gz", batch_key=("batch",), seed=seed), folder / "monae")
    rna, atac = (ad.read_h5ad(path) for path in files.values())
    hits = read_motif_table(folder / "motif_peaks.tsv.gz", parse_peaks(atac.var))
    regulation = gather(Result.load(folder / "monae"), hits=hits)
    with np.load(folder / "truth.npz") as truth:
        varies = explained(log_normalised(sp.csr_matrix(rna.X)).toarray(), truth["z_rna"]) < CONSTANT
    return PlantedSet(rna, atac, regulation, varies)


def explained(values: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """p of an F test of each gene (N, G) against the true latent (N, A): constant genes have large ones."""
    design = np.column_stack([np.ones(len(axes)), axes])
    left = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    within, total = (left**2).sum(axis=0), ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    k, rest = axes.shape[1], len(axes) - design.shape[1]
    return f_distribution.sf((total - within) / k / np.maximum(within / rest, 1e-12), k, rest)


def target_figures(data: PlantedSet, *, trees: bool) -> dict[str, Figures]:
    """Mean AUROC and early precision of every method over the factors."""
    genes = data.rna.var_names.to_numpy(str)
    place = {name: number for number, name in enumerate(genes)}
    factors = list(data.targets)
    rows = np.array([place[tf] for tf in factors])
    scores = {name: np.empty((len(factors), len(genes))) for name in (OURS, WITH_MOTIFS)}
    blind = replace(data.regulation, hits=None)
    for name, asked in ((OURS, blind), (WITH_MOTIFS, data.regulation)):
        for row, tf in enumerate(factors):
            table = asked.targets(tf)
            scores[name][row, [place[target] for target in table["target"]]] = table["score"]
    values = log_normalised(sp.csr_matrix(data.rna.X)).toarray()
    standard = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-9)
    _, singular, right = randomized_svd(standard, AXES, random_state=0)
    for name, loadings in ((LOADINGS, (singular[:, None] * right).T), (WHITENED, right.T)):
        unit = loadings / np.maximum(np.linalg.norm(loadings, axis=1, keepdims=True), 1e-12)
        scores[name] = unit[rows] @ unit.T
    scores[MOTIFS] = hits_in_guidance(data, factors)
    if trees:
        scores[BOOSTED] = boosted_trees(values, rows)
    return {name: judged(each, data.targets, factors, place) for name, each in scores.items()}


def judged(scores: np.ndarray, targets: dict[str, set[str]], factors: Sequence[str], place: dict[str, int]) -> Figures:
    areas, early = [], []
    for row, tf in enumerate(factors):
        true = np.isin(np.arange(len(place)), [place[name] for name in targets[tf]])
        others = np.arange(len(place)) != place[tf]
        true, mine = true[others], scores[row][others]
        areas.append(roc_auc_score(true, mine))
        early.append(true[np.argsort(-mine, kind="stable")[: true.sum()]].mean())
    return {"AUROC": float(np.mean(areas)), "early precision": float(np.mean(early))}


def hits_in_guidance(data: PlantedSet, factors: Sequence[str]) -> np.ndarray:
    links = data.regulation.links[data.regulation.links["in_guidance"]]
    shape = (len(data.regulation.genes), len(data.regulation.peaks))
    near = sp.csr_matrix((np.ones(len(links)), (links["gene"], links["peak"])), shape)
    support = data.regulation.finder.support
    assert support is not None
    return np.stack([near @ np.asarray(support.peaks_of(tf), float) for tf in factors])


def boosted_trees(values: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Importance of each factor's mRNA for each gene, (factors, G), as GRNBoost2 (Moerman et al. 2019) ranks them."""
    found = np.zeros((len(factors), values.shape[1]))
    for gene in range(values.shape[1]):
        mine = factors != gene
        model = GradientBoostingRegressor(
            n_estimators=TREES,
            max_depth=DEPTH,
            learning_rate=RATE,
            max_features=COLUMNS,
            subsample=CELLS,
            random_state=0,
        ).fit(values[:, factors[mine]], values[:, gene])
        # as there, importances are gains: not comparable between genes unless scaled by their variance
        gained = (model.train_score_[0] - model.train_score_[-1]) / max(values[:, gene].var(), 1e-12)
        found[mine, gene] = model.feature_importances_ * gained
    return found


def link_figures(data: PlantedSet) -> Figures:
    """Areas, tests of p-values, and the false share at q <= .05."""
    links = data.regulation.links
    genes, var = data.rna.var_names.to_numpy(str), data.atac.var.iloc[links["peak"].to_numpy()]
    gene = genes[links["gene"]]
    distal = (var["distal_of"].astype(str) == gene).to_numpy()
    true = ((var["owner"].astype(str) == gene) & var["true_link"]).to_numpy() | distal
    varies, inside = data.varies[links["gene"]], links["in_guidance"].to_numpy(bool)
    repressive = true & (var["sign"] < 0).to_numpy()
    by = {
        "score": links["score"].to_numpy(),
        "distance": -links["distance_bp"].to_numpy(),
        "correlation": links["correlation"].abs().fillna(0).to_numpy(),
    }
    found: Figures = {}
    kinds = {"all": true, "guidance": true & inside, "distal": distal & ~inside, "repressive": repressive}
    among = {"all": varies, "guidance": varies & inside, "distal": varies & ~inside, "repressive": varies}
    for kind, wanted in kinds.items():
        rows = among[kind] & (wanted | ~true)
        if (wanted & rows).sum() > 20:
            found |= {f"{kind} by {name}": float(roc_auc_score(wanted[rows], each[rows])) for name, each in by.items()}
    rng = np.random.default_rng(0)
    for where, rows in (("in guidance", inside), ("elsewhere", ~inside)):
        false = links[rows & ~true].dropna(subset=["p"])
        one = false.iloc[rng.permutation(len(false))].drop_duplicates("gene")
        found[f"KS p, {where}"] = float(kstest(one["p"], "uniform").pvalue)
    sure = (links["q"] <= MOST_FALSE).to_numpy()
    found["q <= .05"] = float(sure.sum())
    found["false share"] = float((sure & ~true).sum() / max(sure.sum(), 1))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the figures; 1 if one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--no-trees", action="store_true")
    asked = parser.parse_args(arguments)
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for regime, seed in product(REGIMES, asked.seeds):
            data = open_set((asked.sets or Path(temporary)) / f"{regime}{seed}", regime, seed)
            for method, figures in target_figures(data, trees=not asked.no_trees).items():
                rows += [(regime, "targets", f"{name}: {method}", seed, value) for name, value in figures.items()]
            rows += [(regime, "links", name, seed, value) for name, value in link_figures(data).items()]
            sys.stderr.write(f"{regime} {seed}: done\n")
    table = pd.DataFrame(rows, columns=["regime", "what", "figure", "seed", "value"])
    wide = table.pivot_table(index=["regime", "what", "figure"], columns="seed", values="value", sort=False)
    wide = wide.assign(mean=wide.mean(axis=1), sd=wide.std(axis=1))
    missed = misses(wide)
    sys.stdout.write(wide.round(3).to_string() + "\n")
    sys.stdout.write("regulation: " + ("missed: " + "; ".join(missed) if missed else "all figures reached") + "\n")
    return 1 if missed else 0


def misses(wide: pd.DataFrame) -> list[str]:
    """Say which of the figures asked for were not reached."""
    found = []
    for name in (OURS, WITH_MOTIFS):
        area = wide.loc[("standard", "targets", f"AUROC: {name}"), "mean"]
        found += [f"targets, {name}: AUROC {area:.3f}"] * int(area < LEAST_TARGETS)
    for regime in REGIMES:
        for figure in ("AUROC", "early precision"):
            found += _behind(wide.loc[(regime, "targets")], regime, figure)
        found += _of_links(wide.loc[(regime, "links")], regime)
    return found


def _behind(of_regime: pd.DataFrame, regime: str, figure: str) -> list[str]:
    """Methods that are not beaten by more than the spread of seeds, and in every seed."""
    found = []
    for name, against in ((OURS, (LOADINGS, WHITENED, BOOSTED)), (WITH_MOTIFS, (OURS, MOTIFS, BOOSTED))):
        mine = of_regime.loc[f"{figure}: {name}"]
        for other in against:
            if f"{figure}: {other}" not in of_regime.index:
                continue
            gain = (mine - of_regime.loc[f"{figure}: {other}"]).drop(["mean", "sd"])
            if gain.mean() <= mine["sd"] or gain.min() <= 0:
                found.append(f"{regime}, {figure}: {name} over {other} by {gain.mean():.3f}, seeds {mine['sd']:.3f}")
    return found


def _of_links(links: pd.DataFrame, regime: str) -> list[str]:
    found = []
    if links.loc["all by score", "mean"] < LEAST_LINKS:
        found.append(f"links, {regime}: AUROC {links.loc['all by score', 'mean']:.3f}")
    for kind in ("distal", "repressive"):
        if f"{kind} by score" in links.index:
            ours, *others = (links.loc[f"{kind} by {name}", "mean"] for name in ("score", "distance", "correlation"))
            found += [f"links, {regime}, {kind}: {ours:.3f} against {max(others):.3f}"] * int(ours <= max(others))
    for where in ("in guidance", "elsewhere"):
        p = links.loc[f"KS p, {where}"].drop(["mean", "sd"])
        # one test in a hundred fails by chance: of all seeds together 1 %
        found += [f"links, {regime}, p {where}: KS {p.min():.4f}"] * int(p.min() < LEAST_P / len(p))
    false = links.loc["false share", "mean"]
    return found + [f"links, {regime}: false share {false:.3f}"] * int(false > MOST_FALSE)


if __name__ == "__main__":
    raise SystemExit(main())
