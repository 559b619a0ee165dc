"""Columns of cells that do not stand in the files of a run, as the map asks for them ("note:<column>"). N cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


class ExtraColumns(Protocol):
    """Who keeps such columns; asked in the name of the one whose request is being answered."""

    def names(self, run: str) -> Sequence[str]:
        """Return the columns of a run."""

    def values(self, run: str, name: str) -> pd.Series[Any] | None:
        """Return a column, (N,): categories, or floats with NaN where a cell has none; None if there is none."""

    def version(self, run: str, name: str) -> str:
        """Return what changes when the column does."""


class NoExtraColumns:
    """Keeps none."""

    def names(self, run: str) -> Sequence[str]:
        """Return no columns."""
        return ()

    def values(self, run: str, name: str) -> pd.Series[Any] | None:
        """Return None."""
        return None

    def version(self, run: str, name: str) -> str:
        """Return nothing."""
        return ""
