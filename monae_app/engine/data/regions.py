"""Regions whose methylation was measured: where they lie, in which context, and what that says about a gene.

G regions; a context is that of the methylated cytosine: before a guanine (CG) or before any other base (CH).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.genome import has_peak_columns, parse_peaks
from monae_app.engine.data.levels import CONTEXTS
from monae_app.engine.data.understanding.feature_names import PEAK, share_matching
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig

CONTEXT_COLUMNS = ("context", "mc_context", "mc_type", "c_context")
# mCG and mCH, CpG and CpH, CGN and CHN are ways to write the two
_WORD = r"m?C(?P<p>p?)(?P<base>[GH])N?"
_CONTEXT = re.compile(rf"^{_WORD}$", re.IGNORECASE)
_AT_END = re.compile(rf"[_:.|-]{_WORD}$", re.IGNORECASE)
_AT_START = re.compile(rf"^{_WORD}[_:.|-]", re.IGNORECASE)
PROMOTER, BODY = "promoter", "body"
MOSTLY = 0.5
# of a region that is to stand for a promoter: a large bin that reaches into one says little about it
SHARE_OF_PROMOTER = 0.25


def contexts_of(var: pd.DataFrame, wanted: str = "auto") -> tuple[np.ndarray, str]:
    """Context of each region, (G,) of str, and in words where that comes from.

    Parameters
    ----------
    var
        What is known of the regions, the index their names.
    wanted
        ``CG`` or ``CH`` for all of them; ``auto`` to look into var, then into the names.

    Raises
    ------
    InputError
        If a column says a context for some of the regions and none, or an unknown one, for others.
    """
    if wanted != "auto":
        return np.full(len(var), wanted, dtype="<U2"), "as told"
    by_name = {str(name).casefold(): name for name in reversed(var.columns)}
    column = next((by_name[name] for name in CONTEXT_COLUMNS if name in by_name), None)
    if column is not None:
        said = var[column].astype(object).map(_as_context)
        if said.notna().all():
            return said.to_numpy("<U2"), f"as the column {column!r} of var says"
        if said.notna().any():
            strange = str(var[column][said.isna().to_numpy()].iloc[0])
            raise InputError(
                f"methylation: {int(said.isna().sum()):,} of {len(var):,} regions have no context that we know in the "
                f"column {column!r} of var, such as {strange!r}.",
                "CG or CH for every region.",
                "complete the column, or take one context for all with --set methylation_context=CG.",
            )
    found = [_AT_END.search(str(name)) or _AT_START.search(str(name)) for name in var.index]
    if found and all(found):
        return np.array([_written(match) for match in found if match], dtype="<U2"), "as the names say"
    return np.full(len(var), CONTEXTS[0], dtype="<U2"), (
        "since nothing says which (a column 'context' in var, or --set methylation_context=CH, does)"
    )


def _as_context(value: object) -> str | None:
    match = _CONTEXT.match(str(value).strip())
    return _written(match) if match else None


def _written(match: re.Match[str]) -> str:
    return f"C{match['base'].upper()}"


def locate_regions(var: pd.DataFrame, genes: pd.DataFrame | None) -> pd.DataFrame:
    """Find out where regions lie.

    Parameters
    ----------
    var
        The regions: with columns of places, or named like peaks (with or without a context), or named like genes.
    genes
        Gene coordinates, one row a symbol; None where no genome was named.

    Returns
    -------
    pandas.DataFrame
        ``chrom``, ``start``, ``end``, ``strand``, (G, 4); NaN for a gene that is not among ``genes``.

    Raises
    ------
    InputError
        If a region has no place, and its name is no gene's either.
    """
    bare = var.set_axis(pd.Index([_AT_START.sub("", _AT_END.sub("", str(name))) for name in var.index]))
    if has_peak_columns(var) or share_matching(bare.index, PEAK) > MOSTLY:
        return parse_peaks(bare).assign(strand=".").set_axis(var.index)
    symbols = bare.index if genes is None else bare.index.intersection(pd.Index(genes["symbol"]))
    if genes is None or len(symbols):
        known = pd.DataFrame(columns=["symbol", "chrom", "start", "end", "strand"]) if genes is None else genes
        places = known.set_index("symbol").reindex(bare.index)[["chrom", "start", "end", "strand"]]
        return places.set_axis(var.index)
    shown = ", ".join(repr(str(name)) for name in var.index[:2])
    raise InputError(
        f"methylation: the {len(var):,} regions ({shown}, ...) have no places: var has no columns chrom, chromStart "
        "and chromEnd, and the names are neither places nor genes of the genome.",
        "a place for every region.",
        "add these columns to var, or name the regions like chr1:1000-3000.",
    )


def link_genes_to_regions(
    genes: pd.DataFrame, regions: pd.DataFrame, context: np.ndarray, config: RunConfig
) -> pd.DataFrame:
    """Find the pairs of a gene and a region in its promoter or body that say something about it.

    A region that lies in both counts as of the one that it overlaps more, the promoter if equal; of a promoter counts
    what has a quarter of itself in it. Pairs whose sign the run sets to 0 are left out.

    Parameters
    ----------
    genes
        Columns ``chrom``, ``start``, ``end``, ``strand``; rows without coordinates are left out.
    regions
        Columns ``chrom``, ``start``, ``end``, as many rows as regions.
    context
        Position of each region's context in ``CONTEXTS``, (G,).
    config
        Of the run: the length of a promoter, and the signs.

    Returns
    -------
    pandas.DataFrame
        ``gene`` and ``region`` (positions in the inputs), ``place`` (promoter or body) and ``sign``. Sorted by gene,
        then region.

    Raises
    ------
    InputError
        If no region lies in the promoter or body of any gene.
    """
    parts = [_overlaps(genes, regions, place, config.promoter) for place in (PROMOTER, BODY)]
    pairs = pd.concat(parts, ignore_index=True)
    if pairs.empty:
        raise InputError(
            f"None of the {len(regions):,} regions of methylation lies in the body or promoter of one of the "
            f"{len(genes):,} genes.",
            "regions and genes of the same genome.",
            "check the genome.",
        )
    # the larger overlap first, and of equal ones the promoter, which stands first already
    pairs = pairs.sort_values("overlap", ascending=False, kind="stable").drop_duplicates(["gene", "region"])
    signs = np.array(
        [
            [getattr(config, f"sign_{place}_{CONTEXTS[code].lower()}") for code in range(len(CONTEXTS))]
            for place in (PROMOTER, BODY)
        ]
    )
    pairs["sign"] = signs[(pairs["place"] == BODY).to_numpy(int), context[pairs["region"]]]
    pairs = pairs[pairs["sign"] != 0].sort_values(["gene", "region"], ignore_index=True)
    return pairs[["gene", "region", "place", "sign"]]


def _overlaps(genes: pd.DataFrame, regions: pd.DataFrame, place: str, promoter: int) -> pd.DataFrame:
    """Pairs of a gene and a region that overlaps its promoter or its body: gene, region, overlap (bp), place."""
    located = genes[["chrom", "start", "end", "strand"]].reset_index(drop=True).rename_axis("gene").reset_index()
    located = located.dropna(subset=["chrom", "start", "end"]).astype({"chrom": str, "start": int, "end": int})
    if place == PROMOTER:
        minus = (located["strand"] == "-").to_numpy()
        first, last = located["start"].to_numpy(), located["end"].to_numpy()
        upstream = np.maximum(first - promoter, 0)
        located = located.assign(start=np.where(minus, last, upstream), end=np.where(minus, last + promoter, first))
        located = located[located["end"] > located["start"]]
    spots = regions[["chrom", "start", "end"]].reset_index(drop=True).rename_axis("region").reset_index()
    spots = spots.dropna(subset=["chrom", "start", "end"]).astype({"chrom": str, "start": int, "end": int})
    if located.empty or spots.empty:
        return pd.DataFrame({"gene": [], "region": [], "overlap": []}).astype(int).assign(place=place)
    # here, not above: it brings matplotlib, which takes longer than most questions to the app
    import bioframe

    found = bioframe.overlap(located, spots, how="inner", suffixes=("", "_region"))
    overlap = np.minimum(found["end"], found["end_region"]) - np.maximum(found["start"], found["start_region"])
    if place == PROMOTER:
        much = overlap >= SHARE_OF_PROMOTER * (found["end_region"] - found["start_region"])
        found, overlap = found[much], overlap[much]
    gene, region = (found[name].to_numpy(np.int64) for name in ("gene", "region_region"))
    return pd.DataFrame({"gene": gene, "region": region, "overlap": overlap.to_numpy(np.int64), "place": place})
