"""Where in the genome the features of a dataset lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from monae_app.engine.data.dataset import METHYLATION
from monae_app.engine.data.former_symbols import names_in
from monae_app.engine.data.genome import harmonise_chromosomes, one_place_per_symbol, parse_peaks, read_bed, read_genome
from monae_app.engine.data.gtf import read_gtf
from monae_app.engine.data.regions import locate_regions
from monae_app.engine.data.understanding.origin import guess_origin
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset

COLUMNS = ["chrom", "start", "end", "strand"]
PLACED = {"atac": "peaks", METHYLATION: "regions"}


def locate_features(dataset: Dataset, config: RunConfig) -> dict[str, pd.DataFrame]:
    """Find the coordinates of every feature.

    Returns
    -------
    dict
        By modality, one row a feature in the order of the dataset, columns ``chrom``, ``start``, ``end``, ``strand``;
        NaN where the annotation does not know a gene, and for proteins, which need no place. Regions of methylation
        that are named by genes lie where their bodies do.

    Raises
    ------
    InputError
        If genes are to be linked with peaks or regions and no annotation was named, no gene is in the annotation, or a
        peak or region has no place.
    """
    genes = read_annotation(config)
    _check_annotation(dataset, genes, config)
    located: dict[str, pd.DataFrame] = {}
    if "atac" in dataset.modalities:
        located["atac"] = _places_of_peaks(dataset.modalities["atac"].var, config).assign(strand=".")
    if "rna" in dataset.modalities:
        located["rna"] = _locate_genes(dataset.modalities["rna"].var, genes, config)
    if METHYLATION in dataset.modalities:
        located[METHYLATION] = locate_regions(dataset.modalities[METHYLATION].var, genes)
    for name in ("atac", METHYLATION):
        if name in located and "rna" in located and located[name]["chrom"].notna().all():
            located[name]["chrom"] = harmonise_chromosomes(located[name]["chrom"], located["rna"]["chrom"].dropna())
    if "protein" in dataset.modalities:
        located["protein"] = pd.DataFrame(index=dataset.modalities["protein"].var.index, columns=COLUMNS, dtype=object)
    return {name: located[name] for name in dataset.modalities}


def _places_of_peaks(var: pd.DataFrame, config: RunConfig) -> pd.DataFrame:
    """Find where peaks lie; links that come from the data alone need no places."""
    try:
        return parse_peaks(var)
    except InputError:
        if config.infer_links != "only":
            raise
        return pd.DataFrame(index=var.index, columns=COLUMNS[:3], dtype=object)


def _locate_genes(var: pd.DataFrame, genes: pd.DataFrame | None, config: RunConfig) -> pd.DataFrame:
    known = pd.DataFrame(columns=["symbol", *COLUMNS]) if genes is None else genes
    located = known.set_index("symbol").reindex(_names_of_annotation(var.index, config))[COLUMNS].set_axis(var.index)
    if len(known) and located["chrom"].isna().all() and config.infer_links != "only":
        raise _unknown_genes(var, known, config)
    return located


def _check_annotation(dataset: Dataset, genes: pd.DataFrame | None, config: RunConfig) -> None:
    """Make sure that there is one where genes are to be linked by their places."""
    others = [what for name, what in PLACED.items() if name in dataset.modalities]
    if genes is None and others and "rna" in dataset.modalities and config.infer_links != "only":
        raise InputError(
            f"No genome was named, so genes and {others[0]} cannot be linked.",
            "--genome hg38, hg19 or mm10, or --bed FILE or --gtf FILE with gene coordinates.",
            "name the genome that the reads were aligned to; where no annotation fits, links can be inferred from the "
            "data: --set infer_links=only.",
        )


def _unknown_genes(var: pd.DataFrame, genes: pd.DataFrame, config: RunConfig) -> InputError:
    """Say that no gene is known, and whose the genes seem to be."""
    source = config.gtf or config.bed or config.genome
    organism = guess_origin(var, "rna").organism
    looks = f" They look like genes of {organism.value}: {organism.because}." if organism.value else ""
    return InputError(
        f"None of the {len(var):,} genes (such as {', '.join(map(repr, var.index[:3]))}) is known to {source}, which "
        f"has names such as {', '.join(map(repr, genes['symbol'][:3]))}.{looks}",
        "gene symbols of the genome, in the case that it writes them.",
        "check the genome, or give coordinates of these genes with --bed FILE or --gtf FILE.",
    )


def _names_of_annotation(names: pd.Index, config: RunConfig) -> pd.Index:
    """Names under which the annotation of a run knows genes: between hg19 and hg38 some have changed."""
    return names if config.gtf or config.bed else names_in(names, config.genome)


def read_annotation(config: RunConfig) -> pd.DataFrame | None:
    """Read the gene coordinates that a run names: its GTF, else its BED, else the bundled genome; None for none.

    Returns
    -------
    pandas.DataFrame | None
        Columns ``chrom``, ``start``, ``end``, ``symbol``, ``strand``; one row a symbol.
    """
    if config.gtf is not None:
        return one_place_per_symbol(read_gtf(config.gtf))
    if config.bed is not None:
        return read_bed(config.bed)
    return read_genome(config.genome) if config.genome is not None else None
