"""What training made of the guidance, against the same told pair by pair."""

from __future__ import annotations

import numpy as np
import pytest
from dash.development.base_component import Component

from monae_app.engine.analysis.refined_changes import GAINED, KEPT, LOST, refined_changes
from monae_app.web.bundled import folder
from monae_app.web.components.refined_links import changes_shown
from monae_app.web.explore import RunView


@pytest.fixture(scope="module")
def view() -> RunView:
    return RunView.open(folder("data_samples") / "mouse_cortex" / "run")


def test_every_pair_is_told_as_it_stands_in_the_files(view):
    changes = refined_changes(view.run)
    features = view.result.features
    names = (features.obs["modality"].astype(str) + ":" + features.obs["name"].astype(str)).tolist()
    place = {name: number for number, name in enumerate(names)}
    guidance, refined = (features.obsp[name].tocsr() for name in ("guidance", "refined"))
    assert len(changes.pairs) == features.obsp["refined"].nnz // 2
    for pair in changes.pairs.sample(200, random_state=0).itertuples():
        ends = place[f"rna:{pair.gene}"], place[f"atac:{pair.feature}"]
        assert pair.weight == pytest.approx(refined[ends])
        assert pair.in_guidance == (guidance[ends] != 0)
        strong = pair.weight >= changes.threshold
        expected = (KEPT if strong else LOST) if pair.in_guidance else (GAINED if strong else "")
        assert pair.change == expected
    assert changes.count(KEPT) + changes.count(LOST) == changes.pairs["in_guidance"].sum()


def test_few_pairs_of_different_chromosomes_are_strong_and_more_of_the_guidance(view):
    changes, features = refined_changes(view.run), view.result.features
    unit = features.obsm["X_monae"] / np.linalg.norm(features.obsm["X_monae"], axis=1, keepdims=True)
    modality, chrom = features.obs["modality"].to_numpy(), features.obs["chrom"].astype(str).to_numpy()
    genes, peaks = np.flatnonzero(modality == "rna")[::7], np.flatnonzero(modality == "atac")[::11]
    weight = (1 + unit[genes] @ unit[peaks].T) / 2
    apart = chrom[genes][:, None] != chrom[peaks][None]
    assert (weight[apart] >= changes.threshold).mean() == pytest.approx(0.05, abs=0.015)
    assert changes.count(KEPT) / changes.pairs["in_guidance"].sum() > 0.1


def test_they_are_counted_and_listed(view):
    changes = refined_changes(view.run)
    shown = changes_shown(changes)

    def text(part) -> str:
        if isinstance(part, Component):
            return text(getattr(part, "children", None))
        return " ".join(map(text, part)) if isinstance(part, list) else str(part or "")

    told = text(shown)
    assert f"{changes.count(KEPT):,} of {changes.count(KEPT) + changes.count(LOST):,}" in told
    strongest = changes.pairs[changes.pairs["change"] == KEPT].iloc[0]
    assert strongest["gene"] in told
    assert strongest["feature"] in told


def test_a_run_without_peaks_has_none():
    assert refined_changes(RunView.open(folder("data_samples") / "pbmc_protein" / "run").run) is None
