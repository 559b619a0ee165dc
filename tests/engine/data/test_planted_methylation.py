"""Planted methylation keeps what it promises: signs, coverage, global levels, and cells that are those of the RNA."""

from __future__ import annotations

import numpy as np
import pytest

from monae_app.engine.data.planted import make_planted

SIZE = {"n_cells": 300, "n_genes": 120, "n_peaks": 200, "regime": "standard"}


@pytest.fixture(scope="module")
def planted():
    return make_planted(**SIZE, methylation="same", means=True, seed=3)


def by_gene(planted, place, context):
    var = planted.methylation.var
    return np.flatnonzero(((var["place"] == place) & (var["context"] == context)).to_numpy())


def test_regions_fall_as_their_genes_rise_or_go_their_own_ways(planted):
    table = planted.methylation
    levels = table.layers["mu0"][np.argsort(table.obs["pair_id"])]
    rna = np.log(planted.rna.layers["mu0"])
    medians = {}
    for place, context in (("promoter", "CG"), ("body", "CG"), ("body", "CH")):
        rows = by_gene(planted, place, context)
        assert table.var["gene"].iloc[rows].tolist() == planted.rna.var_names.tolist()
        r = [np.corrcoef(levels[:, row], rna[:, gene])[0, 1] for gene, row in enumerate(rows)]
        follows = table.var["follows"].to_numpy()[rows]
        medians[place, context] = np.median(np.array(r)[follows]) if follows.any() else np.median(r)
    assert medians["promoter", "CG"] < -0.5
    assert medians["body", "CH"] < -0.5
    assert abs(medians["body", "CG"]) < 0.15


def test_cells_cover_a_part_and_have_a_depth_and_a_global_level_of_their_own(planted):
    methylated, total = (planted.methylation.layers[name].toarray() for name in ("methylated", "total"))
    assert (methylated <= total).all()
    share = (total > 0).mean(axis=1)
    assert np.quantile(share, 0.02) == pytest.approx(0.05, abs=0.02)
    assert np.quantile(share, 0.98) == pytest.approx(0.2, abs=0.04)
    depth = total.sum(axis=1) / (total > 0).sum(axis=1)
    assert np.quantile(depth, 0.9) > 2.5 * np.quantile(depth, 0.1)
    truth = planted.methylation.layers["mu0"]
    off = (methylated.sum(axis=1) - (total * truth).sum(axis=1)) / total.sum(axis=1)
    # far more than chance leaves of some hundred reads
    assert off.std() > 0.05


def test_the_cells_are_those_of_the_rna_or_others(planted):
    pairs = planted.methylation.obs["pair_id"].to_numpy()
    np.testing.assert_array_equal(planted.latent_methylation, planted.latent_rna[pairs])
    assert not (pairs == np.arange(len(pairs))).all()
    own = make_planted(**SIZE, methylation="own", seed=3)
    assert (own.methylation.obs["pair_id"] == -1).all()
    assert not np.isin(own.latent_methylation[:, 0], own.latent_rna[:, 0]).any()


def test_asking_for_methylation_changes_nothing_else(planted):
    without = make_planted(**SIZE, means=True, seed=3)
    assert (without.rna.X != planted.rna.X).nnz == 0
    assert (without.atac.X != planted.atac.X).nnz == 0
    both = make_planted(**SIZE, methylation="same", protein="own", seed=3)
    assert (both.methylation.layers["total"] != planted.methylation.layers["total"]).nnz == 0


def test_plain_data_have_none():
    with pytest.raises(ValueError, match="nor methylation"):
        make_planted(n_cells=20, n_genes=20, n_peaks=20, methylation="same")
