from __future__ import annotations

from monae_app.engine.data import announcements
from monae_app.engine.data.summary import describe


def test_what_was_read_and_linked_is_said_in_numbers(dataset, located, graph, planted_config):
    peaks = dataset.modalities["atac"].n_features
    assert announcements.sizes(dataset) == f"rna: 120 cells x 80 features; atac: 120 cells x {peaks} features"
    of_features = f"{len(graph.source):,} links between features"
    assert announcements.links(graph, 1234) == f"{of_features}; 1,234 anchors between cells"
    assert announcements.links(graph, 0) == f"{of_features}; no anchors between cells"
    config = planted_config.model_copy(update={"steps": 2000})
    summary = describe(dataset, located, config, graph)
    assert announcements.plan(summary, config).startswith("2,000 steps; the whole run takes about ")
