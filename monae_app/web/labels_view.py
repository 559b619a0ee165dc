"""What the Labels page knows: what can be asked of a run, what was found, and how it is kept as columns. M cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.analysis.label_transfer.unassigned import NOVEL, UNASSIGNED
from monae_app.engine.errors import InputError
from monae_app.jobs.annotation_state import NONE
from monae_app.jobs.kept_labels import KeptLabels, asked_for, markers_asked
from monae_app.web.cell_columns import as_groups
from monae_app.web.label_files import GETS, GIVES, LabelFiles
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from monae_app.jobs.annotation_state import Column
    from monae_app.jobs.kept_npz import Kept
    from monae_app.web.explore import RunView
    from monae_app.web.label_files import Look
    from monae_app.web.selections import Selections
    from monae_app.web.services import Services

# Columns of groups that are no kinds of cells.
NO_LABELS = ("modality", "branch", "doublet", "has_counterpart")
LEVELS = (0.5, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Choice:
    """Whose labels go to whose cells; where ``file`` is named, its cells give labels or get some, by its ``role``."""

    run: str
    source: str
    column: str
    target: str
    file: str = ""
    role: str = GIVES

    @classmethod
    def first(
        cls, run: str, view: RunView, asked: dict[str, str], file: Look | None = None, role: str = GIVES
    ) -> Choice | None:
        """Choose what the URL asks for if it is there, else the label of the run or file; None where there is none.

        Cells of a file are first compared with the run's of their own modality.
        """
        names, gives = view.modalities, role != GETS
        own = file.modality(names, asked.get("from" if gives else "to")) if file else ""
        columns = file.labels(own) if file and gives else label_columns(view)
        if not columns or (len(names) < 2 and not file):
            return None
        column = asked.get("label") if asked.get("label") in columns else columns[0]
        # the side of the file is what the file holds
        source = asked.get("from") if asked.get("from") in names and not (own and gives) else own or names[0]
        others = [name for name in names if name != source or file]
        target = asked.get("to") if asked.get("to") in others and not (own and not gives) else own or others[0]
        return cls(run, str(source), str(column), str(target), file.ref if file else "", role)

    def checked(self, view: RunView) -> Choice:
        """Return it, if the run has all of it; what a file has is seen when it is read.

        Raises
        ------
        InputError
            If it has not.
        """
        if not {self.source, self.target} <= set(view.modalities) or (self.source == self.target and not self.file):
            raise InputError("Two modalities are needed.", "labels from one to another.", "choose two of this run.")
        columns = label_columns(view)
        if not self.column:
            raise InputError("No labels are chosen.", "a column of labels.", "choose a column, or a file that has one.")
        if self.column not in columns and not (self.file and self.role == GIVES):
            raise InputError(
                f"{self.column[:80]!r} is no column of labels.", f"one of: {', '.join(columns)}.", "choose one."
            )
        return self

    @property
    def asked(self) -> dict[str, Any]:
        """What it is kept under, where no file takes part."""
        return asked_for(self.source, self.column, self.target)

    @property
    def of_run(self) -> bool:
        """Whether the cells that get labels are the run's."""
        return not self.file or self.role == GIVES


def label_columns(view: RunView) -> list[str]:
    """Columns whose groups may be kinds of cells, labels first."""
    batches = view.report.get("dataset", {}).get("batches", [])
    return [name for name in view.groupings if name not in (*NO_LABELS, *batches)]


@dataclass(frozen=True)
class Found:
    """Labels that were transferred.

    Parameters
    ----------
    kept
        As the work left them.
    known
        Labels that the cells have in this column already, (M,), with gaps; None if none has one.
    span
        Rows of the cells in the run; empty where they are those of a file.
    """

    kept: Kept
    known: pd.Series[Any] | None
    span: range

    @cached_property
    def classes(self) -> np.ndarray:
        """Names, (C,)."""
        return np.array([str(each) for each in self.kept.about["classes"]])

    @cached_property
    def best(self) -> np.ndarray:
        """Code of the likeliest class, (M,)."""
        return np.asarray(self.kept.arrays["probabilities"].argmax(axis=1))

    @cached_property
    def confidence(self) -> np.ndarray:
        """Its probability, (M,)."""
        return np.asarray(self.kept.arrays["probabilities"].max(axis=1).astype(np.float32))

    @cached_property
    def agrees(self) -> np.ndarray | None:
        """Whether the likeliest class is the label that is there, (M,), NaN where there is none; None of none."""
        if self.known is None:
            return None
        there = self.known.notna().to_numpy()
        same = self.known.astype(object).to_numpy() == self.classes.astype(object)[self.best]
        return np.where(there, same.astype(float), np.nan)

    def codes(self, threshold: float) -> np.ndarray:
        """Code of each label, (M,); that of "unassigned" is the number of classes."""
        return np.where(self.confidence >= threshold, self.best, len(self.classes))

    def novel(self, threshold: float) -> int:
        """Count the cells that are unassigned because the source seems to lack their kind."""
        return int(((self.confidence < threshold) & (self.kept.arrays["novelty"] >= NOVEL)).sum())

    def table(self, threshold: float) -> pd.DataFrame:
        """Count: ``label``, ``cells``, ``share``, mean ``confidence``, ``before`` (had it); unassigned last."""
        codes, names = self.codes(threshold), [*self.classes, UNASSIGNED]
        counts = np.bincount(codes, minlength=len(names))
        mean = np.bincount(codes, self.confidence, len(names)) / np.maximum(counts, 1)
        told = pd.DataFrame({"label": names, "cells": counts, "share": counts / max(len(codes), 1), "confidence": mean})
        if self.known is not None:
            told["before"] = [int((self.known == name).sum()) for name in names]
        rest, last = told.iloc[:-1], told.iloc[-1:]
        return pd.concat([rest.sort_values("cells", ascending=False, kind="stable"), last])

    def confusion(self, threshold: float) -> tuple[np.ndarray, list[str], list[str]] | None:
        """Count cells by the label they had and the one they got; None where none had one."""
        if self.known is None:
            return None
        had = self.known.cat.categories.tolist()
        rows, there = self.known.cat.codes.to_numpy(), self.known.notna().to_numpy()
        given = [*self.classes.tolist(), UNASSIGNED]
        counts = np.zeros((len(had), len(given)), np.int64)
        np.add.at(counts, (rows[there], self.codes(threshold)[there]), 1)
        # those that both have stand on the diagonal
        order = [had.index(name) for name in given if name in had] + [
            row for row, name in enumerate(had) if name not in given
        ]
        return counts[order], [had[row] for row in order], given


