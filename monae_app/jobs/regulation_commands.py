"""The commands that ask a finished run what regulates what: their flags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

TABLE = "the table, .tsv or .csv; an earlier one is replaced"


def add_links(commands: Any, links: Callable[[argparse.Namespace], int]) -> None:
    """Add ``monae links``, with what it does."""
    about = "tell which peaks go with which genes, with p-values against peaks of other chromosomes"
    command = commands.add_parser("links", help=about, description=f"From a finished run, {about}.")
    command.add_argument("run", type=Path, metavar="RUN")
    command.add_argument("--gene", metavar="NAME", help="links of one gene alone (default: all genes)")
    command.add_argument("--window", type=int, default=150_000, metavar="BP", help="from gene body and promoter")
    command.add_argument("--out", type=Path, required=True, help=TABLE)
    command.set_defaults(command=links)


def add_regulate(commands: Any, regulate: Callable[[argparse.Namespace], int]) -> None:
    """Add ``monae regulate``, with what it does."""
    about = "rank the genes that a transcription factor is likely to regulate"
    command = commands.add_parser("regulate", help=about, description=f"From a finished run, {about}.")
    command.add_argument("run", type=Path, metavar="RUN")
    command.add_argument("--tf", required=True, metavar="NAME", help="any gene of the run, or a factor with motifs")
    command.add_argument("--top", type=int, metavar="K", help="write the best K alone (default: all genes)")
    command.add_argument(
        "--motif-hits", type=Path, metavar="FILE", help="from monae motifs (default: those of the run, if any)"
    )
    command.add_argument("--out", type=Path, required=True, help=TABLE)
    command.set_defaults(command=regulate)
