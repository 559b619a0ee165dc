"""One finished run as the pages ask it: which colours there are, and what each cell's value is. N cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.analysis.everywhere import impute_everywhere
from monae_app.engine.analysis.feature_search import FeatureSearch
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.analysis.tables import LOCAL_MIXING
from monae_app.engine.data.dataset import METHYLATION, is_count
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.web.cell_columns import as_groups, shown_columns
from monae_app.web.measured import inputs_version, measured_mean
from monae_app.web.mixing import MIXING_UNIT, can_be_mixed, mixing_of
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monae_app.engine.analysis.feature_search import Found
    from monae_app.jobs.gene_sets import GeneSet

FEATURE_KINDS = {"rna": "gene", "atac": "peak", "protein": "protein", "methylation": "region"}
HITS = 50
# What a program that opens one run keeps of it.
KEPT_BYTES = 512 * 2**20
LOG_SCALE = "ln(1 + CP10k)"
LEVEL = "level, 0 to 1"
NOT_MODELLED = "not modelled jointly: placed by a regression afterwards"


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
    """A finished run, ready to be asked; it holds what was asked for lately and reads the rest when it is needed.

    Parameters
    ----------
    run
        Its files.
    """

    def __init__(self, run: RunSlices) -> None:
        self.run = run
        self.modalities, self.report, self.n_cells = run.modalities, run.report, run.n_cells
        self.folder: Path = run.folder
        self.version = run.version
        self.features = FeatureSearch(run)

    @classmethod
    def open(cls, folder: Path) -> RunView:
        """Open the finished run in a folder, for a program that looks at one run.

        Raises
        ------
        InputError
            If the folder is no finished run.
        """
        return cls(RunSlices(folder, KeptArrays(KEPT_BYTES)))

    @property
    def result(self) -> Result:
        """Read all files of the run whole: of no use to a page, where cells may be millions."""
        return Result.load(self.folder)

    @property
    def spans(self) -> dict[str, range]:
        """Rows of each modality."""
        return self.run.spans

    @property
    def xy(self) -> np.ndarray[Any, Any]:
        """Where the cells lie on the map, (N, 2), float32."""
        return self.run.array("X_umap")

    @property
    def cells(self) -> pd.DataFrame:
        """One row a cell: ``x``, ``y`` (float32), ``modality`` and ``id`` without its prefix."""
        return self.some_cells(slice(0, self.n_cells))

    def some_cells(self, rows: slice | np.ndarray[Any, Any]) -> pd.DataFrame:
        """Return rows of ``cells``, a slice or (n,) increasing."""
        xy = self.xy[rows]
        modality = np.repeat(list(self.spans), [len(span) for span in self.spans.values()])[rows]
        return pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "modality": modality, "id": self.run.names(rows)})

    @property
    def columns(self) -> list[str]:
        """Columns of obs worth colouring by, labels first."""
        return list(self._shown)

    @cached_property
    def _shown(self) -> dict[str, bool]:
        shown = shown_columns(self.run)
        return shown | ({LOCAL_MIXING: False} if LOCAL_MIXING not in shown and can_be_mixed(self.run) else {})

    @property
    def label(self) -> str | None:
        """The column that the scores were computed with."""
        label = self.report.get("label")
        return str(label) if label else None

    @property
    def default_colour(self) -> str:
        """What the map shows first: the label, else clusters."""
        return f"obs:{self.columns[0]}"

    @property
    def groupings(self) -> list[str]:
        """Columns whose values are groups, labels first."""
        return [name for name, grouping in self._shown.items() if grouping]

    def group_names(self, column: str) -> list[str]:
        """Names of the groups of a column as the run has them, sorted."""
        return sorted(set(map(str, self.run.column(column).dropna().unique())))

    def identity(self, row: int) -> dict[str, Any]:
        """Say which cell stands in a row: ``row``, ``id``, ``modality`` and ``labels``, text by column."""
        modality = next(name for name, span in self.spans.items() if row in span)
        told = {name: self.run.at(name, row) for name in self.groupings if name != "modality"}
        labels = {name: str(value) for name, value in told.items() if value is not None}
        return {"row": row, "id": self.run.names(slice(row, row + 1))[0], "modality": modality, "labels": labels}

    def search(self, text: str = "", limit: int = HITS) -> list[Hit]:
        """Find columns that contain ``text``, and features that begin with it or lie there, by name or Ensembl id."""
        wanted = text.strip()
        folded = wanted.casefold()
        hits = [Hit(f"obs:{name}", name, "cells") for name in self.columns if folded in name.casefold()]
        if wanted:
            for modality in self.modalities:
                found = self.features.starting(modality, wanted, limit - len(hits)) if len(hits) < limit else []
                hits += [_hit(each) for each in found]
        return hits[:limit]

    def hit(self, key: str) -> Hit | None:
        """Describe one colour, or None if this run has no such thing."""
        kind, _, name = key.partition(":")
        if kind == "obs" and name in self._shown:
            return Hit(key, name, "cells")
        row = self.features.row(kind, name) if kind in self.modalities else None
        return None if row is None else _hit(self.features.told(kind, row))

    def colouring(self, key: str, *, measured: bool = False) -> Colouring:
        """Give every cell its value.

        Raises
        ------
        InputError
            If the run has no such column or feature, or its measured values cannot be read any more.
        """
        kind, _, name = key.partition(":")
        if kind == "obs" and name in self._shown:
            return self._column(name)
        row = self.features.row(kind, name) if kind in self.modalities else None
        if row is None:
            raise InputError(
                f"This run has nothing called {name[:80]!r}.",
                "a column of the cells, or a gene or peak of this run.",
                "search for it in the field 'Colour by'.",
            )
        values = self._mean([self.features.told(kind, row)], measured=measured)
        return Colouring(name, self._unit(kind, measured=measured), values)

    def look_up(self, genes: Sequence[str]) -> tuple[list[Found], list[str]]:
        """Look genes up in the modality that has most of them: those found, and the names of the others.

        Upper and lower case are alike, and Ensembl ids are names too.
        """
        best: list[Found | None] = [None] * len(genes)
        for modality in self.modalities:
            found = self.features.alike(modality, genes)
            if sum(each is not None for each in found) > sum(each is not None for each in best):
                best = found
        missing = [name for name, each in zip(genes, best, strict=True) if each is None]
        return list({each.row: each for each in best if each is not None}.values()), missing

    def members(self, chosen: GeneSet) -> list[Found]:
        """Look the genes of a set up.

        Raises
        ------
        InputError
            If the run has none of them.
        """
        found, missing = self.look_up(chosen.genes)
        if found:
            return found
        raise InputError(
            f"None of the {len(missing):,} genes of {chosen.name!r} is in this run.",
            "symbols or Ensembl ids of features of this run.",
            "check the spelling and the species.",
        )

    def mean_of(self, chosen: GeneSet, *, measured: bool = False) -> Colouring:
        """Give every cell the mean over the genes of a set, each on the scale that it has alone.

        Raises
        ------
        InputError
            If the run has none of them, or their measured values cannot be read any more.
        """
        found = self.members(chosen)
        unit = f"mean of {len(found):,}, {self._unit(found[0].modality, measured=measured)}"
        return Colouring(chosen.name, unit, self._mean(found, measured=measured))

    def measured_version(self, modality: str) -> str:
        """Return what changes when the files that were measured do."""
        return inputs_version(self.run, modality)

    def _unit(self, modality: str, *, measured: bool) -> str:
        scale = LOG_SCALE if self._is_counts(modality) else LEVEL if modality == METHYLATION else "own scale"
        return f"{'measured' if measured else 'imputed'}, {scale}"

    def _column(self, name: str) -> Colouring:
        if name == LOCAL_MIXING:
            return Colouring(name, MIXING_UNIT, mixing_of(self.run))
        column = self.run.column(name)
        if name == "modality":
            order = [modality_title(modality) for modality in self.modalities]
            column = pd.Series(pd.Categorical(column.astype(str).map(modality_title), categories=order))
        if self._shown[name]:
            return Colouring(name, "", as_groups(column))
        return Colouring(name, "", column.astype(np.float32))

    def _mean(self, found: list[Found], *, measured: bool) -> pd.Series[Any]:
        """Average features of one modality, or take the one."""
        modality, rows = found[0].modality, [each.row for each in found]
        counts = self._is_counts(modality)

        def make() -> np.ndarray[Any, Any]:
            if measured:
                return measured_mean(self.run, self.features, found, counts=counts)
            return impute_everywhere(self.run, modality, np.array(rows), log=counts)

        name = ("values", tuple(rows), self.measured_version(modality) if measured else "imputed")
        return pd.Series(self.run.kept.get(self.run.owner, name, make), copy=False)

    def _is_counts(self, modality: str) -> bool:
        return is_count(self.run.likelihood(modality))


def _hit(found: Found) -> Hit:
    notes = [found.id, "" if found.modelled else NOT_MODELLED]
    kind = FEATURE_KINDS.get(found.modality, "feature")
    return Hit(f"{found.modality}:{found.name}", found.name, kind, " · ".join(filter(None, notes)))
