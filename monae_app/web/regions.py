"""Regions of a genome as people write them: named, widened, moved, never wider than two million bases."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from monae_app.engine.errors import InputError

WRITTEN = re.compile(r"^\s*(?P<chrom>[^\s:]{1,60})\s*[:\s]\s*(?P<start>[\d,._ ]+?)\s*[-–]\s*(?P<end>[\d,._ ]+?)\s*$")
NARROWEST, WIDEST = 2_000, 2_000_000
EXAMPLE = "a gene of this run, or a region such as chr7:1,000,000-1,200,000."


@dataclass(frozen=True)
class Region:
    """A region; positions count from 0, the end is excluded."""

    chrom: str
    start: int
    end: int

    @classmethod
    def of(cls, chrom: str, start: float, end: float) -> Region:
        """Bring a region to a width of two thousand to two million bases around its middle, within the chromosome."""
        middle, width = (start + end) / 2, min(max(end - start, NARROWEST), WIDEST)
        first = max(0, round(middle - width / 2))
        return cls(chrom, first, first + round(width))

    @classmethod
    def parse(cls, text: str) -> Region | None:
        """Read "chr7:1,000-2,000"; None if it is no region.

        Raises
        ------
        InputError
            If its end does not lie behind its start.
        """
        found = WRITTEN.match(text)
        if found is None:
            return None
        start, end = (int(re.sub(r"\D", "", found[side]) or 0) for side in ("start", "end"))
        if not start < end < 10**10:
            raise InputError(f"{text.strip()[:80]!r} ends before it begins.", EXAMPLE, "correct it.")
        return cls.of(found["chrom"], start, end)

    @classmethod
    def from_data(cls, data: Any) -> Region | None:
        """Read what a browser keeps; None if that is no region."""
        try:
            return cls.of(str(data["chrom"])[:60], int(data["start"]), int(data["end"]))
        except (TypeError, KeyError, ValueError):
            return None

    def to_data(self) -> dict[str, Any]:
        """Return it in plain values."""
        return {"chrom": self.chrom, "start": self.start, "end": self.end, "text": str(self)}

    def scaled(self, factor: float) -> Region:
        """Widen or narrow it around its middle."""
        half = (self.end - self.start) * factor / 2
        middle = (self.start + self.end) / 2
        return Region.of(self.chrom, middle - half, middle + half)

    def moved(self, share: float) -> Region:
        """Move it by a share of its width."""
        by = min((self.end - self.start) * share, 1e9)
        first = max(0.0, self.start + by)
        return Region.of(self.chrom, first, first + self.end - self.start)

    @property
    def width(self) -> int:
        """In bases."""
        return self.end - self.start

    def __str__(self) -> str:
        return f"{self.chrom}:{self.start:,}-{self.end:,}"
