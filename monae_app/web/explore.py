"""One finished run as the pages ask it: which colours there are, and what each cell's value is. N cells."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.analysis.imputation import impute
from monae_app.engine.data.dataset import is_count
from monae_app.engine.data.feature_reading import read_feature
from monae_app.engine.errors import InputError
from monae_app.engine.result import CELLS
from monae_app.jobs.archive_import import imported
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from monae_app.engine.result import Result

FEATURE_KINDS = {"rna": "gene", "atac": "peak", "protein": "protein"}
HITS = 50
LOG_SCALE = "ln(1 + CP10k)"
# A column of text with more values than this is an identifier, not a grouping.
MOST_CATEGORIES = 200
# A column of numbers with fewer values than this may be a grouping written in digits.
FEW_NUMBERS = 12
# Columns that a run needs and that say nothing on a map.
NOT_SHOWN = ("pair_id", "monae_batch", "held_out")


@dataclass(frozen=True)
class Hit:
    """One thing that cells can be coloured by; ``key`` is "obs:<column>" or "<modality>:<feature>"."""

    key: str
    name: str
    kind: str
    note: str = ""


@dataclass(frozen=True)
class Colouring:
    """A value for every cell.

    Parameters
    ----------
    title
        Name of the column or feature.
    unit
        What its continuous values are; empty for a column. CP10k: counts per 10,000 of the cell.
    values
        (N,) categories, or floats with NaN where a cell has none.
    """

    title: str
    unit: str
    values: pd.Series[Any]

    @property
    def categorical(self) -> bool:
        """Whether the values are groups."""
        return isinstance(self.values.dtype, pd.CategoricalDtype)


class RunView:
    """A finished run, ready to be asked.

    Parameters
    ----------
    result
        The run's files.
    """

    def __init__(self, result: Result) -> None:
        self.result = result
        self.modalities = result.modalities

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row a cell: ``x``, ``y`` (float32), ``modality`` and ``id`` without its prefix."""
        obs, xy = self.result.cells.obs, np.asarray(self.result.cells.obsm["X_umap"], dtype=np.float32)
        modality = obs["modality"].astype(str).to_numpy()
        names = [str(name).split(":", 1)[-1] for name in obs.index]
        return pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "modality": modality, "id": names})

    @cached_property
    def version(self) -> str:
        """Changes when the cells of the run do."""
        folder = self.result.folder
        stat = (folder / CELLS).stat() if folder else None
        return f"{stat.st_mtime_ns:x}-{stat.st_size:x}" if stat else "memory"

    @cached_property
    def xy(self) -> np.ndarray[Any, Any]:
        """Where the cells lie on the map, (N, 2), float32."""
        return np.asarray(self.result.cells.obsm["X_umap"], dtype=np.float32)

    @cached_property
    def spans(self) -> dict[str, range]:
        """Rows of each modality.

        Raises
        ------
        InputError
            If the cells of one do not stand together.
        """
        of_cell = self.cells["modality"].to_numpy()
        found, first = {}, 0
        for modality in self.modalities:
            count = int((of_cell == modality).sum())
            found[modality] = range(first, first + count)
            if not (of_cell[first : first + count] == modality).all():
                raise InputError(
                    f"The cells of {modality} do not stand together in {CELLS}.",
                    "all cells of a modality in one piece, modalities in the order of the run.",
                    "train the run anew.",
                )
            first += count
        return found

    def identity(self, row: int) -> dict[str, Any]:
        """Say which cell stands in a row: ``row``, ``id``, ``modality`` and ``labels``, text by column."""
        cell = self.cells.iloc[row]
        obs = self.result.cells.obs
        told = {name: obs[name].iloc[row] for name in self.columns if name != "modality" and _is_grouping(obs[name])}
        labels = {name: str(value) for name, value in told.items() if not pd.isna(value)}
        return {"row": row, "id": cell["id"], "modality": cell["modality"], "labels": labels}

    @cached_property
    def columns(self) -> list[str]:
        """Columns of obs worth colouring by, labels first."""
        obs = self.result.cells.obs
        known = [self.label, *self._said("labels"), "modality", "leiden", *self._said("batches")]
        rest = [name for name in obs.columns if not name.startswith("normaliser_") and name not in NOT_SHOWN]
        ordered = dict.fromkeys(str(name) for name in [*known, *rest] if name is not None and name in obs.columns)
        return [name for name in ordered if _is_grouping(obs[name]) or pd.api.types.is_numeric_dtype(obs[name])]

    @property
    def label(self) -> str | None:
        """The column that the scores were computed with."""
        label = self.result.report.get("label")
        return str(label) if label else None

    @property
    def default_colour(self) -> str:
        """What the map shows first: the label, else clusters."""
        return f"obs:{self.columns[0]}"

    def search(self, text: str = "", limit: int = HITS) -> list[Hit]:
        """Find columns that contain ``text`` and features that begin with it, upper and lower case alike."""
        wanted = text.strip().casefold()
        hits = [Hit(f"obs:{name}", name, "cells") for name in self.columns if wanted in name.casefold()]
        if wanted:
            for modality, (folded, names) in self._names.items():
                begin = bisect_left(folded, wanted)
                end = bisect_left(folded, wanted + "\U0010ffff")
                kind = FEATURE_KINDS.get(modality, "feature")
                hits += [Hit(f"{modality}:{name}", name, kind) for name in names[begin : min(end, begin + limit)]]
        return hits[:limit]

    def hit(self, key: str) -> Hit | None:
        """Describe one colour, or None if this run has no such thing."""
        kind, _, name = key.partition(":")
        if kind == "obs" and name in self.columns:
            return Hit(key, name, "cells")
        folded, names = self._names.get(kind, ([], []))
        begin, end = bisect_left(folded, name.casefold()), bisect_left(folded, name.casefold() + "\0")
        return Hit(key, name, FEATURE_KINDS.get(kind, "feature")) if name in names[begin:end] else None

    def colouring(self, key: str, *, measured: bool = False) -> Colouring:
        """Give every cell its value.

        Raises
        ------
        InputError
            If the run has no such column or feature, or its measured values cannot be read any more.
        """
        hit = self.hit(key)
        if hit is None:
            raise InputError(
                f"This run has nothing called {key.partition(':')[2]!r}.",
                "a column of the cells, or a gene or peak of this run.",
                "search for it in the field 'Colour by'.",
            )
        kind, _, name = key.partition(":")
        if kind == "obs":
            return self._column(name)
        found = self._measured(kind, name) if measured else self._imputed(kind, name)
        unit = f"{'measured' if measured else 'imputed'}, {LOG_SCALE if self._is_counts(kind) else 'own scale'}"
        numbers = pd.Series(np.log1p(np.maximum(found, 0)) if self._is_counts(kind) else found)
        return Colouring(name, unit, numbers.astype(np.float32))

    def _column(self, name: str) -> Colouring:
        column = self.result.cells.obs[name].reset_index(drop=True)
        if name == "modality":
            order = [modality_title(modality) for modality in self.modalities]
            column = pd.Series(pd.Categorical(column.astype(str).map(modality_title), categories=order))
        if _is_grouping(column):
            return Colouring(name, "", _as_groups(column))
        return Colouring(name, "", column.astype(np.float32))

    def _imputed(self, target: str, feature: str) -> np.ndarray[Any, Any]:
        values = np.full(len(self.cells), np.nan, dtype=np.float64)
        for source in self.modalities:
            mine = (self.cells["modality"] == source).to_numpy()
            if mine.any():
                values[mine] = impute(self.result, source, target, [feature], scale="cp10k")[:, 0]
        return values

    def _measured(self, modality: str, feature: str) -> np.ndarray[Any, Any]:
        values = np.full(len(self.cells), np.nan, dtype=np.float64)
        mine = (self.cells["modality"] == modality).to_numpy()
        column = self._read_input(modality, feature)
        # By name, not by row: a run may have left cells out.
        raw = column.reindex(self.cells.loc[mine, "id"]).to_numpy(dtype=np.float64)
        if self._is_counts(modality):
            library = self.result.cells.obs["library_size"].to_numpy(dtype=np.float64)[mine]
            raw = raw / np.maximum(library, 1.0) * 1e4
        values[mine] = raw
        return values

    def _read_input(self, modality: str, feature: str) -> pd.Series[Any]:
        path = next((path for path in self.result.input_paths(modality) if not path.exists()), None)
        if path is None:
            return read_feature(self.result.config, modality, feature)  # type: ignore[arg-type]
        if imported(self.result.config):
            raise InputError(
                "This run was imported: the measured values are not here.",
                "the files that it was made from.",
                "show the imputed values instead, or open the run where it was made.",
            )
        raise InputError(
            f"The input file {path.name} is not where it was when the run was made.",
            f"the file at {path}.",
            "put it back, or show the imputed values instead.",
        )

    def _is_counts(self, modality: str) -> bool:
        said = self.result.report.get("dataset", {}).get("modalities", {}).get(modality, {})
        return is_count(str(said.get("likelihood", "nb")))

    def _said(self, what: str) -> list[str]:
        return [str(name) for name in self.result.report.get("dataset", {}).get(what, [])]

    @cached_property
    def _names(self) -> dict[str, tuple[list[str], list[str]]]:
        """Per modality: names of the features in lower case, sorted, and as they are written."""
        obs = self.result.features.obs
        found = {}
        for modality in self.modalities:
            names = obs.loc[obs["modality"].astype(str) == modality, "name"].astype(str).tolist()
            pairs = sorted((name.casefold(), name) for name in names)
            found[modality] = ([folded for folded, _ in pairs], [name for _, name in pairs])
        return found


def _is_grouping(column: pd.Series[Any]) -> bool:
    distinct = column.nunique()
    if pd.api.types.is_bool_dtype(column):
        return True
    if pd.api.types.is_numeric_dtype(column):
        return bool(pd.api.types.is_integer_dtype(column) and distinct <= FEW_NUMBERS)
    return bool(0 < distinct <= MOST_CATEGORIES)


def _as_groups(column: pd.Series[Any]) -> pd.Series[Any]:
    if isinstance(column.dtype, pd.CategoricalDtype) and pd.api.types.is_string_dtype(column.cat.categories):
        return column.cat.remove_unused_categories()
    text = column.astype("string").astype(object)
    names = sorted(
        text.dropna().unique(), key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name)
    )
    return pd.Series(pd.Categorical(text, categories=names))
