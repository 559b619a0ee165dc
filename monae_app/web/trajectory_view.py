"""Trajectories of a run as the page and the map ask for them. N cells, T tips, F features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets
from monae_app.jobs.kept_trajectory import WITH_RUN, KeptTrajectories, asked_for
from monae_app.web.explore import Colouring
from monae_app.web.group_choice import GroupChoice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monae_app.jobs.kept_npz import Kept
    from monae_app.web.explore import RunView
    from monae_app.web.selections import Selections
    from monae_app.web.services import Services

TRAJECTORY = "trajectory"
PSEUDOTIME, BRANCH = "pseudotime", "branch"
CONNECTED = 0.1
ROOTS = ("group", "feature", "cell")
# the space that is followed, if not imputed features of a modality
SHARED = "shared"


@dataclass(frozen=True)
class Followed:
    """A trajectory that is kept.

    Parameters
    ----------
    view
        Its run.
    kept
        What was found.
    key
        Its name.
    """

    view: RunView
    kept: Kept
    key: str

    @property
    def time(self) -> np.ndarray:
        """Pseudotime of each cell, (N,), NaN where it is not connected with the root."""
        return self.kept.arrays["pseudotime"]

    @property
    def branches(self) -> list[str]:
        """Names of the branches, the stem first."""
        return list(self.kept.about["branches"])

    @property
    def branch(self) -> np.ndarray:
        """Number of each cell's branch, (N,), negative for none."""
        return self.kept.arrays["branch"]

    @property
    def ends(self) -> list[str]:
        """Names of the branches that end, by number of the tip."""
        return list(self.kept.about["ends"])

    @property
    def support(self) -> list[float]:
        """Share of halves of the cells in which each end is found again; empty where it was not looked for."""
        return list(self.kept.about.get("support", []))

    @property
    def doubtful(self) -> list[tuple[str, float]]:
        """Groups in which an end was found too seldom to be kept, with that share."""
        return [(str(name), float(share)) for name, share in self.kept.about.get("doubtful", [])]

    @property
    def ahead(self) -> np.ndarray:
        """Tips that each cell may still reach, (N, T) bool."""
        sets = [*self.kept.about["tips"], []]
        table = np.array([[tip in each for tip in range(len(self.ends))] for each in sets])
        return np.asarray(table[self.branch])

    @property
    def features(self) -> pd.DataFrame:
        """Tests and peaks of features, (F, .); ``key`` is that of the map."""
        table = self.kept.frame("features")
        return table.assign(
            key=[f"{kind}:{name}" for kind, name in zip(table["modality"], table["feature"], strict=True)]
        )

    @property
    def links(self) -> pd.DataFrame:
        """Genes beside peaks that they are linked to, (L, .), with the times of both; empty where nothing is known."""
        return self.kept.frame("links")

    @property
    def levels(self) -> np.ndarray:
        """Curves on the way to each tip, (T, F, G)."""
        return self.kept.arrays["levels"]

    def groups(self) -> tuple[np.ndarray, list[str]]:
        """Code of each cell (N,), negative for none, and names of the groups."""
        column, names = str(self.kept.about["column"]), list(self.kept.about["groups"])
        if not column:
            return np.zeros(self.view.n_cells, np.int64), names
        values = self.view.run.column(column)
        text = values.astype(object).where(values.notna()).map(lambda each: str(each), na_action="ignore")
        return pd.Categorical(text, categories=names).codes.astype(np.int64), names

    def colouring(self, what: str) -> Colouring:
        """Give every cell its pseudotime or its branch."""
        if what == BRANCH:
            return Colouring(
                BRANCH, "", pd.Series(pd.Categorical.from_codes(list(self.branch), pd.Index(self.branches)))
            )
        return Colouring(PSEUDOTIME, "0 at the root", pd.Series(self.time.astype(np.float32)))

    def cells(self) -> pd.DataFrame:
        """Table with a row for each cell."""
        names = np.array([*self.branches, ""], object)[self.branch]
        modality = np.repeat(list(self.view.spans), [len(span) for span in self.view.spans.values()])
        ids = self.view.run.names(slice(0, self.view.n_cells))
        return pd.DataFrame(
            {
                "cell": [f"{kind}:{name}" for kind, name in zip(modality, ids, strict=True)],
                "pseudotime": self.time,
                "branch": names,
            }
        )

    def graph(self) -> dict[str, Any]:
        """Place groups at the medians of their cells, and join those that are connected: what is drawn over the map."""
        codes, names = self.groups()
        strong, xy = self.kept.arrays["connectivities"], self.view.xy
        here = [np.flatnonzero((codes == number) & np.isfinite(self.time)) for number in range(len(names))]
        nodes = [
            {"name": names[number], "x": float(np.median(xy[rows, 0])), "y": float(np.median(xy[rows, 1])),
             "cells": len(rows)}
            for number, rows in enumerate(here) if len(rows)
        ]  # fmt: skip
        place = {number: index for index, number in enumerate(n for n, rows in enumerate(here) if len(rows))}
        edges = [
            {"from": place[one], "to": place[other], "weight": round(float(strong[one, other]), 3)}
            for one in place for other in place
            if one < other and strong[one, other] > CONNECTED
        ]  # fmt: skip
        root = int(self.kept.about["root"])
        return {"nodes": nodes, "edges": edges, "root": {"x": float(xy[root, 0]), "y": float(xy[root, 1])}}


