"""A guess: what was found, how sure that is, and the numbers behind it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Certainty = Literal["sure", "likely", "unsure"]


@dataclass(frozen=True)
class Guess:
    """What something probably is.

    Parameters
    ----------
    value
        The guess; None where nothing speaks for anything.
    certainty
        ``sure``: the file says so, or nothing else fits; ``likely``: the best of several; ``unsure``: anything may be.
    because
        What speaks for it, in words, with numbers.
    """

    value: str | None
    certainty: Certainty
    because: str

    def to_json(self) -> dict[str, str | None]:
        """Write it as a dict."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.value} ({self.certainty})" if self.value else "unknown"
