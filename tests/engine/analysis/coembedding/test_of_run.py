"""The bundled run of mouse cortex: known markers lie nearest to the types in which they were measured highest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monae_app.engine.analysis.coembedding.groups import Groups, moments_of
from monae_app.engine.analysis.coembedding.of_run import coembed, places_of
from monae_app.engine.analysis.coembedding.scoring import cosines, scores
from monae_app.engine.analysis.feature_search import FeatureSearch
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices

RUN = Path(__file__).resolve().parents[4] / "data_samples" / "mouse_cortex" / "run"
KNOWN = {
    "Mbp": "Oligo", "Mog": "Oligo", "Plp1": "Oligo", "Csf1r": "MGC", "Cx3cr1": "MGC", "Sst": "Sst", "Vip": "CGE",
    "Pvalb": "Pvalb", "Gad1": "Npy", "Gad2": "Npy", "Slc1a2": "Astro",
}  # fmt: skip


@pytest.fixture(scope="module")
def run() -> RunSlices:
    return RunSlices(RUN, KeptArrays(2**28))


@pytest.fixture(scope="module")
def groups(run: RunSlices) -> Groups:
    column = run.column("cell_type").cat
    return Groups.of([str(name) for name in column.categories], column.codes.to_numpy())


@pytest.fixture(scope="module")
def found(run: RunSlices, groups: Groups):
    return coembed(run, groups)


def test_known_markers_lie_nearest_to_their_types(run: RunSlices, found):
    names = FeatureSearch(run).all_names("rna")
    nearest = found.scores["rna"].argmax(axis=0)
    told = {gene: found.groups.names[nearest[names.index(gene)]] for gene in KNOWN}
    assert told == KNOWN
    oligo = found.scores["rna"][found.groups.names.index("Oligo")]
    assert {"Mbp", "Plp1", "Mag", "Mog"} <= {names[row] for row in np.argsort(-oligo)[:8]}
    specific = dict(zip(names, found.specificity["rna"].gini, strict=True))
    assert specific["Mbp"] > 0.9 > specific["Gad2"]


def test_vectors_that_were_shuffled_tell_nothing(run: RunSlices, groups: Groups):
    names = FeatureSearch(run).all_names("rna")
    moments = moments_of(run.blocks("X_monae", range(run.n_cells)), groups)
    vectors = run.feature_rows("X_monae", np.arange(len(names)))
    shuffled = np.random.default_rng(0).permutation(vectors)
    nearest = scores(cosines(moments, shuffled)).argmax(axis=0)
    assert sum(groups.names[nearest[names.index(gene)]] == group for gene, group in KNOWN.items()) <= 4


def test_features_stand_among_the_cells_of_their_type(run: RunSlices, groups: Groups, found):
    names = FeatureSearch(run).all_names("rna")
    # Gad1 and Gad2 belong to all inhibitory types alike
    genes = [gene for gene in KNOWN if not gene.startswith("Gad")]
    xy = places_of(run, found, np.array([names.index(gene) for gene in genes]))
    cells = run.array("X_umap")
    for place, kind in zip(xy, (KNOWN[gene] for gene in genes), strict=True):
        of_type = groups.codes == groups.names.index(kind)
        around = np.argsort(np.square(cells - place).sum(axis=1))[:25]
        assert of_type[around].mean() > 10 * of_type.mean(), kind
