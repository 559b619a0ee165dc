"""How good each cell is, as biologists look at it, and which ones a run keeps.

N cells, G features.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.coordinates import read_annotation
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.cutoffs import CUTOFFS, left_out, note_of
from monae_app.engine.data.doublets import doublet_scores
from monae_app.engine.data.genome import harmonise_chromosomes, parse_peaks
from monae_app.engine.data.whole_numbers import are_whole
from monae_app.engine.errors import InputError
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    import scipy.sparse as sp

    from monae_app.engine.config import ModalityName, RunConfig

# Counts within this many bp of where a gene starts are near it.
TSS_REACH = 1000
_MITOCHONDRIAL = re.compile(r"^(?:(?:GRCh\d+|GRCm\d+|hg\d+|mm\d+|HUMAN|MOUSE)_+)?mt-", re.IGNORECASE)
_MITOCHONDRION = {"m", "mt"}


def cell_quality(
    values: sp.csr_matrix, var: pd.DataFrame, name: ModalityName, places: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Measure the quality of each cell; doublets, which take longer, are scored by ``doublet_scores``.

    Parameters
    ----------
    values
        Counts, shape (N, G).
    var
        What is known of the features, the index their names, shape (G, columns).
    name
        The modality.
    places
        Gene coordinates: ``chrom``, ``start``, ``end``, ``symbol``, ``strand``; None where no genome is known.

    Returns
    -------
    pandas.DataFrame
        Shape (N, measures): ``counts``, ``features`` (with a count), for RNA ``mito_share`` (share of the counts on
        genes of the mitochondrion, told by MT- before the name or the chromosome), for ATAC ``tss_share`` (share of
        the counts in peaks that lie within 1 kb of where a gene starts). A share is NaN for cells without counts and
        left out where nothing tells it.
    """
    counts = np.asarray(values.sum(axis=1), dtype=np.float64).ravel()
    table = pd.DataFrame({"counts": counts, "features": np.diff(values.indptr).astype(np.int64)})
    if name == "rna":
        mine = mitochondrial_genes(var.index, places)
        if mine.any():
            table["mito_share"] = _share(values, mine, counts)
    if name == "atac" and places is not None:
        table["tss_share"] = _share(values, peaks_near_starts(var, places), counts)
    return table


def covered_regions(values: CoveredMatrix) -> pd.DataFrame:
    """Count the regions that each cell covers, as ``features``, (N, 1): what a cut-off of methylation is about."""
    return pd.DataFrame({"features": np.diff(values.indptr).astype(np.int64)})


def _share(values: sp.csr_matrix, mine: np.ndarray, counts: np.ndarray) -> np.ndarray:
    of_mine = np.asarray(values @ mine.astype(np.float32), dtype=np.float64).ravel()
    share = np.full(len(counts), np.nan)
    np.divide(of_mine, counts, out=share, where=counts > 0)
    return share


def mitochondrial_genes(names: pd.Index, places: pd.DataFrame | None = None) -> np.ndarray:
    """Find the genes of the mitochondrion by name or chromosome, shape (G,)."""
    by_name = np.array([_MITOCHONDRIAL.match(str(name)) is not None for name in names], bool)
    if places is None:
        return by_name
    chromosome = places["chrom"].astype(str).str.lower().str.removeprefix("chr")
    return by_name | np.asarray(names.isin(places.loc[chromosome.isin(_MITOCHONDRION), "symbol"]))


def peaks_near_starts(var: pd.DataFrame, places: pd.DataFrame) -> np.ndarray:
    """Find the peaks that lie within 1 kb of where a gene starts, shape (G,).

    Raises
    ------
    InputError
        If a peak has no place.
    """
    peaks = parse_peaks(var)
    peaks["chrom"] = harmonise_chromosomes(peaks["chrom"], places["chrom"].unique())
    start = np.where(places["strand"] == "-", places["end"] - 1, places["start"])
    near = np.zeros(len(peaks), bool)
    starts = {chrom: np.sort(start[rows]) for chrom, rows in places.groupby("chrom", sort=False).indices.items()}
    for chrom, rows in peaks.groupby("chrom", sort=False).indices.items():
        if chrom not in starts:
            continue
        first, last = (peaks[column].to_numpy()[rows] for column in ("start", "end"))
        # the first start of a gene that is not too far left of the peak must not be too far right of it
        place = np.searchsorted(starts[chrom], first - TSS_REACH)
        known = place < len(starts[chrom])
        near[rows[known]] = starts[chrom][place[known]] < last[known] + TSS_REACH
    return near


