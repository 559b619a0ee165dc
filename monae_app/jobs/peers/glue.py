"""scglue (GLUE) as its tutorial has it, on all features: PCA and LSI of width 50, NB, pretraining and fine-tuning."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import scanpy as sc
import scglue
import torch

if TYPE_CHECKING:
    from monae_app.jobs.peers.exchange import Answer, Question


WIDTH = 50
EPOCHS_A_BURN_IN = 4


def guidance(question: Question) -> nx.MultiDiGraph:
    """Pairs in both directions and a self-loop on every feature, weight and sign 1."""
    graph = nx.MultiDiGraph()
    genes, peaks = question.first.var_names[question.in_first], question.second.var_names[question.in_second]
    plain = {"weight": 1.0, "sign": 1}
    graph.add_edges_from((gene, peak, plain) for gene, peak in zip(genes, peaks, strict=True))
    graph.add_edges_from((peak, gene, plain) for gene, peak in zip(genes, peaks, strict=True))
    graph.add_edges_from((each, each, plain) for each in [*question.first.var_names, *question.second.var_names])
    return graph


def prepare(question: Question) -> None:
    """Set the representations that the encoders read."""
    rna, atac = question.first, question.second
    rna.layers["counts"] = rna.X.copy()
    logged = rna.copy()
    sc.pp.normalize_total(logged)
    sc.pp.log1p(logged)
    sc.pp.scale(logged)
    sc.tl.pca(logged, n_comps=WIDTH, random_state=question.seed)
    rna.obsm["X_pca"] = logged.obsm["X_pca"]
    scglue.data.lsi(atac, n_components=WIDTH, n_iter=15, use_highly_variable=False, random_state=question.seed)
    scglue.models.configure_dataset(rna, "NB", use_highly_variable=False, use_layer="counts", use_rep="X_pca")
    scglue.models.configure_dataset(atac, "NB", use_highly_variable=False, use_rep="X_lsi")


def glue(question: Question, found: Answer) -> None:
    """Embed, and decode within and across."""
    torch.set_num_threads(1)
    scglue.config.CPU_ONLY = True
    scglue.config.ARRAY_SHUFFLE_NUM_WORKERS = scglue.config.GRAPH_SHUFFLE_NUM_WORKERS = 0
    graph = guidance(question)
    prepare(question)
    tables = question.tables
    with tempfile.TemporaryDirectory() as folder:
        fitting: dict[str, object] = {"directory": folder}
        if question.epochs is not None:
            # its own burn-in is longer than a budget as short as this, and would never end
            fitting |= {"max_epochs": question.epochs, "align_burnin": max(question.epochs // EPOCHS_A_BURN_IN, 2)}
        model = scglue.models.fit_SCGLUE(tables, graph, init_kws={"random_seed": question.seed}, fit_kws=fitting)
        embedding = {name: np.asarray(model.encode_data(name, table)) for name, table in tables.items()}
    found.known("scglue", "torch", "numpy", epochs=question.epochs)
    found.embedding(**embedding)
    for source, table in tables.items():
        for target in tables:
            found.imputed(source, target, model.decode_data(source, target, table, graph))
