"""The command that orders the cells of a run from a root: its flags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def add_pseudotime(commands: Any, pseudotime: Callable[[argparse.Namespace], int]) -> None:
    """Add ``monae pseudotime``, with what it does."""
    about = "order cells from a root, and tell which branch each is on"
    command = commands.add_parser("pseudotime", help=about, description=f"From a finished run, {about}.")
    command.add_argument("run", type=Path, metavar="RUN")
    root = command.add_mutually_exclusive_group(required=True)
    root.add_argument("--root-group", metavar="NAME", help="begin in this group; the cell in it is chosen")
    root.add_argument("--root-cell", metavar="ID", help="begin at this cell; with or without its modality:")
    command.add_argument(
        "--label", metavar="COL", help="column of the groups, which branches are named by (default: that of the run)"
    )
    command.add_argument("--out", type=Path, required=True, help="the table, .tsv or .csv; an earlier one is replaced")
    command.set_defaults(command=pseudotime)
