"""Simple methods against references and planted truth, and the question that a run puts to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.metrics import foscttm
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.errors import InputError
from monae_app.jobs.kept_methods import KeptMethods
from monae_app.jobs.long_methods import compute_method
from monae_app.jobs.peers.catalogue import PEERS
from monae_app.jobs.peers.cca import canonical
from monae_app.jobs.peers.exchange import Question, read_question, write_question
from monae_app.jobs.peers.modalities import modalities_of
from monae_app.jobs.peers.normalised import gene_space
from monae_app.jobs.peers.of_run import question_of
from monae_app.jobs.peers.pca import COMPONENTS, components
from monae_app.jobs.short_work import Bench
from tests.web.tiny_sample import CELLS, GENES, PEAKS, write_sample

if TYPE_CHECKING:
    from pathlib import Path

N, G = 300, 300


@pytest.fixture(scope="module")
def question() -> Question:
    """Genes and two peaks a gene that follow the same twenty axes, cells paired."""
    generator = np.random.default_rng(0)
    latent = generator.normal(size=(N, 20))
    logs = 0.2 * latent @ generator.normal(size=(20, G)) + 2
    rna = generator.poisson(np.exp(logs))
    atac = generator.poisson(np.exp(np.repeat(logs, 2, axis=1) - 1))
    tables = [
        ad.AnnData(
            sp.csr_matrix(each, dtype=np.float32),
            obs=pd.DataFrame(index=[f"{name}{i}" for i in range(N)]),
            var=pd.DataFrame(index=[f"{name}:{i}" for i in range(each.shape[1])]),
        )
        for name, each in (("rna", rna), ("atac", atac))
    ]
    return Question(("rna", "atac"), *tables, np.repeat(np.arange(G), 2), np.arange(2 * G), 0)


def test_pca_is_that_of_scikit_learn(question: Question):
    found = components(question)
    whole = np.vstack(gene_space(question))
    expected = TruncatedSVD(COMPONENTS, algorithm="arpack", random_state=0).fit_transform(whole)
    signs = np.sign((found * expected).sum(axis=0))
    # the last components of a randomised decomposition are nearly, not quite, those of an exact one
    assert np.abs(found[:, :8] * signs[:8] - expected[:, :8]).max() < 0.02 * np.abs(expected).max()


def test_cca_finds_pairs_that_a_broken_link_hides(question: Question):
    found = foscttm(*canonical(*gene_space(question), 0))
    assert found < 0.1
    broken = np.random.default_rng(1).permutation(question.in_first)
    torn = Question(question.names, question.first, question.second, broken, question.in_second, 0)
    assert foscttm(*canonical(*gene_space(torn), 0)) > 0.3


def test_a_question_is_read_as_it_was_written(question: Question, tmp_path: Path):
    write_question(tmp_path, question)
    again = read_question(tmp_path, 3)
    assert again.names == question.names
    assert again.seed == 3
    assert (again.first.X != question.first.X).nnz == 0
    assert np.array_equal(again.in_second, question.in_second)


def test_a_run_asks_with_its_own_cells_features_and_links_and_without_labels(tmp_path: Path):
    sample = write_sample(tmp_path)
    asked = question_of(RunSlices(sample / "run", KeptArrays(2**26)))
    assert asked.question.first.shape == (CELLS, GENES)
    assert asked.question.second.shape == (CELLS, PEAKS)
    assert list(asked.question.first.obs.columns) == []
    assert np.array_equal(asked.question.in_first, asked.question.in_second // 2)
    given = ad.read_h5ad(sample / "rna.h5ad")
    assert (asked.question.first.X != given.X).nnz == 0
    assert np.array_equal(asked.rows, np.arange(2 * CELLS))


@pytest.mark.parametrize("modalities", [["rna"], ["atac", "protein"], ["rna", "methylation"]])
def test_runs_that_other_methods_cannot_take_are_refused_in_words(modalities: list[str]):
    with pytest.raises(InputError, match="RNA beside"):
        modalities_of(modalities)


def test_a_method_is_computed_scored_and_kept(tmp_path: Path):
    sample = write_sample(tmp_path / "samples")
    said: list[str] = []
    bench = Bench(tmp_path / "store", "local", tmp_path / "work", lambda _share, text: said.append(text))
    bench.folder.mkdir()
    order = {"folder": str(sample / "run"), "method": "cca", "label": "cell_type"}
    found = compute_method(order, bench)
    assert {"foscttm", "label_transfer", "nc", "overall"} <= set(found["scores"])
    assert found["imputation"]["rna>atac"]["r"] > 0.3
    assert found["imputation"]["rna>atac"]["cells"] == CELLS
    assert any(text.startswith("Computing CCA") for text in said)
    kept = KeptMethods(tmp_path / "store", "local").read(sample / "run", "cca", "cell_type")
    assert kept == json.loads(json.dumps(found))
    assert KeptMethods(tmp_path / "store", "other").read(sample / "run", "cca", "cell_type") is None
    said.clear()
    compute_method(order, bench)
    assert said == []
    ours = compute_method(order | {"method": "monae"}, bench)
    assert set(ours["imputation"]) == {"rna>atac", "atac>rna"}
    without = compute_method(order | {"method": "monae", "label": None}, bench)["scores"]
    assert "foscttm" in without
    assert "map" not in without
    with pytest.raises(InputError, match="no method"):
        compute_method(order | {"method": "../pca"}, bench)
    with pytest.raises(InputError, match="within a modality alone"):
        compute_method(order | {"method": "svd"}, bench)


def test_what_is_not_installed_is_said_with_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MONAE_PEERS", str(tmp_path))
    absent = [peer for peer in PEERS.values() if peer.module and peer.embeds and peer.interpreter() is None]
    if not absent:
        return
    sample = write_sample(tmp_path / "samples")
    bench = Bench(tmp_path / "store", "local", tmp_path, lambda _share, _text: None)
    with pytest.raises(InputError, match=r"not installed.*make peers"):
        compute_method({"folder": str(sample / "run"), "method": absent[0].name, "label": None}, bench)