class TrajectoryView:
    """Trajectories as the one who asks may see them.

    Parameters
    ----------
    services
        Of the app.
    selections
        What is saved of runs; None where no cells are chosen by them.
    """

    def __init__(self, services: Services, selections: Selections | None) -> None:
        self.services, self.selections = services, selections

    @property
    def _kept(self) -> KeptTrajectories:
        return KeptTrajectories(self.services.settings.store, self.services.users.current())

    def begun(self, view: RunView) -> dict[str, Any] | None:
        """Return what was asked for where a trajectory travels with the run; None where none does."""
        for path in sorted((view.folder / WITH_RUN).glob("*.npz")):
            if (found := self._kept.read(view.folder, path.stem)) is not None:
                return dict(found.about["asked"])
        return None

    def order(
        self, run: str | None, column: str | None, root: str | None, cells: Sequence[str], space: str = SHARED
    ) -> dict[str, Any]:
        """Return the order of a trajectory.

        Raises
        ------
        InputError
            If no run or no root is chosen, or it is not there.
        """
        if not run or not root or not column:
            raise InputError("No beginning is chosen.", "a group, a cell or a feature.", "choose one.")
        view = self.services.view(run)
        return {"folder": str(view.folder), "asked": self._asked(view, run, column, root, cells, space)}

    def followed(
        self, run: str | None, column: str | None, root: str | None, cells: Sequence[str] = (), space: str = SHARED
    ) -> Followed | None:
        """Return what was found for an order; None where nothing was yet."""
        view = self.services.opened(run)
        if view is None or not run or not root or not column:
            return None
        try:
            key = self._kept.key(view.folder, self._asked(view, run, column, root, cells, space))
        except InputError:
            return None
        return self.by_key(view, key)

    def by_key(self, view: RunView, key: str) -> Followed | None:
        """Return what is kept under a name; None if nothing is, or it does not fit the run."""
        kept = self._kept.read(view.folder, key)
        if kept is None or len(kept.arrays.get("pseudotime", ())) != view.n_cells:
            return None
        return Followed(view, kept, key)

    def folder(self, run: str) -> Path:
        """Folder of a run."""
        return self.services.view(run).folder

    def _asked(
        self, view: RunView, run: str, column: str, root: str, cells: Sequence[str], space: str
    ) -> dict[str, Any]:
        kind, _, what = root.partition(":")
        if kind not in ROOTS or column not in view.groupings:
            raise InputError("There is no such beginning.", "a group, a cell or a feature.", "choose another one.")
        if kind == "cell" and not (what.isdecimal() and int(what) < view.n_cells):
            raise InputError("There is no such cell.", "a cell of this run.", "click another one.")
        if space not in (SHARED, *view.modalities):
            raise InputError("There is no such space.", "the shared axes or a modality.", "choose another one.")
        bits = None
        if cells and self.selections is not None:
            bits = bitsets.written(GroupChoice(view, run, self.selections).cells(list(cells)))
        return asked_for(column, {kind: int(what) if kind == "cell" else what}, bits, space)
