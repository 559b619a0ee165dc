"""What scib-metrics says of the batches in metric_arrays.py: writes tests/data/scib_metrics.json.

Not part of the tests, which read the file. In an environment with scib-metrics 0.5.10 (and jax for the CPU), from the
root of the repository: ``python -m tests.engine.analysis.make_scib_values``.
"""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scib_metrics
from scib_metrics.nearest_neighbors import NeighborsResults
from sklearn.neighbors import NearestNeighbors

from tests.engine.analysis.metric_arrays import drawn

OUT = Path(__file__).parents[2] / "data" / "scib_metrics.json"
OF_LISI, OF_KBET = 90, 33  # 3 x the perplexity of 30; a quarter of the mean of three batches of 400 cells
KEPT = 20


def nearest(cells: np.ndarray, k: int) -> NeighborsResults:
    """Exact neighbours, the cell itself first."""
    distances, indices = NearestNeighbors(n_neighbors=k).fit(cells).kneighbors(cells)
    return NeighborsResults(indices=indices, distances=distances)


def _rounded(values: np.ndarray) -> list[float]:
    """The first cells alone; scib-metrics computes in float32."""
    return [round(float(value), 5) for value in values[:KEPT]]


def main() -> None:
    data = drawn()
    content: dict[str, object] = {
        "origin": {
            "made by": "tests/engine/analysis/make_scib_values.py",
            "from": "tests/engine/analysis/metric_arrays.py",
            "python": platform.python_version(),
            **{name: version(name) for name in ("scib-metrics", "jax", "scikit-learn", "numpy")},
        },
        "checksum": float(data.cells.sum() + data.before.sum()),
    }
    covariates = {"batch": data.batch, "modality": data.modality}
    for covariate, batch in covariates.items():
        around, tested = nearest(data.cells, OF_LISI), nearest(data.cells, OF_KBET)
        lisi = np.asarray(scib_metrics.lisi_knn(around, batch, perplexity=30))
        accepted, _, p_values = scib_metrics.kbet(tested, batch, alpha=0.05)
        content[covariate] = {
            "lisi": _rounded(lisi),
            "ilisi": round(float(scib_metrics.ilisi_knn(around, batch, perplexity=30)), 6),
            "kbet": round(float(accepted), 6),
            "kbet_p": _rounded(np.asarray(p_values)),
            "kbet_per_label": round(float(scib_metrics.kbet_per_label(around, batch, data.label)), 6),
        }
    OUT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
