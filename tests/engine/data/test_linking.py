from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.config import make_config
from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.genome import transcription_factors
from monae_app.engine.data.linking import link, modelled_features


def test_planted_links_are_the_edges(planted, dataset, located, planted_config):
    graph = link(dataset, located, planted_config.model_copy(update={"window": 0}))
    names = graph.vertices["name"].to_numpy()
    found = set(zip(names[graph.source], names[graph.target], strict=True))
    owned = planted.atac.var.query("owner != ''")
    assert found == set(zip(owned["owner"], owned.index, strict=True))
    assert (graph.weight == 1).all()
    assert (graph.sign == 1).all()


def test_a_window_adds_weaker_edges(dataset, located, planted_config):
    narrow = link(dataset, located, planted_config.model_copy(update={"window": 0}))
    wide = link(dataset, located, planted_config.model_copy(update={"window": 30_000}))
    assert len(wide.source) > len(narrow.source)
    assert set(zip(narrow.source, narrow.target, strict=True)) < set(zip(wide.source, wide.target, strict=True))
    assert (wide.weight == 1).sum() == len(narrow.source)


@pytest.mark.parametrize("order", [("rna", "atac"), ("atac", "rna")])
def test_modelled_features_are_the_vertices(dataset, located, planted_config, order):
    turned = Dataset({name: dataset.modalities[name] for name in order})
    graph = link(turned, located, planted_config.model_copy(update={"n_top_genes": 30}))
    modelled = modelled_features(turned, graph)
    assert list(modelled) == list(order)
    for name, rows in modelled.items():
        assert (rows >= 0).all()
        assert (np.diff(rows) > 0).all()
        vertices = graph.vertices["name"].to_numpy()[graph.block(name)]
        np.testing.assert_array_equal(turned.modalities[name].var.index[rows], vertices)
    assert len(modelled["rna"]) == 30
    assert len(modelled["atac"]) == dataset.modalities["atac"].n_features


def test_transcription_factors_and_named_genes_are_modelled(modality):
    factor = sorted(transcription_factors("mm10"))[0]
    names = [f"Gm{i}" for i in range(300)]
    names[33], names[37] = factor, "Mine"
    rng = np.random.default_rng(0)
    mean = np.tile(np.exp(rng.normal(1.5, 0.5, 300)), (200, 1))
    mean[:100, :12] *= 1.9
    mean[100:, :12] *= 0.1
    values = rng.poisson(mean) + 1
    dataset = Dataset({"rna": modality(values, features=names)})
    located = {"rna": pd.DataFrame(np.nan, index=names, columns=["chrom", "start", "end", "strand"])}
    config = make_config(inputs={"rna": "rna.h5ad"}, genome="mm10", n_top_genes=12, keep_genes=("Mine",))
    graph = link(dataset, located, config)
    assert set(graph.vertices["name"]) == {*names[:12], factor, "Mine"}
    assert len(graph.source) == 0
