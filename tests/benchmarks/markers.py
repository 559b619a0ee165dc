"""How often features lie next to the groups in which they were measured highest, by several scores.

    python -m tests.benchmarks.markers [RUN ...] [--column cell_type]

Of each finished run (the bundled ones if none is named; their measured files have to be there) and each modality:

* group: of features that are clearly highest in one group, how often that is the nearest one. Clear: the highest mean
  is three standard errors above the next, groups of at least ten measured cells.
* feature: of the 20 features nearest to a group, how many were measured highest in it; the mean of all groups.

Levels are means of ln(1 + counts per 10,000), or of values that are no counts. The last lines tell known markers of the
mouse cortex one by one. A minute for the bundled runs. G groups, F features.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from monae_app.engine.analysis.coembedding.groups import Groups, Moments, moments_of, unit
from monae_app.engine.analysis.coembedding.measured_levels import levels_of, log_levels
from monae_app.engine.analysis.coembedding.of_run import DEVIATION, SHARED, feature_rows
from monae_app.engine.analysis.coembedding.scoring import certainty, cosines, scores
from monae_app.engine.analysis.differential.measured_run import measured_of
from monae_app.engine.analysis.feature_search import FeatureSearch
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices

SAMPLES = Path(__file__).resolve().parents[2] / "data_samples"
KNOWN = ("Mbp", "Mog", "Plp1", "Csf1r", "Cx3cr1", "Sst", "Vip", "Pvalb", "Gad1", "Gad2", "Slc1a2", "Aqp4")
FEWEST, CLEAR, NEAREST, AT_ONCE = 10, 3.0, 20, 2000


def variants(moments: Moments, vectors: np.ndarray, deviation: np.ndarray) -> dict[str, np.ndarray]:
    """Scores of groups and features, (G, F), by the name of the way."""
    product = (moments.means - moments.middle) @ vectors.T
    spread = np.sqrt(np.einsum("fd,de,fe->f", vectors, moments.spread, vectors))
    sure = np.sqrt(np.maximum(certainty(vectors, deviation, moments.spread), 1e-12))
    cosine = unit(moments.means) @ unit(vectors).T
    shuffled = np.random.default_rng(0).permutation(vectors)
    return {
        "cosine": cosine,
        "centred product": product,
        "product over its spread, with noise": product * sure / np.maximum(spread, 1e-12),
        "CSLS of the cosine": scores(cosine),
        "the one of the app": scores(cosines(moments, vectors, deviation)),
        "vectors shuffled": scores(cosines(moments, shuffled)),
    }


def levels(run: RunSlices, groups: Groups, modality: str) -> tuple[np.ndarray, np.ndarray]:
    """Measured means (G, F), NaN of groups with few cells, and how many errors the highest is above the next, (F,)."""
    measured, span = measured_of(run, modality), run.spans[modality]
    codes = groups.codes[span.start : span.stop]
    counts = np.bincount(codes[codes >= 0], minlength=len(groups.names))
    means, errors = [], []
    for start in range(0, len(measured.names), AT_ONCE):
        values = measured.read(np.arange(start, min(start + AT_ONCE, len(measured.names))))
        if measured.library is not None:
            values = log_levels(values, measured.library)
        found = levels_of(values, codes, len(groups.names), counts=True).means
        found[counts < FEWEST] = np.nan
        means.append(found)
        ordered = np.sort(np.where(np.isnan(found), -np.inf, found), axis=0)
        error = np.sqrt(np.nanvar(values, axis=0) / counts[np.nanargmax(found, axis=0)] + 1e-12)
        errors.append((ordered[-1] - ordered[-2]) / error)
    return np.concatenate(means, axis=1), np.concatenate(errors)


def rates(score: np.ndarray, means: np.ndarray, apart: np.ndarray) -> tuple[float, float]:
    """Return how often the nearest group, and the nearest features, are right."""
    known = ~np.isnan(means).all(axis=1)
    highest = np.nanargmax(means, axis=0)
    nearest = np.where(known[:, None], score, -np.inf).argmax(axis=0)
    features = [
        (highest[np.argsort(-score[group])[:NEAREST]] == group).mean() for group in np.flatnonzero(known).tolist()
    ]
    return float((nearest == highest)[apart > CLEAR].mean()), float(np.mean(features))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "runs", nargs="*", type=Path, default=[SAMPLES / "mouse_cortex/run", SAMPLES / "pbmc_protein/run"]
    )
    parser.add_argument("--column", default="cell_type")
    asked = parser.parse_args()
    lines = [f"{'run':32} {'modality':8} {'score':36} group  feature"]
    told = []
    for folder in asked.runs:
        run = RunSlices(folder, KeptArrays(2**28))
        column = run.column(asked.column).astype("category").cat
        groups = Groups.of([str(name) for name in column.categories], column.codes.to_numpy())
        moments = moments_of(run.blocks(SHARED, range(run.n_cells)), groups)
        for modality, rows in feature_rows(run).items():
            if modality not in run.spans:
                continue
            vectors = run.feature_rows(SHARED, np.array(rows)).astype(np.float64)
            deviation = run.feature_rows(DEVIATION, np.array(rows))[:, : vectors.shape[1]]
            means, apart = levels(run, groups, modality)
            ways = variants(moments, vectors, deviation)
            for way, score in ways.items():
                group, feature = rates(score, means, apart)
                name = "/".join(folder.parts[-2:])
                lines.append(f"{name:32} {modality:8} {way:36} {group:5.2f}  {feature:5.2f}")
            names = FeatureSearch(run).all_names(modality)
            for gene in (each for each in KNOWN if each in names):
                at = names.index(gene)
                near = groups.names[ways["the one of the app"][:, at].argmax()]
                told.append(f"{gene:8} nearest {near:8} highest {groups.names[np.nanargmax(means[:, at])]}")
    sys.stdout.write("\n".join([*lines, "", *told]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
