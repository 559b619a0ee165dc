"""What a run says before it trains: what it read, what links it found, how long it will take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monae_app.engine.data.duration import expected_seconds, step_budget

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph


def sizes(dataset: Dataset) -> str:
    """Say how many cells and features every modality has."""
    parts = [
        f"{name}: {each.n_cells:,} cells x {each.n_features:,} features" for name, each in dataset.modalities.items()
    ]
    return "; ".join(parts)


def links(graph: GuidanceGraph, n_anchors: int) -> str:
    """Say how many features are linked and how many cells anchored."""
    of_features = f"{len(graph.source):,} links between features"
    if graph.inferred is not None:
        of_features += f" ({int(graph.inferred.sum()):,} inferred from the data, not from annotation)"
    of_cells = f"{n_anchors:,} anchors between cells" if n_anchors else "no anchors between cells"
    return f"{of_features}; {of_cells}"


def plan(summary: dict[str, Any], config: RunConfig) -> str:
    """Say how many steps and how long, from the summary of the dataset."""
    steps = step_budget(config, max(each["cells"] for each in summary["modalities"].values()))
    return f"{steps:,} steps; the whole run takes about {expected_seconds(summary, config):,.0f} s on one core"


def files(config: RunConfig) -> str:
    """Say which files are read."""
    return f"Reading {', '.join(path.name for paths in config.inputs.values() for path in paths)}"


def shared(n_processes: int, config: RunConfig) -> str:
    """Say that several processes train together."""
    each = config.batch_size // n_processes
    return (
        f"{n_processes} processes train together: each computes some {each:,} of {config.batch_size:,} cells of a step"
    )
