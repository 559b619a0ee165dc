"""What a track shows of a region, collected from what was worked out of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.errors import InputError
from monae_app.web.figures.tracks import Track
from monae_app.web.regions import EXAMPLE, Region

if TYPE_CHECKING:
    from monae_app.web.regulation_view import Tables

MOST_LINKS = 400
AROUND = 0.06  # of the width, beside the outermost link
ALONE = 60_000  # bp around a gene without links


def track_of(tables: Tables, region: Region, *, tf: str | None, gene: str | None, most_p: float = 1.0) -> Track:
    """Collect what lies in a region.

    Parameters
    ----------
    tf
        The factor whose motifs are marked.
    gene
        The gene whose links are shown; those of all genes if left out.
    most_p
        Of the links.
    """
    peaks, rows = _peaks(tables, region, tf)
    links = _links(tables, region, rows, gene, most_p)
    arrays = tables.groups.arrays
    imputed = arrays.get("atac_imputed")
    return Track(
        region,
        _genes(tables, region),
        peaks,
        links,
        # without peaks there is nothing to say of groups
        tables.names if len(rows) else [],
        arrays["atac"][:, rows],
        None if imputed is None else imputed[:, rows],
    )


def region_around(tables: Tables, gene: str) -> Region | None:
    """Return the region of a gene and all peaks that may go with it; None if the gene has no place."""
    number = tables.evidence.numbers.get(gene.casefold())
    if number is None or not len(tables.genes) or int(tables.genes["start"].iloc[number]) < 0:
        return _annotated(tables, gene)
    place, links = tables.genes.iloc[number], tables.evidence.links
    peaks = tables.peaks.iloc[links["peak"].to_numpy(np.int64)[(links["gene"] == number).to_numpy()]]
    start, end = int(place["start"]), int(place["end"])
    if len(peaks):
        start, end = min(start, int(peaks["start"].min())), max(end, int(peaks["end"].max()))
        around = AROUND * (end - start)
    else:
        around = ALONE
    return Region.of(str(place["chrom"]), start - around, end + around)


def jump(tables: Tables, text: str) -> tuple[Region, str | None]:
    """Find what somebody wants to go to: a region, or that of a gene and the gene's name.

    Raises
    ------
    InputError
        If it is neither.
    """
    region = Region.parse(text)
    if region is not None:
        chroms = set(tables.peaks["chrom"]) | set(tables.annotation["chrom"] if len(tables.annotation) else ())
        same = next((each for each in chroms if each.casefold().removeprefix("chr") == _plain(region.chrom)), None)
        if same is None:
            raise InputError(f"There is no chromosome {region.chrom[:60]!r} here.", EXAMPLE, "correct its name.")
        return Region(same, region.start, region.end), None
    name = tables.factor(text.strip()) or text.strip()
    found = region_around(tables, name)
    if found is None:
        raise InputError(f"{text.strip()[:60]!r} is no gene with a place here, and no region.", EXAMPLE, "correct it.")
    return found, name if name.casefold() in tables.evidence.numbers else None


def about_peak(tables: Tables, name: str, tf: str | None) -> dict[str, Any] | None:
    """Say of a peak its links, the surest first, and the motifs of a factor in it; None if there is no such peak."""
    found = np.flatnonzero(tables.evidence.peaks == name)
    if not len(found):
        return None
    number = int(found[0])
    links = tables.evidence.links[tables.evidence.links["peak"] == number].sort_values(["p", "score"])
    named = links.assign(gene=tables.evidence.genes[links["gene"].to_numpy(np.int64)])
    motifs: list[dict[str, Any]] | None = None
    hits = tables.evidence.hits
    if hits is not None and tf is not None:
        counts, scores = hits.counts[number].toarray().ravel(), hits.scores[number].toarray().ravel()
        motifs = [
            {"id": hits.ids[at], "name": hits.names[at], "count": int(counts[at]), "score": float(scores[at])}
            for at in hits.named(tf)
            if counts[at]
        ]
    return {"peak": name, "links": named.to_dict("records"), "motifs": motifs}


def _peaks(tables: Tables, region: Region, tf: str | None) -> tuple[pd.DataFrame, np.ndarray]:
    every = tables.peaks
    inside = (every["chrom"] == region.chrom) & (every["start"] < region.end) & (every["end"] > region.start)
    rows = np.flatnonzero(inside.to_numpy())
    has = tables.with_motif(tf) if tf else None
    peaks = every.iloc[rows][["start", "end"]].reset_index(drop=True)
    return peaks.assign(name=tables.evidence.peaks[rows], motif=None if has is None else has[rows]), rows


def _links(tables: Tables, region: Region, rows: np.ndarray, gene: str | None, most_p: float) -> pd.DataFrame:
    links = tables.evidence.links
    # which peaks are inside, asked once for all links
    inside = np.zeros(len(tables.evidence.peaks), bool)
    inside[rows] = True
    keep = inside[links["peak"].to_numpy(np.int64)]
    if gene is not None:
        keep &= (links["gene"] == tables.evidence.numbers.get(gene.casefold(), -1)).to_numpy()
    if most_p < 1:
        keep &= (links["p"] <= most_p).to_numpy()
    mine = links[keep].nlargest(MOST_LINKS, "score").iloc[::-1]
    genes, peaks = (mine[name].to_numpy(np.int64) for name in ("gene", "peak"))
    places = tables.genes.iloc[genes]
    starts = np.where((places["strand"] == "-").to_numpy(), places["end"], places["start"])
    middles = (tables.peaks["start"].to_numpy()[peaks] + tables.peaks["end"].to_numpy()[peaks]) / 2
    return pd.DataFrame(
        {
            "gene": tables.evidence.genes[genes], "peak": tables.evidence.peaks[peaks], "from": starts, "to": middles,
            **{name: mine[name].to_numpy() for name in ("score", "sign", "p", "q", "correlation")},
        }
    )  # fmt: skip


def _genes(tables: Tables, region: Region) -> pd.DataFrame:
    every = tables.annotation
    if not len(every):
        every = tables.genes.assign(symbol=tables.evidence.genes)
    inside = (every["chrom"] == region.chrom) & (every["start"] < region.end) & (every["end"] > region.start)
    found = every[inside].sort_values("start").reset_index(drop=True)
    measured = [name.casefold() in tables.evidence.numbers for name in found["symbol"].astype(str)]
    return found[["symbol", "start", "end", "strand"]].assign(measured=np.array(measured, bool))


def _annotated(tables: Tables, gene: str) -> Region | None:
    every = tables.annotation
    if not len(every):
        return None
    found = every[every["symbol"].str.casefold() == gene.casefold()]
    if not len(found):
        return None
    place = found.iloc[0]
    return Region.of(str(place["chrom"]), int(place["start"]) - ALONE, int(place["end"]) + ALONE)


def _plain(chrom: str) -> str:
    return chrom.casefold().removeprefix("chr")
