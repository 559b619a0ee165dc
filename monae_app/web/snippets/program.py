"""What every program has: what it shows, what it imports, and where the run is. N cells."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monae_app import __version__
from monae_app.engine.analysis.cells_as_text import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np

UNKNOWN = "run"
STANDARD = ("numpy", "pandas")


def literal(value: object) -> str:
    """Write text, a number, or a list of these, as Python does."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | list) else repr(value)


def cells_literal(codes: np.ndarray) -> str:
    """Write a number for each cell (N,) as an expression that gives it back, (N,) uint8."""
    return f'from_text("""\n{to_text(codes)}\n""")'


@dataclass(frozen=True)
class Program:
    """A program as it grows.

    Parameters
    ----------
    about
        What it shows, on one line.
    run
        Folder of the run; None where the one who asks may not know it.
    imports
        By module, what is taken from it.
    lines
        Its statements.
    """

    about: str
    run: Path | None
    imports: dict[str, set[str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def uses(self, module: str, *names: str) -> None:
        """Import names from a module of the package."""
        self.imports.setdefault(module, set()).update(names)

    def add(self, *lines: str) -> None:
        """Add statements."""
        self.lines.extend(lines)

    def text(self) -> str:
        """Return the whole program."""
        told = " ".join(self.about.split())
        head = [f"# {told}", f"# Runs with monae_app {__version__}; writes its files into the folder where it is run."]
        if self.run is None:
            head.append("# RUN: the folder of the run, as 'Export the run' gives it, unpacked.")
        place = literal(str(self.run) if self.run else UNKNOWN)
        body = "\n".join(self.lines)
        return "\n".join(
            [
                *head,
                "import sys",
                "from pathlib import Path",
                "",
                *_standard(body),
                *(f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(self.imports.items())),
                "",
                f"RUN = Path(sys.argv[1] if len(sys.argv) > 1 else {place})",
                body,
                "",
            ]
        )


def _standard(body: str) -> Iterable[str]:
    short = {"numpy": "np", "pandas": "pd"}
    used = [f"import {name} as {short[name]}" for name in STANDARD if f"{short[name]}." in body]
    return [*used, ""] if used else []
