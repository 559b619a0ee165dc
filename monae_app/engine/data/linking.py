"""From a dataset to its guidance graph: which features to model, and how they are joined."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.coding import check_any_coded, coding_genes
from monae_app.engine.data.dataset import METHYLATION
from monae_app.engine.data.genome import transcription_factors
from monae_app.engine.data.guidance import build_guidance
from monae_app.engine.data.levels import context_codes
from monae_app.engine.data.preprocess import select_genes, select_peaks, select_regions
from monae_app.engine.data.regions import link_genes_to_regions
from monae_app.engine.kept_stages import kept
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph


def link(
    dataset: Dataset, located: dict[str, pd.DataFrame], config: RunConfig, tell: Telling = SILENT
) -> GuidanceGraph:
    """Choose the features that are modelled jointly, and join them by their places in the genome and their names.

    Of genes and methylated regions the most variable, of peaks the most accessible, of proteins all; transcription
    factors, the genes of the proteins and those that the user names are kept in any case.

    Parameters
    ----------
    dataset
        As read.
    located
        Coordinates of all features, from :func:`~monae_app.engine.data.coordinates.locate_features`.
    config
        Of the run.
    tell
        Told the progress.

    Raises
    ------
    InputError
        If no peak or region lies near any gene, no protein is the product of any, or a mapping by hand names what is
        not there.
    """
    coding = _coding(dataset, config) if config.infer_links != "only" else None
    chosen = {name: np.arange(each.n_features) for name, each in dataset.modalities.items()}
    if "rna" in chosen:
        keep = transcription_factors(config.genome) | set(config.keep_genes)
        if coding is not None:
            keep |= set(dataset.modalities["rna"].var.index[coding["gene"]])
        tell(f"Choosing the most variable of {dataset.modalities['rna'].n_features:,} genes")
        genes_of = partial(select_genes, dataset.modalities["rna"], config.n_top_genes, keep, seed=config.seed)
        chosen["rna"] = kept("choice of genes", genes_of)
    if "atac" in chosen:
        tell(f"Choosing the most accessible of {dataset.modalities['atac'].n_features:,} peaks")
        chosen["atac"] = kept("choice of peaks", partial(select_peaks, dataset.modalities["atac"], config.n_top_peaks))
    if METHYLATION in chosen:
        tell(f"Choosing the most variable of {dataset.modalities[METHYLATION].n_features:,} regions")
        regions_of = partial(select_regions, dataset.modalities[METHYLATION], config.n_top_regions)
        chosen[METHYLATION] = kept("choice of regions", regions_of)
    tell("Joining features by their places and names")
    names: dict[str, Sequence[str]] = {
        name: dataset.modalities[name].var.index[rows].tolist() for name, rows in chosen.items()
    }
    genes = located["rna"].iloc[chosen["rna"]] if "rna" in chosen else None
    peaks = located["atac"].iloc[chosen["atac"]] if "atac" in chosen else None
    if coding is not None:
        coding = coding.assign(gene=np.searchsorted(chosen["rna"], coding["gene"]))
    if config.infer_links == "only":
        # what comes of the data alone is added when cells are matched
        genes = peaks = None
    regions = None
    if genes is not None and METHYLATION in chosen:
        rows = chosen[METHYLATION]
        context = context_codes(dataset.modalities[METHYLATION].var)[rows]
        regions = link_genes_to_regions(genes, located[METHYLATION].iloc[rows], context, config)
    return build_guidance(
        names, genes, peaks, promoter=config.promoter, window=config.window, coding=coding, regions=regions
    )


def _coding(dataset: Dataset, config: RunConfig) -> pd.DataFrame | None:
    """Genes and the proteins they code for, by their positions, with weights; None without both modalities."""
    if not {"rna", "protein"} <= set(dataset.modalities):
        return None
    var, genes = dataset.modalities["protein"].var, dataset.modalities["rna"].var.index.tolist()
    pairs = coding_genes(var, genes, config.antibody_genes)
    check_any_coded(pairs, var, genes)
    return pairs


def modelled_features(dataset: Dataset, graph: GuidanceGraph) -> dict[str, np.ndarray]:
    """Positions, in each modality, of the features that are vertices of the graph."""
    found = {}
    for name, modality in dataset.modalities.items():
        names = graph.vertices["name"].to_numpy()[graph.block(name)]
        found[name] = modality.var.index.get_indexer(pd.Index(names))
    return found
