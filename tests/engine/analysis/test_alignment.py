"""What a report says about an alignment where nobody knows pairs or labels."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from monae_app.engine.analysis.alignment import Alignment, consistency_of
from monae_app.engine.analysis.consistency import Consistency
from monae_app.engine.analysis.outcome import Trained
from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.guidance import GuidanceGraph
from monae_app.engine.data.linking import modelled_features

GOOD = Consistency(0.3, 0.0, 0.01, 30.0, 0.01, 0.01, {10: 0.3}, 500)
BAD = replace(GOOD, score=0.0, z=0.0, p=0.6)
BOTH, OTHERS = ("rna", "atac"), ("rna", "protein")


@dataclass(frozen=True)
class Said:
    warning: str | None

    def as_report(self):
        return {"z": 1.0}


@pytest.fixture
def trained(planted, dataset, located, graph) -> Trained:
    """Cells lie at their true places: two shared axes more than there are, and a private one."""
    latent = {
        name: np.hstack([getattr(planted, f"latent_{name}"), np.full((120, 1), 7.0)]) for name in dataset.modalities
    }
    return Trained(dataset, graph, located, modelled_features(dataset, graph), latent, {})


def test_warnings_are_what_speaks_against_an_alignment():
    assert Alignment({BOTH: Said(None)}, {BOTH: GOOD}).warnings == ()
    assert Alignment({BOTH: Said("nothing in common")}, {BOTH: GOOD}).warnings == ("nothing in common",)
    found = Alignment({BOTH: Said("nothing in common")}, {BOTH: BAD}).warnings
    assert found == ("nothing in common", BAD.verdict)
    assert Alignment().warnings == ()


def test_more_than_two_modalities_are_told_apart_by_their_names():
    evidence = {BOTH: Said("nothing in common"), OTHERS: Said("little in common")}
    found = Alignment(evidence, {BOTH: BAD, OTHERS: BAD}).warnings
    assert found[:2] == ("nothing in common", "little in common")
    assert found[2:] == (f"rna and atac: {BAD.verdict}", f"rna and protein: {BAD.verdict}")
    assert Alignment({}, {BOTH: GOOD, OTHERS: GOOD}).warnings == ()
    record = Alignment(evidence, {BOTH: BAD, OTHERS: GOOD}).record()
    assert record == {
        "alignment": {"z": 1.0},
        "consistency": {"modalities": ["rna", "atac"], **BAD.record()},
        "alignment_rna_protein": {"z": 1.0},
        "consistency_rna_protein": {"modalities": ["rna", "protein"], **GOOD.record()},
    }


def test_the_record_holds_what_was_asked():
    assert Alignment().record() == {}
    found = Alignment({BOTH: Said(None)}, {BOTH: BAD}).record()
    assert found == {"alignment": {"z": 1.0}, "consistency": {"modalities": ["rna", "atac"], **BAD.record()}}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_true_places_are_consistent_and_shuffled_ones_are_not(trained):
    n_shared = trained.latent["rna"].shape[1] - 1
    true = consistency_of(trained, n_shared, seed=0)
    assert true.links == len(trained.graph.source)
    assert not true.is_warning
    rows = np.random.default_rng(0).permutation(120)
    shuffled = consistency_of(
        replace(trained, latent=trained.latent | {"atac": trained.latent["atac"][rows]}), n_shared, seed=0
    )
    assert shuffled.is_warning
    assert shuffled.score < true.score / 2


def test_private_axes_and_features_that_were_not_modelled_say_nothing(trained):
    n_shared = trained.latent["rna"].shape[1] - 1
    before = consistency_of(trained, n_shared, seed=0)
    apart = {name: each.copy() for name, each in trained.latent.items()}
    apart["atac"][:, n_shared:] += 1000
    assert consistency_of(replace(trained, latent=apart), n_shared, seed=0) == before

    # a gene before all others moves every column, and is no vertex
    rna = trained.dataset.modalities["rna"]
    turned = np.r_[len(rna.var) - 1, np.arange(len(rna.var) - 1)]
    moved = replace(rna, values=rna.values[:, turned], var=rna.var.iloc[turned])
    dataset = Dataset(trained.dataset.modalities | {"rna": moved})
    again = replace(trained, dataset=dataset, modelled=modelled_features(dataset, trained.graph))
    assert consistency_of(again, n_shared, seed=0).score == pytest.approx(before.score)


def test_one_modality_or_no_link_is_not_judged(trained):
    rna = trained.dataset.modalities["rna"]
    assert consistency_of(replace(trained, dataset=Dataset({"rna": rna})), 2, seed=0) is None
    none = np.empty(0, np.int64)
    bare = GuidanceGraph(trained.graph.vertices, none, none, none.astype(np.float32), none.astype(np.int8))
    assert consistency_of(replace(trained, graph=bare), 2, seed=0) is None
