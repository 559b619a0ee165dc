"""The command that orders the cells of a run from a root: its flags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

SHARED = "shared"


def add_pseudotime(commands: Any, pseudotime: Callable[[argparse.Namespace], int]) -> None:
    """Add ``monae pseudotime``, with what it does."""
    about = "order cells from a root, and tell which branch each is on"
    command = commands.add_parser("pseudotime", help=about, description=f"From a finished run, {about}.")
    command.add_argument("run", type=Path, metavar="RUN")
    root = command.add_mutually_exclusive_group(required=True)
    root.add_argument("--root-group", metavar="NAME", help="begin in this group; the cell in it is chosen")
    root.add_argument("--root-cell", metavar="ID", help="begin at this cell; with or without its modality:")
    root.add_argument("--root-marker", metavar="NAME", help="begin at the cell highest in this feature, as imputed")
    command.add_argument(
        "--label", metavar="COL", help="column of the groups, which branches are named by (default: that of the run)"
    )
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--cells",
        action="append",
        metavar="COL=GROUP",
        help="follow the cells of this group alone; given again, of that one too (default: all cells)",
    )
    which.add_argument("--cells-file", type=Path, metavar="F", help="follow these cells: a file with one name a line")
    command.add_argument(
        "--along",
        default=SHARED,
        metavar="MODALITY",
        help="follow the imputed values of this modality (default: the axes that modalities share)",
    )
    command.add_argument("--out", type=Path, required=True, help="the table, .tsv or .csv; an earlier one is replaced")
    command.set_defaults(command=pseudotime)
