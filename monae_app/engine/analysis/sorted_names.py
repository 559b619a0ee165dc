"""Hundreds of thousands of names, found by how they begin, in a few bytes each. V names."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

# Stands in no name that HDF5 can hold.
BETWEEN = "\x00"
LAST = "\U0010ffff"


@dataclass(frozen=True)
class SortedNames:
    """Names in the order of their lower-case forms.

    Parameters
    ----------
    folded
        Lower-case forms, one after the other.
    ends
        Where each ends, (V,).
    rows
        Of which row each is, (V,).
    """

    folded: bytes
    ends: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, names: Sequence[str], rows: np.ndarray) -> SortedNames:
        """Sort names; ``rows`` (V,) says whose they are."""
        forms = BETWEEN.join(names).casefold().split(BETWEEN) if len(names) else []
        order = sorted(range(len(forms)), key=forms.__getitem__)
        encoded = [forms[i].encode() for i in order]
        ends = np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)))
        return cls(b"".join(encoded), ends, np.asarray(rows, np.int32)[order])

    @property
    def nbytes(self) -> int:
        """What it takes."""
        return len(self.folded) + int(self.ends.nbytes) + int(self.rows.nbytes)

    def starting(self, text: str, limit: int | None = None) -> np.ndarray:
        """Rows of the names that begin so, upper and lower case alike, in the order of the names."""
        wanted = text.casefold()
        begin, end = self._place(wanted.encode()), self._place((wanted + LAST).encode())
        return self.rows[begin : end if limit is None else min(end, begin + limit)]

    def equal(self, text: str) -> np.ndarray:
        """Rows of the names that are the same but for upper and lower case."""
        wanted = text.casefold().encode()
        return self.rows[self._place(wanted) : self._place(wanted + b"\x00")]

    def _place(self, wanted: bytes) -> int:
        return bisect_left(range(len(self.rows)), wanted, key=self._name)

    def _name(self, place: int) -> bytes:
        return self.folded[self.ends[place - 1] if place else 0 : self.ends[place]]
