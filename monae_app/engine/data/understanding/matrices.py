"""Which of the matrices of a part to take: counts wherever they are, else what there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.engine.data.contents import Matrix, Part

Kind = Literal["counts", "continuous", "negative", "scaled", "gaps", "zeros", "reads", "levels"]
AUTO, X, RAW = "auto", "X", "raw"
# Names under which the field keeps counts, best first.
COUNT_LAYERS = ("counts", "raw_counts", "count", "raw_count", "umi_counts", "umi", "umis", "raw", "layers/raw")
# A part of the counts, better than none at all.
PARTIAL_COUNTS = ("spliced",)
NO_COUNTS = ("unspliced", "ambiguous", "spanning")
WORDS: dict[Kind, str] = {
    "counts": "counts",
    "continuous": "continuous values",
    "negative": "integers, some of them negative",
    "scaled": "continuous values, some of them negative (scaled or centred)",
    "gaps": "values with gaps (NaN)",
    "zeros": "zeros alone",
    "reads": "methylated and covered reads",
    "levels": "levels of methylation",
}


@dataclass(frozen=True)
class Chosen:
    """The matrix that is taken.

    Parameters
    ----------
    name
        ``X``, ``raw`` or the name of a layer.
    kind
        What a look at its values says.
    because
        Why this one, in words; empty where X was taken as everybody expects.
    """

    name: str
    kind: Kind
    because: str


def kind_of(matrix: Matrix) -> Kind:
    """Look at some of the values of a matrix."""
    values = np.asarray(matrix.peek())
    if values.dtype.kind == "b":
        return "counts" if values.any() else "zeros"
    if not np.isfinite(values).all():
        return "gaps"
    if not values.any():
        return "zeros"
    whole = bool(values.dtype.kind in "iu" or np.array_equal(values, np.round(values)))
    if (values < 0).any():
        return "negative" if whole else "scaled"
    return "counts" if whole else "continuous"


def choose_matrix(part: Part, wanted: str = AUTO) -> Chosen:
    """Choose the matrix to take.

    Parameters
    ----------
    part
        With at least one matrix.
    wanted
        ``X``, ``raw``, the name of a layer, or ``auto``: X if it holds counts, else a layer whose name says counts,
        else ``raw``, else another layer of counts; without counts X, else ``raw``, else the first layer by name.

    Raises
    ------
    InputError
        If there is no matrix, or none of that name.
    """
    if wanted != AUTO:
        if wanted not in part.matrices:
            raise InputError(
                f"There is no matrix {wanted!r}.",
                f"one of: {', '.join(map(repr, part.matrices)) or 'none; the file holds no matrix'}.",
                "name one of these, or auto.",
            )
        return Chosen(wanted, kind_of(part.matrices[wanted]), "as told")
    if not part.matrices:
        raise InputError("There is no matrix.", "the measured values in X, raw or a layer.", "write the file anew.")
    kinds = {name: kind_of(matrix) for name, matrix in part.matrices.items()}
    first = min(kinds, key=lambda name: (name != X, name != RAW, name.casefold() in NO_COUNTS, name))
    if kinds[first] == "counts" and first == X:
        return Chosen(X, "counts", "")
    found = next((name for name in _by_preference(part) if kinds[name] == "counts"), None)
    if found is None:
        return Chosen(first, kinds[first], "" if first == X else "there is no X")
    why = f"X holds {WORDS[kinds[X]]}" if X in kinds else "there is no X"
    return Chosen(found, "counts", why)


def _by_preference(part: Part) -> list[str]:
    """Matrices other than X that may hold counts, best first."""
    layers = sorted(name for name in part.matrices if name not in (X, RAW))
    folded = {name: name.casefold() for name in layers}
    named = [name for wanted in COUNT_LAYERS for name in layers if folded[name] == wanted]
    named += [name for name in layers if "count" in folded[name] and name not in named]
    partial = [name for name in layers if folded[name] in PARTIAL_COUNTS]
    others = [name for name in layers if name not in (*named, *partial) and folded[name] not in NO_COUNTS]
    # zeros and ones under an unknown name are rather a mask
    others = [name for name in others if np.asarray(part.matrices[name].peek()).max(initial=0) > 1]
    return [*named, *([RAW] if RAW in part.matrices else []), *others, *partial]
