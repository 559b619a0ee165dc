"""Features of a run beside groups of its cells: nearest ones of either, what was measured, and where they stand.

N cells, G groups, V features of all modalities, F of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.analysis.coembedding.measured_levels import Levels, levels_of
from monae_app.engine.analysis.coembedding.of_run import Coembedding, coembed, places_of
from monae_app.engine.analysis.coembedding.specificity import shares_of
from monae_app.engine.data.dataset import is_count
from monae_app.engine.errors import InputError
from monae_app.web.measured import measured_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.analysis.coembedding.groups import Groups
    from monae_app.engine.analysis.feature_search import Found
    from monae_app.web.explore import RunView

# Rows of the table on the page; the file has them all.
MOST_ROWS = 100
# of which measured values are read at once, and how often more are read to find some that are measured
VALUES_AT_ONCE, MOST_READS = 2**25, 6
MOST_SHOWN, PER_GROUP, SHOWN_IN_ALL = 2000, 4, 90
MEASURED = ("mean", "rest", "change", "share")


@dataclass(frozen=True)
class Wanted:
    """Which features are asked for.

    Parameters
    ----------
    modality
        Of the features; empty for all.
    specific
        The least Gini coefficient of their shares.
    share
        The least share of the group's cells in which they were measured above zero.
    """

    modality: str = ""
    specific: float = 0.0
    share: float = 0.0


class MarkerView:
    """One run and one way to group its cells.

    Parameters
    ----------
    view
        The run.
    found
        Its features beside the groups.
    """

    def __init__(self, view: RunView, found: Coembedding) -> None:
        self.view, self.found = view, found
        self.names = found.groups.names

    @classmethod
    def of(cls, view: RunView, groups: Groups, name: str | None = None) -> MarkerView:
        """Score the features, or take what is kept under a name of the groups."""
        if name is None:
            return cls(view, coembed(view.run, groups))
        kept = view.run.kept.get(view.run.owner, ("coembedding", name), lambda: coembed(view.run, groups))
        return cls(view, kept)

    @property
    def modalities(self) -> list[str]:
        """Modalities that have features; more than those that were measured where motifs are among them."""
        return self.found.modalities

    def nearest_features(self, group: int, wanted: Wanted, limit: int = MOST_ROWS) -> tuple[pd.DataFrame, str]:
        """Rank features by how near they lie to a group.

        Parameters
        ----------
        group
            Number of the group.
        wanted
            Which features.
        limit
            How many at most.

        Returns
        -------
        table, note
            ``rank`` (within its modality; modalities take turns), ``key``, ``feature``, ``modality``, ``score``,
            ``specificity``, ``nearest`` (the feature's nearest group), and of what was measured ``mean``, ``rest``,
            ``change`` and ``share``, NaN where it was not. The note says why, or that not all were looked at.
        """
        order = self._ranked(group, wanted)
        if wanted.share <= 0:
            table = order.head(limit)
            measured, note = self._measured(table, group)
            return self._told(table).join(measured, on="row"), note
        step, parts, note = self._at_once(), [], ""
        reads = range(0, min(len(order), MOST_READS * step), step)
        for start in reads:
            some = order.iloc[start : start + step]
            measured, note = self._measured(some, group)
            parts.append(some.join(measured)[(measured["share"] >= wanted.share).to_numpy()])
            if note or sum(map(len, parts)) >= limit:
                break
        else:
            if len(order) > MOST_READS * step:
                note = f"Of the {MOST_READS * step:,} nearest features, no others are measured in so many cells."
        rows = pd.concat(parts).head(limit) if parts else order.head(0).reindex(columns=[*order.columns, *MEASURED])
        return self._told(rows[list(order.columns)]).join(rows[list(MEASURED)], on="row"), note

    def nearest_groups(self, key: str) -> tuple[pd.DataFrame, str]:
        """Rank the groups by their score in a feature.

        Returns
        -------
        table, note
            A row a group: ``rank``, ``group``, ``cells``, ``score``, ``part`` (softmax of the scores), ``mean`` and
            ``share`` as measured, NaN where it was not. The note says why.

        Raises
        ------
        InputError
            If the run has no such feature.
        """
        found = self.feature(key)
        at = found.row - self.found.first[found.modality]
        scores = self.found.scores[found.modality][:, at]
        levels, note = self._levels([found])
        table = pd.DataFrame(
            {
                "group": self.names,
                "cells": self.found.groups.counts,
                "score": scores,
                "part": shares_of(scores[:, None])[:, 0],
                "mean": np.nan if levels is None else levels.means[:, 0],
                "share": np.nan if levels is None else levels.shares[:, 0],
            }
        )
        table = table.sort_values("score", ascending=False, kind="stable", ignore_index=True)
        table.insert(0, "rank", np.arange(1, len(table) + 1))
        return table, note

    def feature(self, key: str) -> Found:
        """Look a feature up by its key ``<modality>:<name>``.

        Raises
        ------
        InputError
            If the run has none.
        """
        modality, _, name = key.partition(":")
        row = self.view.features.row(modality, name) if modality in self.found.first else None
        if row is None:
            raise InputError(
                f"This run has no feature {name[:80]!r}.", "a feature of this run.", "search for it in 'Features'."
            )
        return self.view.features.told(modality, row)

    def best(self, group: int, wanted: Wanted) -> str | None:
        """Key of the feature with the highest score in a group."""
        first = self._told(self._ranked(group, wanted).head(1))
        return None if first.empty else str(first["key"].iloc[0])

    def most_specific(self, wanted: Wanted) -> pd.DataFrame:
        """Of each group and modality, the features that lie nearest to it and to no other group, best first."""
        modalities = [wanted.modality] if wanted.modality in self.modalities else self.modalities
        room = SHOWN_IN_ALL // (len(self.names) * len(modalities))
        each = min(max(room, 1), PER_GROUP)
        parts = []
        for modality in modalities:
            table = self._all(modality, wanted.specific)
            best = table.sort_values("score", ascending=False, kind="stable").groupby("nearest", sort=False)
            parts.append(best.head(each))
        return pd.concat(parts).sort_values("score", ascending=False, kind="stable")

    def of_modality(self, wanted: Wanted) -> tuple[pd.DataFrame, int]:
        """Return the most specific features of a modality, or of all, and how many there are."""
        modalities = [wanted.modality] if wanted.modality in self.modalities else self.modalities
        table = pd.concat([self._all(modality, wanted.specific) for modality in modalities])
        return table.sort_values("specificity", ascending=False, kind="stable").head(MOST_SHOWN), len(table)

    def chosen(self, keys: Sequence[str]) -> pd.DataFrame:
        """Return features by their keys, those that the run has."""
        parts = []
        for key in keys:
            try:
                found = self.feature(key)
            except InputError:
                continue
            parts.append(self._all(found.modality, 0.0).loc[[found.row]])
        return pd.concat(parts) if parts else self._all(self.modalities[0], 0.0).head(0)

    def placed(self, table: pd.DataFrame) -> pd.DataFrame:
        """Say of features by their rows where they stand: ``key``, ``feature``, ``modality``, ``x``, ``y``, ..."""
        told = self._told(table)
        xy = places_of(self.view.run, self.found, told["row"].to_numpy()) if len(told) else np.zeros((0, 2))
        return told.assign(x=xy[:, 0], y=xy[:, 1])

    def _all(self, modality: str, specific: float) -> pd.DataFrame:
        """All features of a modality beside the group that is nearest to each; the index is their row."""
        scores, gini = self.found.scores[modality], self.found.specificity[modality].gini
        nearest = scores.argmax(axis=0)
        table = pd.DataFrame(
            {"modality": modality, "score": scores.max(axis=0), "specificity": gini, "nearest": nearest},
            index=np.array(self.found.rows(modality)),
        )
        return table[table["specificity"] >= specific]

    def _ranked(self, group: int, wanted: Wanted) -> pd.DataFrame:
        modalities = [wanted.modality] if wanted.modality in self.modalities else self.modalities
        parts = []
        for modality in modalities:
            mine = self._all(modality, 0.0).assign(score=self.found.scores[modality][group])
            mine = mine.sort_values("score", ascending=False, kind="stable")
            mine.insert(0, "rank", np.arange(1, len(mine) + 1))
            parts.append(mine)
        # scores of one modality are compared with each other alone
        table = pd.concat(parts).sort_values("rank", kind="stable")
        return table[table["specificity"] >= wanted.specific]

    def _told(self, table: pd.DataFrame) -> pd.DataFrame:
        """Name features; the index is their place from then on."""
        told = table.assign(feature="", row=table.index).reset_index(drop=True)
        for modality, mine in told.groupby("modality", sort=False):
            found = self.view.features.all_told(str(modality), mine["row"].tolist())
            told.loc[mine.index, "feature"] = [each.name for each in found]
        told["nearest"] = [self.names[group] for group in told["nearest"].tolist()]
        told["key"] = told["modality"] + ":" + told["feature"]
        return told

    def _at_once(self) -> int:
        return int(np.clip(VALUES_AT_ONCE // max(map(len, self.view.spans.values())), 10, MOST_ROWS))

    def _measured(self, table: pd.DataFrame, group: int) -> tuple[pd.DataFrame, str]:
        """Levels of the features of a table in a group; of no more than can be read in a moment."""
        found = pd.DataFrame(np.nan, index=table.index, columns=list(MEASURED))
        said: list[str] = []
        for modality, mine in table.groupby("modality", sort=False):
            rows = mine.index[: self._at_once()]
            if len(rows) < len(mine):
                said.append(f"Measured values are given of the first {len(rows):,}.")
            levels, note = self._levels(self.view.features.all_told(str(modality), rows.tolist()))
            said += [note] * bool(note)
            if levels is not None:
                values = [each[group] for each in (levels.means, levels.rest, levels.changes, levels.shares)]
                found.loc[rows] = np.column_stack(values)
        return found, " ".join(dict.fromkeys(said))

    def _levels(self, found: list[Found]) -> tuple[Levels | None, str]:
        """Levels of features of one modality in all groups, or why there are none."""
        modality = found[0].modality
        span = self.view.spans.get(modality)
        if span is None or not len(span):
            return None, ""
        counts = is_count(self.view.run.likelihood(modality))
        try:
            values: Any = measured_values(self.view.run, self.view.features, found, counts=counts)
        except InputError as error:
            return None, f"What was measured cannot be shown: {error.found}"
        return levels_of(values, self.found.groups.codes[span.start : span.stop], len(self.names), counts=counts), ""
