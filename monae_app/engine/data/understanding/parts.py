"""Which parts of a file are of a modality."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.contents import Matrix
from monae_app.engine.data.understanding.modality import TYPE_COLUMNS, feature_types, guess_modality
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from monae_app.engine.config import ModalityName
    from monae_app.engine.data.contents import Contents, Part
    from monae_app.engine.data.understanding.guess import Guess

FEATURES: dict[str, str] = {"rna": "genes", "atac": "peaks", "protein": "proteins", "methylation": "regions"}


def separate(part: Part) -> tuple[Part, ...]:
    """Split a part whose features are of several modalities, as a column of var says, into one part a modality."""
    types = feature_types(part.var)
    if part.modality is not None or types is None:
        return (part,)
    kinds = list(dict.fromkeys(types[types != ""].tolist()))
    left_out = part.var.loc[types == ""]
    if len(kinds) == 1 and not len(left_out):
        return (part,)
    notes = part.notes
    if len(left_out):
        column = next(name for name in TYPE_COLUMNS if name in part.var)
        others = ", ".join(sorted(left_out[column].astype(str).unique()))
        notes = (*notes, f"{len(left_out):,} features of another kind ({others}) were left out.")
    return tuple(_of_kind(part, kind, types, notes) for kind in kinds)


def _of_kind(part: Part, kind: str, types: np.ndarray, notes: Sequence[str]) -> Part:
    matrices = {}
    for name, matrix in part.matrices.items():
        own = types if matrix.var is None else feature_types(matrix.var)
        if own is not None:
            matrices[name] = _columns(matrix, np.flatnonzero(own == kind))
    return replace(
        part,
        var=part.var.loc[types == kind],
        matrices=matrices,
        name=f"{part.name} {kind}".strip(),
        modality=kind,  # type: ignore[arg-type]
        notes=tuple(notes),
    )


def _columns(matrix: Matrix, at: np.ndarray) -> Matrix:
    def read() -> sp.csr_matrix | np.ndarray:
        values = matrix.read()
        return sp.csr_matrix(values)[:, at] if sp.issparse(values) else np.asarray(values)[:, at]

    var = None if matrix.var is None else matrix.var.iloc[at]
    some = matrix.columns
    columns = None if some is None else lambda wanted: some(at[wanted])
    # a look at all features tells the kind of values of each: they were counted, or changed, together
    return Matrix((matrix.shape[0], len(at)), read, matrix.peek, var, columns, matrix.dense)


def guessed_parts(contents: Contents) -> list[tuple[Part, Guess]]:
    """All parts of a file, each of one modality, with what each probably is."""
    return [(part, guess_modality(part)) for whole in contents.parts for part in separate(whole)]


def parts_of(contents: Contents, modality: ModalityName) -> tuple[list[Part], list[str]]:
    """Choose the parts of a file that are of a modality; several are samples.

    Returns
    -------
    tuple
        At least one part, and what is to be said of the choice.

    Raises
    ------
    InputError
        If no part can be of that modality.
    """
    found = guessed_parts(contents)
    fitting = [part for part, guess in found if guess.value == modality]
    if fitting:
        return fitting, []
    if len(found) == 1 and _possible(found[0][0].var, found[0][1], modality):
        part, guess = found[0]
        told = f"taken as {modality}, as told, though it looks like {guess.value}: {guess.because}"
        return [part], [f"{told}."] if guess.value and guess.certainty == "sure" else []
    unknown = [part for part, guess in found if guess.value is None]
    if len(found) > 1 and len(unknown) == 1:
        return unknown, [f"the part {unknown[0].name!r} was taken as {modality}: it is the only one of unknown kind."]
    held = "; ".join(
        f"{part.name + ': ' if part.name else ''}{guess.value or 'unknown'} ({guess.because})" for part, guess in found
    )
    raise InputError(
        f"{contents.path.name} holds no {modality}: {held}.",
        f"{FEATURES[modality]} in the file that is given as {modality}.",
        "name another file, or give this one as what it is.",
    )


def _possible(var: pd.DataFrame, guess: Guess, modality: ModalityName) -> bool:
    """Whether a part may be what the user says against what it looks like: places are peaks or methylated regions."""
    sure = guess.value == "atac" and guess.certainty == "sure"
    return not (sure and modality not in ("atac", "methylation") and len(var) > 0)


def modalities_of(contents: Contents) -> list[ModalityName]:
    """Modalities that a file holds for all that can be told, each once, in its order.

    Raises
    ------
    InputError
        If a part is of no modality that can be told.
    """
    found = guessed_parts(contents)
    unknown = [(part, guess) for part, guess in found if guess.value is None]
    if len(unknown) == len(found):
        raise InputError(
            f"What {contents.path.name} measures cannot be told: {unknown[0][1].because}.",
            "features named like genes, peaks or antibodies, or methylated and covered reads.",
            f"say what it is: {', '.join(f'{name}={contents.path.name}' for name in FEATURES)}.",
        )
    return list(dict.fromkeys(guess.value for _, guess in found if guess.value is not None))  # type: ignore[misc]
