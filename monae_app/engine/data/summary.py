"""What was read, for people: sizes, kinds of values, columns, links, and how long a run will take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.data.batch_confounding import Told, confounded_by_label
from monae_app.engine.data.coding import code_proteins
from monae_app.engine.data.coding_notes import coding_notes
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.dataset import METHYLATION
from monae_app.engine.data.former_symbols import names_in
from monae_app.engine.data.linking import link
from monae_app.engine.data.on_disk import cells_with
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.data.shared_cells import shared_cells
from monae_app.engine.data.understanding.columns import batch_columns, label_columns

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset, Modality
    from monae_app.engine.data.guidance import GuidanceGraph

MOST_NAMED = 5
FEATURES = {"rna": "genes", "atac": "peaks", "protein": "proteins", METHYLATION: "regions"}
NOT_VALIDATED = (
    "methylation: this modality was tested on planted data alone and is not validated on real data: look at known "
    "markers before you believe a map of it."
)
ALWAYS_TOLD = ("rna", "atac")


def summarise(config: RunConfig) -> dict[str, Any]:
    """Read the inputs of a run and say what they hold.

    Raises
    ------
    InputError
        If they cannot be used together.
    """
    dataset = read_dataset(config)
    located = locate_features(dataset, config)
    return describe(dataset, located, config, link(dataset, located, config))


def describe(
    dataset: Dataset, located: dict[str, pd.DataFrame], config: RunConfig, graph: GuidanceGraph
) -> dict[str, Any]:
    """Say what a dataset holds; everything in it can be written as JSON."""
    modalities = {
        name: _of_modality(each, config) | {"found": dict(dataset.findings.get(name, {}))}
        for name, each in dataset.modalities.items()
    }
    tables = [each.obs for each in dataset.modalities.values()]
    confounded = _confounded(dataset)
    return {
        "modalities": modalities,
        "genome": config.genome,
        "guidance": _of_graph(graph),
        "coinciding_names": dataset.n_cells_in_several(),
        "labels": label_columns(tables),
        "batches": batch_columns(tables),
        "shared_cells": shared_cells(dataset),
        "confounded": _sentences(confounded),
        "confounding": [each.record() for each in confounded],
        "warnings": [*dataset.notes, *_renamed(dataset, config), *_warnings(dataset, located, config, graph)],
    }


def _confounded(dataset: Dataset) -> list[Told]:
    """Say which columns that may be chosen as batches cannot be told from the types of cells."""
    tables = {name: each.obs for name, each in dataset.modalities.items()}
    common = set.intersection(*({str(name) for name in table} for table in tables.values()))
    labels = label_columns(list(tables.values()))
    # another way to call the cells is no batch that anybody would choose
    return confounded_by_label(tables, [name for name in sorted(common) if name not in labels])


def _sentences(confounded: list[Told]) -> dict[str, list[str]]:
    """By column, a sentence a modality."""
    found: dict[str, list[str]] = {}
    for each in confounded:
        found.setdefault(each.column, []).append(each.sentence)
    return found


def _of_modality(modality: Modality, config: RunConfig) -> dict[str, Any]:
    detected = np.diff(modality.values.indptr)
    return {
        "path": ", ".join(path.name for path in config.inputs[modality.name]),  # type: ignore[index]
        "cells": modality.n_cells,
        "features": modality.n_features,
        "nonzero_share": float(modality.values.nnz / np.prod(modality.values.shape, dtype=float)),
        "values": _kind_of_values(modality),
        "likelihood": modality.likelihood,
        "median_counts": float(np.median(modality.library_size)),
        "median_features": float(np.median(detected)),
        "obs_columns": [_of_column(modality.obs[name]) for name in modality.obs],
    }


def _kind_of_values(modality: Modality) -> str:
    if isinstance(modality.values, CoveredMatrix):
        return "levels"
    return "counts" if modality.is_count else "continuous"


def _of_column(column: pd.Series) -> dict[str, Any]:
    numeric = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
    known = column.dropna()
    return {
        "name": str(column.name),
        "kind": "numeric" if numeric else "categorical",
        "n_unique": int(known.astype(str).nunique()),
        "example": str(known.iloc[0]) if len(known) else "",
    }


def _of_graph(graph: GuidanceGraph) -> dict[str, int]:
    of_modality = graph.vertices["modality"].to_numpy()
    linked = np.zeros(graph.n_vertices, bool)
    linked[np.r_[graph.source, graph.target]] = True
    found = {"edges": len(graph.source)}
    for name, features in FEATURES.items():
        mine = of_modality == name
        if mine.any() or name in ALWAYS_TOLD:
            found[f"{features}_linked"] = int((mine & linked).sum())
            found[f"{features}_without_edge"] = int((mine & ~linked).sum())
    if graph.inferred is not None:
        found["inferred"] = int(graph.inferred.sum())
    return found


def _warnings(dataset: Dataset, located: dict[str, pd.DataFrame], config: RunConfig, graph: GuidanceGraph) -> list[str]:
    found = _missing_links(dataset, located, config, graph)
    for name, modality in dataset.modalities.items():
        silent = int((cells_with(modality.values) == 0).sum())
        if silent:
            how = "covered in no cell" if name == METHYLATION else "zero in every cell"
            found.append(f"{name}: {silent:,} of {modality.n_features:,} features are {how}.")
    return found + (_on_methylation(dataset, graph) if METHYLATION in dataset.modalities else [])


def _missing_links(
    dataset: Dataset, located: dict[str, pd.DataFrame], config: RunConfig, graph: GuidanceGraph
) -> list[str]:
    if config.infer_links == "only":
        return ["No annotation is used: links between features are inferred from the data when a run matches cells."]
    found = []
    if "rna" in dataset.modalities and {"atac", METHYLATION} & set(dataset.modalities):
        unknown = int(located["rna"]["chrom"].isna().sum())
        if unknown:
            found.append(
                f"rna: {unknown:,} of {len(located['rna']):,} genes are not in the annotation and get no links."
            )
    if "rna" in dataset.modalities and "protein" in dataset.modalities:
        var, genes = dataset.modalities["protein"].var, dataset.modalities["rna"].var.index.tolist()
        found += coding_notes(var.index.astype(str).tolist(), code_proteins(var, genes, config.antibody_genes))
    elif {"protein", METHYLATION} & set(dataset.modalities) and _unlinked(dataset):
        found.append(
            f"Nothing links {' and '.join(dataset.modalities)} without RNA: their cells are not matched, and lie apart."
        )
    return found


def _unlinked(dataset: Dataset) -> bool:
    return "rna" not in dataset.modalities and len(dataset.modalities) > 1 and not dataset.use_pairs


def _on_methylation(dataset: Dataset, graph: GuidanceGraph) -> list[str]:
    """Say that it is not validated, and where no region is linked though some lie at genes."""
    block = graph.block(METHYLATION)
    ends = np.r_[graph.source, graph.target]
    linked = int(((ends >= block.start) & (ends < block.stop)).sum())
    if linked or "rna" not in dataset.modalities:
        return [NOT_VALIDATED]
    return [
        NOT_VALIDATED,
        "methylation: no region is linked to a gene: for all of their contexts and places the signs are 0 "
        "(sign_promoter_cg, sign_body_cg, sign_promoter_ch, sign_body_ch).",
    ]


def _renamed(dataset: Dataset, config: RunConfig) -> list[str]:
    """Say which genes were found under the name that the genome of the run has for them."""
    if "rna" not in dataset.modalities or config.gtf or config.bed:
        return []
    names = dataset.modalities["rna"].var.index
    theirs = names_in(names, config.genome)
    changed = np.flatnonzero(names != theirs)
    if not len(changed):
        return []
    shown = ", ".join(f"{names[at]} as {theirs[at]}" for at in changed[:MOST_NAMED])
    more = ", ..." if len(changed) > MOST_NAMED else ""
    return [f"rna: {len(changed):,} genes were found in {config.genome} under another name ({shown}{more})."]
