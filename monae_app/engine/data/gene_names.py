"""Genes of a data set, to be found by names that are not written quite like theirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monae_app.engine.data.antibodies import canonical, organism_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monae_app.engine.data.antibodies import Organism


@dataclass(frozen=True)
class GeneNames:
    """Genes of a data set, to be found by name.

    Parameters
    ----------
    names
        (G,); of several genes of one name the first counts.
    """

    names: Sequence[str]
    exact: dict[str, int] = field(init=False)
    folded: dict[str, int] = field(init=False)
    plain: dict[str, int] = field(init=False)
    organism: Organism = field(init=False)

    def __post_init__(self) -> None:
        exact = {name: at for at, name in reversed(list(enumerate(self.names)))}
        object.__setattr__(self, "exact", exact)
        object.__setattr__(self, "folded", {name.casefold(): at for name, at in exact.items()})
        object.__setattr__(self, "plain", {canonical(name): at for name, at in exact.items()})
        object.__setattr__(self, "organism", organism_of(exact))

    def find(self, name: str) -> int | None:
        """Find a gene by its very name, else in any case."""
        return self.exact.get(name, self.folded.get(name.casefold()))

    def find_first(self, names: Iterable[str]) -> int | None:
        """Find a gene by the first of its names that is there."""
        return next((at for name in names if (at := self.find(name)) is not None), None)

    def find_loosely(self, name: str) -> int | None:
        """Find a gene whatever stands between the letters of its name: ``HLA.DRA`` for ``HLA-DRA``."""
        return self.plain.get(canonical(name)) if canonical(name) else None
