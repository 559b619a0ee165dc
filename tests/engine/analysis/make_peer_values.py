"""What other implementations say of the arrays of metric_arrays.py: writes tests/data/peer_metrics.json.

Not part of the tests, which read the file. In an environment with scglue 0.4.1 and harmonypy 0.0.10 (the last ones
with LISI in them), from the root of the repository: ``python -m tests.engine.analysis.make_peer_values``.
"""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path

import anndata as ad
import harmonypy
import networkx as nx
import numpy as np
import pandas as pd
import scglue
from scglue import metrics

from tests.engine.analysis.metric_arrays import BLOBS, drawn, linked

OUT = Path(__file__).parents[2] / "data" / "peer_metrics.json"
MANY_REPEATS = 400


def of_embedding() -> dict[str, float | list[float]]:
    data = drawn()
    first, second = (data.cells[data.modality == name] for name in ("rna", "atac"))
    lisi = harmonypy.compute_lisi(data.cells, pd.DataFrame({"batch": data.batch}), ["batch"], perplexity=30)[:, 0]
    rows = metrics.foscttm(first, second)
    return {
        "checksum": float(data.cells.sum() + data.before.sum()),
        "map": metrics.mean_average_precision(data.cells, data.label),
        "asw_label": metrics.avg_silhouette_width(data.cells, data.label),
        "nc": metrics.neighbor_conservation(data.cells, data.before, data.modality),
        "sas": metrics.seurat_alignment_score(data.cells, data.modality, random_state=0),
        "sas_uneven": metrics.seurat_alignment_score(data.cells, data.uneven, n_repeats=MANY_REPEATS, random_state=0),
        "asw_batch": metrics.avg_silhouette_width_batch(data.cells, data.modality, data.label),
        "graph_connectivity": metrics.graph_connectivity(data.cells, data.label),
        "graph_connectivity_of_batch": metrics.graph_connectivity(data.cells, data.batch),
        "nmi_best": metrics.normalized_mutual_info(data.cells, data.label),
        "foscttm": float(np.concatenate(rows).mean()),
        "lisi": lisi[:20].round(6).tolist(),
        "lisi_median": float(np.median(lisi)),
    }


def of_links() -> float:
    data = linked()
    tables = []
    for name, counts, place in zip("gp", data.counts, data.places, strict=True):
        table = ad.AnnData(counts.astype(np.float64), obsm={"X": place})
        table.var_names = [f"{name}{column}" for column in range(table.n_vars)]
        tables.append(table)
    graph = nx.Graph()
    for gene, peak, weight, sign in zip(data.first, data.second, data.weight, data.sign, strict=True):
        graph.add_edge(f"g{gene}", f"p{peak}", weight=float(weight), sign=int(sign))
    prepare = scglue.data.count_prep
    found = scglue.data.metacell_corr(
        *tables, skeleton=graph, use_rep="X", n_meta=BLOBS, agg_fns=["sum", "sum"], prep_fns=[prepare, prepare]
    )
    edges = nx.to_pandas_edgelist(found)
    return float((edges["sign"] * edges["weight"] * edges["corr"]).sum() / edges["weight"].sum())


def main() -> None:
    names = ("scglue", "harmonypy", "scikit-learn", "scanpy", "umap-learn", "numpy")
    origin = {
        "made by": "tests/engine/analysis/make_peer_values.py",
        "from": "tests/engine/analysis/metric_arrays.py",
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }
    content = {"origin": origin, "embedding": of_embedding(), "consistency": of_links()}
    OUT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