def keep_cells(
    values: sp.csr_matrix | CoveredMatrix,
    obs: pd.DataFrame,
    var: pd.DataFrame,
    name: ModalityName,
    config: RunConfig,
    notes: list[str],
    tell: Telling = SILENT,
) -> np.ndarray:
    """Say which cells a run keeps, and note in words which ones it leaves out, and why.

    Parameters
    ----------
    values
        As read, shape (N, G).
    obs
        What is known of the cells, shape (N, columns); doublets are looked for within each ``sample``.
    var
        What is known of the features, the index their names, shape (G, columns).
    name
        The modality.
    config
        Of the run: its cut-offs, and the genome that shares near the starts of genes need.
    notes
        What is left out is appended here.
    tell
        Told the progress.

    Returns
    -------
    numpy.ndarray
        True for cells to keep, shape (N,).

    Raises
    ------
    InputError
        If a cut-off needs a genome and none is named, or no cell would be left.
    """
    asked = _asked(name, config)
    if not asked or not values.shape[0]:
        return np.ones(values.shape[0], bool)
    covered = isinstance(values, CoveredMatrix)
    if not covered and not _are_counts(values, getattr(config, f"{name}_likelihood")):
        notes.append(f"{name}: the values are not counts, so that no cell was left out for its quality.")
        return np.ones(values.shape[0], bool)
    tell(f"Measuring the quality of {values.shape[0]:,} cells of {name}")
    quality = covered_regions(values) if covered else _needed(values, obs, var, name, config, tell)
    masks = left_out(quality, name, asked)
    told = note_of(name, masks, asked, len(quality))
    if told:
        notes.append(told)
    if f"{name}_max_mito" in asked and "mito_share" not in quality:
        notes.append(f"{name}: no gene is of the mitochondrion (MT-), so that no cell was left out for such counts.")
    keep = ~np.logical_or.reduce(list(masks.values())) if masks else np.ones(len(quality), bool)
    if not keep.any():
        raise InputError(
            f"The cut-offs leave out all of the {len(keep):,} cells. {told}",
            "cut-offs that keep cells.",
            "lower the smallest values or raise the largest ones; the Data page shows where the cells lie.",
        )
    return keep


def _asked(name: ModalityName, config: RunConfig) -> dict[str, float]:
    """Cut-offs of the run that can leave out a cell."""
    settings = {"min_counts": config.min_counts, "low_count_mads": config.low_count_mads}
    settings |= {cutoff.setting: getattr(config, cutoff.setting) for cutoff in CUTOFFS[name]}
    upper = {cutoff.setting for cutoff in CUTOFFS[name] if cutoff.side == "max"}
    return {key: value for key, value in settings.items() if value is not None and (value or key in upper)}


def _are_counts(values: sp.csr_matrix, likelihood: str) -> bool:
    return are_whole(values) if likelihood == "auto" else likelihood != "normal"


def _needed(
    values: sp.csr_matrix, obs: pd.DataFrame, var: pd.DataFrame, name: ModalityName, config: RunConfig, tell: Telling
) -> pd.DataFrame:
    """Measure what the cut-offs of the run are about."""
    places = None
    if name == "rna" and config.rna_max_mito is not None:
        places = read_annotation(config)
    if name == "atac" and config.atac_min_tss:
        places = read_annotation(config)
        if places is None:
            raise InputError(
                f"atac_min_tss = {config.atac_min_tss:g}, but no genome was named, so that nothing says where genes "
                "start.",
                "--genome hg38, hg19 or mm10, or --bed FILE or --gtf FILE with gene coordinates.",
                "name the genome that the reads were aligned to, or leave out atac_min_tss.",
            )
    quality = cell_quality(values, var, name, places)
    if name in ("rna", "atac") and getattr(config, f"{name}_max_doublet") is not None:
        tell(f"Looking for doublets among {values.shape[0]:,} cells of {name}")
        quality["doublet_score"] = doublet_scores(values, name, obs.get("sample"), say=tell)[0]
    return quality