class LabelsView:
    """Answers the page.

    Parameters
    ----------
    services, selections
        Of the app.
    """

    def __init__(self, services: Services, selections: Selections) -> None:
        self._services, self._selections = services, selections
        self.files = LabelFiles(services)

    def view(self, run: str | None) -> RunView | None:
        """Open a finished run; None if there is none."""
        return self._services.opened(run)

    def order(self, choice: Choice) -> dict[str, Any]:
        """Say what is to be done, as short work takes it.

        Raises
        ------
        InputError
            If the run or the file cannot be used.
        """
        view = self._services.view(choice.run)
        choice.checked(view)
        order = {"folder": str(view.folder), **{name: getattr(choice, name) for name in ("source", "column", "target")}}
        return {**order, "file": self.files.order(choice.file, choice.role)} if choice.file else order

    def found(self, choice: Choice) -> Found | None:
        """Return what was found; None if it was not asked for yet."""
        view, order = self._services.view(choice.run), self.order(choice)
        kept = self._kept().read(view.folder, asked_for(choice.source, choice.column, choice.target, order.get("file")))
        if kept is None:
            return None
        if not choice.of_run:
            had = kept.arrays.get("known")
            cells = None if had is None else pd.Categorical.from_codes(had, kept.about["known"])
            return Found(kept, None if cells is None else pd.Series(cells), range(0))
        span = view.spans[choice.target]
        known = self._known(view, choice.column, span)
        return Found(kept, known, span)

    def title(self, choice: Choice) -> str:
        """Name a column of these labels."""
        return f"{choice.column} from {self.files.name(choice.file) if choice.file else modality_title(choice.source)}"

    def marked(self, run: str, text: str) -> Kept | None:
        """Return what markers said; None if they were not asked."""
        return self._kept().read(self._services.view(run).folder, markers_asked(text))

    def keep(self, choice: Choice, threshold: float) -> tuple[Column, list[str]]:
        """Keep labels and confidence as columns of the map; return that of the labels, and the steps to take back.

        Raises
        ------
        InputError
            If there are none, or the run is somebody else's.
        """
        found = self.found(choice)
        if found is None:
            raise InputError("There are no labels yet.", "labels that were transferred.", "transfer them first.")
        if not choice.of_run:
            raise InputError(
                "These cells are not on the map.", "labels of cells of the run.", "take the table (CSV) of them."
            )
        annotations, title = self._selections.own(choice.run).annotations, self.title(choice)
        levels = [f"below {LEVELS[0]:.0%}", *(f"from {level:.0%}" for level in LEVELS)]
        sure = np.digitize(found.confidence, LEVELS).astype(np.uint8)
        cells = self._services.view(choice.run).n_cells
        annotations.columns.add_whole(f"{title}, confidence", levels, _whole(sure, found.span, cells))
        names = [*found.classes.tolist(), UNASSIGNED]
        made = annotations.columns.add_whole(title, names, _whole(found.codes(threshold), found.span, cells))
        return made, [step.id for step in reversed(annotations.state().past[-2:])]

    def keep_marked(self, run: str, text: str, name: str) -> Column:
        """Keep the types of clusters that markers told as a column.

        Raises
        ------
        InputError
            If there are none, or the run is somebody else's.
        """
        view, kept = self._services.view(run), self.marked(run, text)
        if kept is None:
            raise InputError("There are no scores yet.", "markers that were scored.", "score them first.")
        label = {str(row["group"]): str(row["label"]) for row in kept.about["groups"]}
        groups = view.run.column("leiden").astype(str).map(label) if "leiden" in view.run.columns else None
        if groups is None:
            raise InputError("This run has no clusters.", "the column leiden.", "train it anew.")
        names = list(dict.fromkeys([*sorted(set(label.values()) - {UNASSIGNED}), UNASSIGNED]))
        codes = pd.Categorical(groups, categories=names).codes.astype(np.int64)
        codes[codes < 0] = NONE
        return self._selections.own(run).annotations.columns.add_whole(name, names, codes.astype(np.uint8))

    def take_back(self, run: str, step: str | None) -> None:
        """Undo the step that kept them."""
        self._selections.own(run).annotations.undo(step)

    @staticmethod
    def _known(view: RunView, column: str, span: range) -> pd.Series[Any] | None:
        """Labels that cells of the run have in this column, (M,); None where they have none."""
        if column not in label_columns(view):
            return None
        known = as_groups(view.run.column(column)).iloc[span.start : span.stop].reset_index(drop=True)
        return known.cat.remove_unused_categories() if known.notna().any() else None

    def _kept(self) -> KeptLabels:
        return KeptLabels(self._services.settings.store, self._services.users.current())


def _whole(codes: np.ndarray, span: range, cells: int) -> np.ndarray:
    """Codes of all cells of the run, (N,), none outside the span."""
    whole = np.full(cells, NONE, np.uint8)
    whole[span.start : span.stop] = codes
    return whole
