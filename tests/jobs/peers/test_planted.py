"""The baselines on the planted standard set, as the benchmark measured them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from monae_app.engine.analysis.metrics import foscttm
from monae_app.engine.data.genome import parse_peaks
from monae_app.engine.data.guidance import link_genes_to_peaks
from monae_app.engine.data.planted import make_planted
from monae_app.jobs.peers.cca import canonical
from monae_app.jobs.peers.exchange import Question
from monae_app.jobs.peers.normalised import gene_space
from monae_app.jobs.peers.pca import components, divided

# FOSCTTM and share of neighbours of the same modality: tests/benchmarks/RESULTS.md, medians of five seeds
MEASURED = {"cca": (0.055, 0.500), "pca": (0.048, 0.985)}


@pytest.fixture(scope="module")
def question() -> Question:
    made = make_planted(n_cells=2000, n_genes=2000, n_peaks=10_000, regime="standard", seed=0)
    located = made.genes.drop_duplicates("symbol").set_index("symbol").reindex(made.rna.var_names).reset_index()
    pairs = link_genes_to_peaks(located, parse_peaks(made.atac.var), promoter=2000)
    return Question(("rna", "atac"), made.rna, made.atac, pairs["gene"].to_numpy(), pairs["peak"].to_numpy(), 0)


def in_order(question: Question, embedding: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Embedding of both modalities, halves of a pair in the same row."""
    places = [np.argsort(table.obs["pair_id"].to_numpy(str)) for table in question.tables.values()]
    return embedding["rna"][places[0]], embedding["atac"][places[1]]


@pytest.mark.parametrize("name", list(MEASURED))
def test_baselines_do_as_in_the_benchmark(question: Question, name: str):
    if name == "cca":
        embedding = dict(zip(question.names, canonical(*gene_space(question), 0), strict=True))
    else:
        embedding = divided(question, components(question))
    rna, atac = in_order(question, embedding)
    wanted, mixed = MEASURED[name]
    assert foscttm(rna, atac) == pytest.approx(wanted, abs=0.01)
    both, modality = np.vstack([rna, atac]), np.repeat([0, 1], len(rna))
    near = NearestNeighbors(n_neighbors=31).fit(both).kneighbors(return_distance=False)[:, :30]
    assert (modality[near] == modality[:, None]).mean() == pytest.approx(mixed, abs=0.02)
