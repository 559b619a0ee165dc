"""What a file holds, for people and as JSON: its parts, what each is, and whether it can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monae_app.engine.config import make_config
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.dataset import METHYLATION, MIN_CELLS, MIN_FEATURES, check_values
from monae_app.engine.data.methylation_reading import with_contexts_in_names
from monae_app.engine.data.part_reading import on_matrix, origin_of, read_part
from monae_app.engine.data.readers import open_file
from monae_app.engine.data.regions import contexts_of
from monae_app.engine.data.understanding.columns import batch_columns, label_columns
from monae_app.engine.data.understanding.feature_names import name_features
from monae_app.engine.data.understanding.matrices import choose_matrix, kind_of
from monae_app.engine.data.understanding.methylated import choose_values
from monae_app.engine.data.understanding.modality import guess_from_file
from monae_app.engine.data.understanding.origin import Origin
from monae_app.engine.data.understanding.parts import guessed_parts
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.config import ModalityName
    from monae_app.engine.data.contents import Part, ReadingOptions
    from monae_app.engine.data.understanding.feature_names import Named
    from monae_app.engine.data.understanding.guess import Guess

EXAMPLES = 5


def look_into(path: Path, options: ReadingOptions | None = None, *, thoroughly: bool = False) -> dict[str, Any]:
    """Say what a file or folder holds, without deciding anything.

    Parameters
    ----------
    path
        The file or folder.
    options
        What its reader is told.
    thoroughly
        Read the values whole, as a run would, instead of looking at some of them.

    Returns
    -------
    dict
        ``name``, ``format``, ``notes`` and ``parts``; of each part ``name``, ``modality``, ``organism`` and ``genome``
        (each a value with its certainty and reason), ``origin`` in words, ``rows`` (of text), ``cells``, ``features``,
        ``matrices`` (name, shape, kind), ``matrix`` (the one that is taken), ``kind``, ``names``, ``example_cells``,

    Raises
    ------
    InputError
        If it cannot be read.
    """
    contents = open_file(path, options)
    guesses = guessed_parts(contents)
    if len(guesses) == 1 and guesses[0][1].value is None:
        guesses = [(guesses[0][0], guess_from_file(path))]
    parts = [_appearance(part, guess, thoroughly=thoroughly) for part, guess in guesses]
    return {"name": path.name, "format": contents.format, "notes": list(contents.notes), "parts": parts}


def _appearance(part: Part, guess: Guess, *, thoroughly: bool) -> dict[str, Any]:
    modality: ModalityName = guess.value or "rna"  # type: ignore[assignment]
    if modality == METHYLATION:
        return _of_methylation(part, guess, thoroughly=thoroughly)
    chosen = choose_matrix(part)
    matrix = part.matrices[chosen.name]
    var = part.var if matrix.var is None else matrix.var
    named = name_features(var, modality)
    origin = origin_of(part, var, named.var, modality) if guess.value else Origin()
    found = _described(part, guess, named, origin) | {"matrix": chosen.name, "kind": chosen.kind}
    found["notes"] = [*part.notes, *on_matrix(chosen), *named.notes]
    return found | (_read_whole(part, modality) if thoroughly else {})


def _described(part: Part, guess: Guess, named: Named, origin: Origin) -> dict[str, Any]:
    return {
        "name": part.name,
        "modality": guess.to_json(),
        "organism": origin.organism.to_json(),
        "genome": origin.genome.to_json(),
        "origin": str(origin),
        "rows": part.rows,
        "cells": len(part.obs),
        "features": len(named.var),
        "matrices": [
            {"name": name, "shape": list(each.shape), "kind": kind_of(each)} for name, each in part.matrices.items()
        ],
        "names": named.kind,
        "example_cells": [str(name) for name in part.obs.index[:EXAMPLES]],
        "example_features": [str(name) for name in named.var.index[:EXAMPLES]],
        "labels": label_columns([part.obs]),
        "batches": batch_columns([part.obs]),
        "too_small": len(part.obs) < MIN_CELLS or len(named.var) < MIN_FEATURES,
        "error": None,
    }


def _of_methylation(part: Part, guess: Guess, *, thoroughly: bool) -> dict[str, Any]:
    source = choose_values(part)
    context, because = contexts_of(part.var)
    named = name_features(with_contexts_in_names(part.var, context), METHYLATION)
    origin = origin_of(part, part.var, named.var, METHYLATION)
    kind = "levels" if source.total is None else "reads"
    told = f"the context of the regions is {' and '.join(dict.fromkeys(context.tolist()))}, {because}."
    found = _described(part, guess, named, origin) | {"matrix": source.name, "kind": kind}
    found["notes"] = [*part.notes, *named.notes, told]
    return found | (_read_whole(part, METHYLATION) if thoroughly else {})


def _read_whole(part: Part, modality: ModalityName) -> dict[str, Any]:
    return {"cell_names": part.obs.index.astype(str).tolist()} | _problem(part, modality)


def _problem(part: Part, modality: ModalityName) -> dict[str, Any]:
    """Read a part whole; give what a run would say against it as ``error``, else what else came out."""
    try:
        table = read_part(part, modality, make_config(inputs={modality: "-"}))
        repeated = table.obs.index[table.obs.index.duplicated()].unique()
        if len(repeated):
            raise InputError(
                f"{len(repeated):,} cell names stand more than once, such as {str(repeated[0])!r}.",
                "a name of its own for every cell.",
                "make them unique in the file (obs_names_make_unique() in anndata does).",
            )
        if isinstance(table.values, CoveredMatrix):
            check_values(table.values, table.obs.index, modality, "normal")
            return {"notes": list(table.notes), "kind": table.found["kind"], "coverage": table.found["coverage"]}
        counted = bool((table.values.data == table.values.data.round()).all())
        # without any count there is nothing to train on, but nothing wrong either
        if table.values.nnz:
            check_values(table.values, table.obs.index, modality, "nb" if counted else "normal")
    except InputError as error:
        return {"error": {"found": error.found, "expected": error.expected, "todo": error.todo}}
    kind = "zeros" if not table.values.nnz else "counts" if counted else table.found["kind"]
    return {"notes": list(table.notes), "kind": kind}
