"""How much memory a run takes, from the sizes in a summary: of the machine, and of a GPU if it computes there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monae_app.engine.data.dataset import METHYLATION
from monae_app.engine.data.in_blocks import FIT_CELLS
from monae_app.engine.data.on_disk import LARGE

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig

FLOAT = 4
# libraries, and what they compile
PROGRAM = 720_000_000
# a stored value in the whole, in the training cells and, while it is standardised, twice in double precision
BYTES_PER_VALUE = 20
# of a matrix that lies on disk, a stored value of the cells that its projection is fitted on
BYTES_PER_FITTED = 32
# neighbours, clusters and map
BYTES_PER_CELL = 2000
# blocks of distances and of decoded values, which do not grow beyond these many values
DISTANCES, DECODED = 2**25, 2**24
BYTES_PER_DISTANCE, BYTES_PER_DECODED = 8, 12
# copies of the decoded batch that forward and backward passes keep, and of the vectors of features with Adam's moments
COPIES_OF_BATCH, COPIES_OF_VECTORS = 30, 12
# what CUDA itself takes on a device
OF_CUDA = 600_000_000


def expected_memory(summary: dict[str, Any], config: RunConfig) -> int:
    """Estimate the most memory of the machine that a run takes at once, in bytes.

    Measured peaks, with the estimate in parentheses: 300 cells of each of two modalities .78 GB (.77), the mouse cortex
    1.35 GB (1.43), 3,000 cells with 123,000 features 1.33 GB (1.40), 20,000 cells with 17 million stored values 1.65 GB
    (1.83), 40,000 cells with 24 million 1.91 GB (1.96), after 12 to 60 steps on a CPU: off by at most 11 %, nearly
    always upwards. Of larger matrices, which lie on disk: 400,000 cells with 191 million 1.94 GB (2.23).

    Parameters
    ----------
    summary
        Of the dataset, with ``cells``, ``features`` and ``nonzero_share`` of each modality.
    config
        Of the run.
    """
    modalities = list(summary["modalities"].values())
    cells = [each["cells"] for each in modalities]
    values, fitted = 0.0, [0.0]
    for name, each in summary["modalities"].items():
        stored = each.get("nonzero_share", 0.1) * each["cells"] * each["features"]
        if name == METHYLATION:
            # in memory, however large, as two matrices
            values += 2 * stored
        elif stored <= LARGE:
            values += stored
        else:
            fitted.append(stored * min(1.0, FIT_CELLS / max(each["cells"], 1)))
    # one projection is fitted at a time, long before there are neighbours or a map
    of_cells = max(BYTES_PER_CELL * sum(cells), BYTES_PER_FITTED * max(fitted))
    pairs = max(cells) * sorted(cells)[-2] if len(cells) > 1 else max(cells) ** 2
    decoded = sum(cells) * max(each["features"] for each in modalities)
    return int(
        PROGRAM
        + BYTES_PER_VALUE * values
        + of_cells
        + BYTES_PER_DISTANCE * min(DISTANCES, pairs)
        + BYTES_PER_DECODED * min(DECODED, decoded)
        + _network(summary, config)
    )


def expected_device_memory(summary: dict[str, Any], config: RunConfig) -> int:
    """Estimate the most memory of a GPU that training takes, in bytes.

    From the sizes of what is kept there; not measured on a GPU. Training that runs out of memory takes smaller batches.

    Parameters
    ----------
    summary, config
        As in :func:`expected_memory`.
    """
    return int(OF_CUDA + _network(summary, config))


def _network(summary: dict[str, Any], config: RunConfig) -> float:
    """Bytes of the decoded batch, the vectors of the features and the graph, with all that training keeps of them."""
    batch, vectors = 0, 0
    most = {"rna": config.n_top_genes, "atac": config.n_top_peaks, "methylation": config.n_top_regions}
    axes = config.latent_shared + config.latent_private
    for name, each in summary["modalities"].items():
        modelled = min(each["features"], most.get(name, each["features"]))
        batch += min(config.batch_size, each["cells"]) * min(config.features_per_step, modelled)
        vectors += modelled * axes
    edges = 2 * summary["guidance"]["edges"] * config.graph_layers
    return float(FLOAT * (COPIES_OF_BATCH * batch + COPIES_OF_VECTORS * vectors + 6 * edges))
