"""Batches and pairs are offered where they can be used, and nowhere else."""

from __future__ import annotations

from monae_app.web.components.training_choices import chosen_settings, possible_batches, training_choices


def summary(rna, atac, **more):
    columns = [[{"name": name, "n_unique": count} for name, count in each.items()] for each in (rna, atac)]
    return {"modalities": {"rna": {"obs_columns": columns[0]}, "atac": {"obs_columns": columns[1]}}, **more}


def test_columns_that_every_modality_has_are_offered_likely_ones_first():
    rna = {"donor": 3, "plate": 2, "barcode": 5000, "only_rna": 2, "age": 4}
    found = summary(rna, rna | {"plate": 2} | {"only_rna": 0}, batches=["plate", "only_rna"])
    assert possible_batches(found) == ["plate", "age", "donor"]
    assert possible_batches(summary({"a": 2}, {})) == []


def test_pairs_are_offered_where_names_coincide():
    for same, hidden in ((0, True), (12, False)):
        pairs = training_choices(summary({"a": 2}, {"a": 2}, coinciding_names=same), {}).children[1]
        assert pairs.hidden is hidden


def test_choices_are_settings_and_what_is_not_chosen_is_none():
    kept = {"window": 1000}
    chosen = chosen_settings(kept, ["donor"], "yes")
    assert chosen == {"window": 1000, "batch_key": ["donor"], "paired": True}
    assert chosen_settings(chosen, [], "no") == kept
    shown = training_choices(summary({"donor": 2}, {"donor": 2}, coinciding_names=3), chosen)
    assert (shown.children[0].children[1].value, shown.children[1].children[1].value) == (["donor"], "yes")
