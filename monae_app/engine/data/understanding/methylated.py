"""Where a part keeps methylation: reads in two layers, or levels with or without their coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.understanding.matrices import AUTO, RAW, X
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.engine.data.contents import Matrix, Part

# Names under which the field keeps them, best first.
METHYLATED = ("methylated", "mc", "meth", "m", "methylated_reads", "mc_reads", "n_methylated", "n_meth", "meth_reads")
COVERED = ("total", "cov", "coverage", "covered", "total_reads", "n_total", "n_cov", "reads", "depth", "n")
LEVELS = ("levels", "level", "fraction", "frac", "mc_frac", "beta", "ratio", "methylation")
BOTH = "+"


@dataclass(frozen=True)
class MethylationSource:
    """Which matrices hold methylation.

    Parameters
    ----------
    values
        Name of the matrix of methylated reads, or of levels.
    total
        Name of the matrix of covered reads; None where there are levels alone.
    because
        Why these, in words.
    """

    values: str
    total: str | None
    because: str

    @property
    def name(self) -> str:
        """What ``methylation_matrix`` calls them."""
        return self.values if self.total is None else f"{self.values}{BOTH}{self.total}"


def named_pair(part: Part) -> tuple[str, str] | None:
    """Return the layers that by their names hold methylated and covered reads; None if there are not both."""
    found = _named(part, METHYLATED), _named(part, COVERED)
    return (found[0], found[1]) if found[0] and found[1] else None


def choose_values(part: Part, wanted: str = AUTO) -> MethylationSource:
    """Choose where to take methylation from.

    Parameters
    ----------
    part
        With its matrices.
    wanted
        Two matrices joined by ``+``, one of levels, or ``auto``: layers named like methylated and covered reads; else
        X, or a layer named like levels, with the coverage if a layer is named so.

    Raises
    ------
    InputError
        If there is no matrix, or none of that name.
    """
    if not part.matrices:
        raise InputError("There is no matrix.", "levels, or methylated and covered reads.", "write the file anew.")
    if wanted != AUTO:
        names = [name.strip() for name in wanted.split(BOTH)] if wanted not in part.matrices else [wanted]
        missing = next((name for name in names if name not in part.matrices), None)
        if missing is not None or len(names) > 2:
            raise InputError(
                f"There is no matrix {missing or wanted!r} for methylation.",
                f"one or two (joined by +) of: {', '.join(map(repr, part.matrices))}.",
                "name these, or auto.",
            )
        return MethylationSource(names[0], names[1] if len(names) == 2 else None, "as told")
    pair = named_pair(part)
    if pair is not None:
        return MethylationSource(*pair, "by their names")
    total = _named(part, COVERED)
    others = [name for name in part.matrices if name not in (total, RAW)]
    levels = _named(part, LEVELS) or (X if X in others else next(iter(others), None))
    if levels is None:
        raise InputError(
            f"There are only covered reads ({total!r}), and no methylated ones.",
            "levels, or methylated and covered reads.",
            "add the methylated reads as a layer.",
        )
    return MethylationSource(levels, total, "by their names" if total else "as the only values")


def _named(part: Part, names: tuple[str, ...]) -> str | None:
    folded = {name.casefold(): name for name in part.matrices}
    return next((folded[name] for name in names if name in folded), None)


def are_levels(matrix: Matrix) -> bool:
    """Whether a look at a matrix shows values from 0 to 1 that are not all whole."""
    values = np.asarray(matrix.peek(), np.float64)
    known = values[np.isfinite(values)]
    within = bool(len(known)) and bool(((known >= 0) & (known <= 1)).all())
    return within and bool((known % 1 != 0).any())


def has_gaps(matrix: Matrix) -> bool:
    """Whether a look at a matrix shows NaN."""
    return bool(np.isnan(np.asarray(matrix.peek(), np.float64)).any())


def looks_methylated(part: Part) -> str:
    """Say by what a part is known to hold methylation; empty if nothing tells."""
    pair = named_pair(part)
    if pair is not None:
        return f"it has layers of methylated ({pair[0]}) and covered reads ({pair[1]})"
    x = part.matrices.get(X)
    if x is not None and _named(part, COVERED) is not None and are_levels(x):
        return "X holds values from 0 to 1, and a layer how many reads they are of"
    return ""
