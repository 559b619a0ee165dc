"""Regulation from the command line: a run in, a table of links or of a factor's targets out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import threadpoolctl

from monae_app.engine.analysis.regulation.gathering import gather
from monae_app.engine.data.motifs.hits import MOTIF_HITS, MotifHits
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result, write_atomically
from monae_app.engine.telling import Telling
from monae_app.engine.training.threads import thread_count

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from monae_app.engine.analysis.regulation.evidence import Regulation

SEPARATORS = {".tsv": "\t", ".csv": ","}
SURE = 0.05


@dataclass(frozen=True)
class LinksOrder:
    """What ``monae links`` was asked.

    Parameters
    ----------
    run
        A finished run.
    gene
        One gene alone; None for all.
    window
        In bp.
    out
        The table to write.
    """

    run: Path
    gene: str | None
    window: int
    out: Path


@dataclass(frozen=True)
class TargetsOrder:
    """What ``monae regulate`` was asked.

    Parameters
    ----------
    run
        A finished run.
    tf
        The factor.
    top
        How many targets to write; None for all genes.
    motif_hits
        Motifs in the peaks of the run, from ``monae motifs``; None for those that the run keeps, if any.
    out
        The table to write.
    """

    run: Path
    tf: str
    top: int | None
    motif_hits: Path | None
    out: Path


def write_links(order: LinksOrder, say: Callable[[str], None]) -> str:
    """Score the links of a run and write them.

    Raises
    ------
    InputError
        If the run, the gene, the window or the table to write cannot be used.
    """
    _check_table(order.out)
    if order.window < 0:
        raise InputError(f"The window is {order.window} bp.", "0 or more.", "choose --window 150000.")
    result = Result.load(order.run)
    missing = [name for name in ("rna", "atac") if name not in result.modalities]
    if missing:
        raise InputError(
            f"The run has no {' and no '.join(missing)}: it holds {' and '.join(result.modalities)}.",
            "a run with rna and atac.",
            "train one with rna=FILE atac=FILE.",
        )
    regulation = _gathered(result, None, order.window, say)
    table = regulation.links_table(order.gene)
    _write(table, order.out)
    sure = int((table["q"] <= SURE).sum())
    of = "" if order.gene is None else f" of {order.gene}"
    return f"{order.out}: {len(table):,} pairs of genes and peaks{of}, {sure:,} with q <= {SURE}"


def write_targets(order: TargetsOrder, say: Callable[[str], None]) -> str:
    """Rank the targets of a factor and write them.

    Raises
    ------
    InputError
        If the run, the factor, the motifs or the table to write cannot be used.
    """
    _check_table(order.out)
    if order.top is not None and order.top < 1:
        raise InputError(f"--top is {order.top}.", "1 or more.", "leave it away for all genes.")
    result, kept = Result.load(order.run), order.run / MOTIF_HITS
    path = order.motif_hits or (kept if kept.exists() else None)
    hits = None if path is None else MotifHits.load(path)
    regulation = _gathered(result, hits, result.config.refined_window, say)
    table = regulation.targets(order.tf)
    if table["motif"].isna().all():
        why = "the run has none" if hits is None else f"none of {order.tf} are known"
        say(f"regulate: without motifs ({why}); monae motifs finds them, see docs/motifs.md")
    sure = int((table["q"] <= SURE).sum())
    written = table if order.top is None else table.head(order.top)
    _write(written, order.out)
    return f"{order.out}: {len(written):,} genes ranked as targets of {order.tf}, {sure:,} with q <= {SURE}"


def _gathered(result: Result, hits: MotifHits | None, window: int, say: Callable[[str], None]) -> Regulation:
    told = ""

    def tell(event: dict[str, object]) -> None:
        nonlocal told
        if event["message"] != told:
            told = str(event["message"])
            say(f"regulation: {told}")

    with threadpoolctl.threadpool_limits(thread_count()):
        found = gather(result, hits=hits, window=window, tell=Telling("regulation", tell))
    for note in found.notes:
        say(f"regulation: {note}")
    return found


def _check_table(out: Path) -> None:
    if out.suffix.lower() not in SEPARATORS:
        raise InputError(f"{out.name} is no name of a table.", "a name that ends in .tsv or .csv.", "rename it.")
    if out.is_dir():
        raise InputError(f"{out} is a folder.", "a file to write.", "name a file in it.")


def _write(table: pd.DataFrame, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    separator = SEPARATORS[out.suffix.lower()]
    write_atomically(
        out, lambda temporary: table.to_csv(temporary, sep=separator, index=False, float_format="%.6g", na_rep="NaN")
    )
