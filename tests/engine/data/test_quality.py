from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.metrics import roc_auc_score

from monae_app.engine.config import make_config
from monae_app.engine.data import doublets
from monae_app.engine.data.doublets import doublet_scores, parting
from monae_app.engine.data.quality import cell_quality, keep_cells, mitochondrial_genes, peaks_near_starts
from monae_app.engine.errors import InputError

PLACES = pd.DataFrame(
    [["chr1", 5_000, 9_000, "Alpha", "+"], ["chr1", 50_000, 60_000, "Beta", "-"], ["chrM", 5, 900, "Nd1", "+"]],
    columns=["chrom", "start", "end", "symbol", "strand"],
)
PEAKS = [
    "chr1:3500-4000",  # ends 1,000 bp left of Alpha's start: its last base is 1,001 bp away
    "chr1:3500-4001",
    "chr1:6001-6500",
    "chr1:6000-6500",
    "1:49000-50500",  # at the end of Beta's transcript
    "1:59900-60300",
    "chr1:60999-61500",
    "chr1:61000-61500",
    "chrUn:1-50",
]
# A base 1,000 bp from the first base of a gene is near: [4000, 6000] for Alpha, [58999, 60999] for Beta.
NEAR = [False, True, False, True, False, True, True, False, False]


def frame(names):
    return pd.DataFrame(index=pd.Index(names))


def config(**values):
    return make_config(inputs={"rna": "rna.h5ad", "atac": "atac.h5ad"}, **values)


def test_mitochondrial_genes_by_name_and_by_chromosome():
    names = pd.Index(["MT-CO1", "mt-Nd1", "GRCh38_MT-ND2", "mm10___mt-Co1", "MTOR", "Nd1", "AMT-1"])
    assert mitochondrial_genes(names).tolist() == [True, True, True, True, False, False, False]
    assert mitochondrial_genes(names, PLACES).tolist() == [True, True, True, True, False, True, False]


def test_peaks_near_the_starts_of_genes():
    assert peaks_near_starts(frame(PEAKS), PLACES).tolist() == NEAR


def test_measures_of_a_cell():
    values = sp.csr_matrix([[8.0, 0, 2], [0, 0, 0], [1, 3, 0]])
    quality = cell_quality(values, frame(["A", "B", "mt-C"]), "rna")
    assert quality["counts"].tolist() == [10, 0, 4]
    assert quality["features"].tolist() == [2, 0, 2]
    np.testing.assert_array_equal(quality["mito_share"], [0.2, np.nan, 0])
    assert "mito_share" not in cell_quality(values, frame(["A", "B", "C"]), "rna")
    assert list(cell_quality(values, frame(PEAKS[:3]), "atac")) == ["counts", "features"]
    assert cell_quality(values, frame(PEAKS[:3]), "atac", PLACES)["tss_share"].tolist()[::2] == [0, 0.75]


