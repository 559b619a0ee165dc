"""The hold-out check from the command line: a finished run in, a table of features out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from monae_app.engine.errors import InputError
from monae_app.jobs.holding_out import hold_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SEPARATORS = {".csv": ",", ".tsv": "\t"}
FIFTHS = ("all", "lowest", "2nd", "3rd", "4th", "highest")


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line.

    Parameters
    ----------
    run
        Folder of the run.
    out
        The table to write, .csv or .tsv; None for the summary alone.
    """

    run: Path
    out: Path | None


def execute(order: Order, say: Callable[[str], None]) -> str:
    """Check the run, write the table, and return the summary.

    Parameters
    ----------
    order
        What was asked for.
    say
        Told what is being done, a line each time that changes.

    Raises
    ------
    InputError
        If the run has no counts, its files are gone, or the table's name has no known ending.
    """
    if order.out is not None and order.out.suffix not in SEPARATORS:
        raise InputError(f"'{order.out.name}' is no table.", "a name that ends in .csv or .tsv.", "change --out.")
    before = ""

    def heard(_share: float | None, text: str) -> None:
        nonlocal before
        # steps of the training are many: what is said changes seldom
        words = text.rstrip("0123456789,. ").strip()
        if words != before:
            say(text)
        before = words

    found = hold_out(order.run, heard)
    if order.out is not None:
        table_of(found).to_csv(order.out, sep=SEPARATORS[order.out.suffix], index=False)
    return "\n".join(lines_of(found))


def table_of(found: dict[str, Any]) -> pd.DataFrame:
    """Lay out a row a scored feature: modality, feature, level (counts a cell), ceiling, share of each method."""
    parts = [pd.DataFrame(said["features"]).assign(modality=modality) for modality, said in found["modalities"].items()]
    table = pd.concat(parts, ignore_index=True)
    return table[["modality", *(name for name in table if name != "modality")]]


def lines_of(found: dict[str, Any]) -> list[str]:
    """Lay out the summary: median share of the noise ceiling over features, and over each fifth of them by level."""
    lines = [f"Shares of the noise ceiling, medians over features; a model of {found['steps']:,} steps."]
    for modality, said in found["modalities"].items():
        titles = said["methods"]
        head = "".join(f"{title:>{max(len(title), 6) + 2}}" for title in titles.values())
        lines += ["", f"{modality:12}{'features':>9}{'ceiling':>9}{head}"]
        for row in said["summary"]:
            cells = "".join(_figure(row[way], max(len(title), 6) + 2) for way, title in titles.items())
            lines.append(f"{FIFTHS[row['bin']]:12}{row['features']:>9,}{_figure(row['ceiling'], 9)}{cells}")
        lines += said["notes"]
    return lines


def _figure(value: float | None, width: int) -> str:
    return f"{'-' if value is None else f'{value:.3f}':>{width}}"
