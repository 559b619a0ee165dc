"""The command ``monae transfer``: its flags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def add_transfer(commands: Any, transfer: Callable[[argparse.Namespace], int]) -> None:
    """Add the command to those of ``monae``, with what it does."""
    about = "give the labels of one modality's cells to those of another"
    command = commands.add_parser("transfer", help=about, description=f"In a finished run, {about}.")
    command.add_argument("run", type=Path, metavar="RUN")
    command.add_argument("--label", required=True, metavar="COLUMN", help="obs column with the labels")
    command.add_argument("--from", dest="source", required=True, metavar="MODALITY", help="whose cells have labels")
    command.add_argument("--to", dest="target", required=True, metavar="MODALITY", help="whose cells get some")
    command.add_argument("--reference", type=Path, metavar="FILE", help="take the labels of this .h5ad file's cells")
    command.add_argument("--cells", type=Path, metavar="FILE", help="label the new cells of this .h5ad file")
    command.add_argument("--threshold", type=float, default=0.5, help="confidence below which a cell is unassigned")
    command.add_argument("--json", action="store_true", help="print the summary as one line of JSON")
    command.add_argument("--out", type=Path, required=True, help="the table, .csv or .tsv; an earlier one is replaced")
    command.set_defaults(command=transfer)