def types(generator, n=600, width=240, kinds=4, depth=4.0):
    """Cells of well separated types, and which type each is."""
    kind = np.arange(n) % kinds
    high = (np.arange(width) * kinds // width)[None] == kind[:, None]
    return generator.poisson(np.where(high, depth, 0.2)), kind


@pytest.mark.parametrize("name", ["rna", "atac"])
def test_planted_doublets_score_higher(name):
    generator = np.random.default_rng(0)
    cells, kind = types(generator)
    one, other = generator.integers(0, len(cells), (2, 90))
    both = (cells[one] + cells[other])[kind[one] != kind[other]][:40]
    # halved to the depth of a cell, so that counts do not tell them
    both = generator.binomial(both, 0.5)
    values = sp.csr_matrix(np.vstack([cells, both]), dtype=np.float32)
    planted = np.r_[np.zeros(len(cells)), np.ones(len(both))]
    scores, threshold = doublet_scores(values, name)
    assert roc_auc_score(planted, scores) > 0.95
    assert roc_auc_score(planted, np.asarray(values.sum(1)).ravel()) < 0.8
    assert threshold is not None
    assert (scores[planted == 1] > threshold).mean() > 0.8
    assert (scores[planted == 0] > threshold).mean() < 0.05
    again, _ = doublet_scores(values, name)
    np.testing.assert_array_equal(scores, again)


def test_doublets_are_looked_for_within_a_sample(monkeypatch):
    cells, _ = types(np.random.default_rng(1), n=200)
    values = sp.csr_matrix(np.vstack([cells, np.zeros((3, cells.shape[1]))]), dtype=np.float32)
    sample = pd.Series(["a"] * 100 + ["b"] * 80 + ["few"] * 23)
    said = []
    scores, _ = doublet_scores(values, "rna", sample, say=said.append)
    assert np.isfinite(scores[:180]).all()
    assert np.isnan(scores[180:]).all()
    alone, _ = doublet_scores(values[:100], "rna")
    np.testing.assert_array_equal(scores[:100], alone)
    assert said == [f"Looking for doublets, group {number} of 2" for number in (1, 2)]
    monkeypatch.setattr(doublets, "GROUP", 60)
    in_groups, _ = doublet_scores(values, "rna", sample)
    assert np.isfinite(in_groups[:180]).all()


def test_the_parting_of_two_heaps_and_of_one():
    generator = np.random.default_rng(0)
    low, high = generator.normal(0.1, 0.03, 800), generator.normal(0.6, 0.05, 400)
    assert 0.2 < parting(np.r_[low, high]) < 0.5
    assert parting(low) is None
    assert parting(np.r_[low, high[:10]]) is None
    assert parting(np.r_[low[:10], high]) is None
    assert parting(generator.uniform(size=800)) is None
    assert parting(np.full(100, 0.3)) is None


def cells_of_rna():
    generator = np.random.default_rng(2)
    values = generator.poisson(5, (60, 30)).astype(np.float32)
    values[:10, 0] = 500
    values[10:25] = 0
    values[10:25, 3] = 20
    return sp.csr_matrix(values), frame(["mt-Co1", *(f"Gene{i}" for i in range(29))])


def test_cells_are_kept_and_the_note_says_why_not():
    values, var = cells_of_rna()
    notes = []
    keep = keep_cells(values, frame(range(60)), var, "rna", config(rna_min_counts=50, rna_max_mito=0.5), notes)
    assert (~keep).nonzero()[0].tolist() == list(range(25))
    assert notes == [
        "rna: 25 of 60 cells were left out: 15 with fewer than 50 counts and 10 with more than 50 % mitochondrial "
        "counts."
    ]


def test_nothing_asked_nothing_left_out():
    values, var = cells_of_rna()
    notes = []
    assert keep_cells(values, frame(range(60)), var, "rna", config(), notes).all()
    assert notes == []


def test_what_cannot_be_judged_is_said():
    values, _ = cells_of_rna()
    notes = []
    plain = frame([f"Gene{i}" for i in range(30)])
    assert keep_cells(values, frame(range(60)), plain, "rna", config(rna_max_mito=0.1), notes).all()
    assert "no gene is of the mitochondrion" in notes[0]
    notes.clear()
    assert keep_cells(values * 0.37, frame(range(60)), plain, "rna", config(min_counts=1000), notes).all()
    assert "not counts" in notes[0]


def test_a_cutoff_on_starts_of_genes_needs_a_genome(tmp_path):
    values = sp.csr_matrix(np.arange(18).reshape(2, 9), dtype=np.float32)
    with pytest.raises(InputError, match="no genome was named"):
        keep_cells(values, frame(["a", "b"]), frame(PEAKS), "atac", config(atac_min_tss=0.5), [])
    bed = tmp_path / "genes.bed"
    PLACES[:2].to_csv(bed, sep="\t", header=False, index=False)
    notes = []
    share = values[:, np.flatnonzero(NEAR)].sum(1).A1 / values.sum(1).A1
    asked = config(atac_min_tss=float(share.mean()), bed=bed)
    keep = keep_cells(values, frame(["a", "b"]), frame(PEAKS), "atac", asked, notes)
    assert keep.tolist() == (share >= share.mean()).tolist()
    assert "near the start of a gene" in notes[0]


def test_cutoffs_that_keep_no_cell_are_refused():
    values, var = cells_of_rna()
    with pytest.raises(InputError, match="leave out all of the 60 cells") as caught:
        keep_cells(values, frame(range(60)), var, "rna", config(rna_min_counts=1e6), [])
    assert caught.value.todo


def test_doublets_are_left_out_of_a_run():
    cells, _ = types(np.random.default_rng(3), n=120)
    values = sp.csr_matrix(cells, dtype=np.float32)
    scores, _ = doublet_scores(values, "rna")
    notes = []
    asked = config(rna_max_doublet=float(np.quantile(scores, 0.9)))
    keep = keep_cells(values, frame(range(120)), frame(map(str, range(240))), "rna", asked, notes)
    assert keep.tolist() == (scores <= asked.rna_max_doublet).tolist()
    assert 0 < (~keep).sum() < 20
    assert "doublet score" in notes[0]
