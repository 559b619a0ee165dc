"""How long a run takes: its step budget and the seconds to expect."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig

STANDARD_STEPS = 400
STANDARD_CELLS = 20_000

# Seconds on one core of a common server, measured on the bundled sample and on planted data.
SECONDS_TO_START = 20.0
SECONDS_PER_STEP = 0.02
SECONDS_PER_VALUE = 3.5e-8
SECONDS_PER_EDGE = 1.2e-6
SECONDS_PER_PAIR_OF_CELLS = 1.2e-7
SECONDS_PER_CELL_AFTER = 0.0012
# of the regression that fits what was not modelled jointly
STEPS_AFTER, CELLS_PER_STEP_AFTER = 150, 512


def step_budget(config: RunConfig, n_cells: int) -> int:
    """Training steps of a run whose largest modality has so many cells.

    The standard budget grows with the square root of the cells above 20,000: a million cells are not passed over in a
    glance, and a thousand do not take longer than they need.
    """
    if config.steps is not None:
        return config.steps
    if config.epochs is not None:
        return config.epochs * math.ceil(n_cells / min(config.batch_size, n_cells))
    return math.ceil(STANDARD_STEPS * max(1.0, math.sqrt(n_cells / STANDARD_CELLS)))


def expected_seconds(summary: dict[str, Any], config: RunConfig) -> float:
    """Roughly how long a run takes on one core, from the sizes in a summary.

    Reading, libraries and what they compile; the steps; anchors, for which the cells of RNA are compared with all of
    another modality; the features that are fitted afterwards; and map and scores. Of 60 steps on the mouse cortex it
    says 46 s, where 48 were measured; of 20 steps on 20,000 planted cells of each modality 118 s, where 132 were.
    """
    modalities = summary["modalities"].values()
    steps = step_budget(config, max(each["cells"] for each in modalities))
    decoded = sum(
        min(config.batch_size, each["cells"]) * min(config.features_per_step, each["features"]) for each in modalities
    )
    edges = 2 * summary["guidance"]["edges"] + sum(each["features"] for each in modalities)
    a_step = SECONDS_PER_STEP + SECONDS_PER_VALUE * decoded + SECONDS_PER_EDGE * edges * config.graph_layers
    first, *others = sorted((each["cells"] for each in modalities), reverse=True)
    anchors = SECONDS_PER_PAIR_OF_CELLS * first * sum(others)
    most = {"rna": config.n_top_genes, "atac": config.n_top_peaks, "methylation": config.n_top_regions}
    rest = sum(
        max(0, each["features"] - most.get(name, each["features"])) * min(CELLS_PER_STEP_AFTER, each["cells"])
        for name, each in summary["modalities"].items()
    )
    fitted = SECONDS_PER_VALUE * STEPS_AFTER * rest
    afterwards = fitted + SECONDS_PER_CELL_AFTER * sum(each["cells"] for each in modalities)
    return float(SECONDS_TO_START + steps * a_step + anchors + afterwards)
