"""What the page Imputation shows of a run: features as measured beside as imputed, in groups and in cells.

N cells of the run, n of them shown, G groups, F features of one modality.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.analysis.heat_rows import clustered
from monae_app.engine.analysis.imputed_agreement import ceiling_over_groups, over_groups
from monae_app.engine.analysis.imputed_levels import MOST_OF_A_GROUP, balanced, group_levels, imputed_rows
from monae_app.engine.data.dataset import METHYLATION, is_count
from monae_app.engine.errors import InputError
from monae_app.engine.result import FEATURES
from monae_app.web.explore import LEVEL, LOG_SCALE
from monae_app.web.measured import measured_values
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.analysis.coembedding.groups import Groups
    from monae_app.engine.analysis.feature_search import Found
    from monae_app.web.explore import RunView

MEASURED, WITHIN = "measured", "within"
# of a group, where single cells are shown
SHOWN_OF_A_GROUP, SHOWN_CELLS = 40, 600
# measured values that are read at once: whole columns
VALUES_AT_ONCE = 2**25
MOST_FEATURES = 60


@dataclass(frozen=True)
class Panel:
    """One of the parts that stand beside each other.

    Parameters
    ----------
    key
        ``measured``, ``within``, or the modality from whose cells the values were imputed.
    title
        In words.
    groups
        Levels of groups, (F, G): ln(1 + counts per 10,000) of counts; NaN of a group without such cells.
    cells
        Levels of some cells of each group, (F, n), and ``codes``, the group of each, (n,).
    """

    key: str
    title: str
    groups: np.ndarray
    cells: np.ndarray
    codes: np.ndarray


@dataclass(frozen=True)
class _Measured:
    """What is kept of the measured values: levels of groups (F, G), of two halves of their cells, and of some cells."""

    groups: np.ndarray
    halves: tuple[np.ndarray, np.ndarray]
    cells: np.ndarray
    codes: np.ndarray


class ImputedView:
    """Some features of one modality over groups of cells.

    Parameters
    ----------
    view
        The run.
    groups
        Of its cells.
    found
        The features, all of one modality.
    sources
        Modalities from whose cells they are imputed, beside their own.
    """

    def __init__(self, view: RunView, groups: Groups, found: Sequence[Found], sources: Sequence[str]) -> None:
        self.view, self.groups, self.target = view, groups, found[0].modality
        self.left_out = max(0, len(found) - MOST_FEATURES)
        self.found = list(found)[:MOST_FEATURES]
        self.sources = [name for name in sources if name in view.spans and name != self.target]
        self.counts = is_count(view.run.likelihood(self.target))
        self.note = ""

    @property
    def nbytes(self) -> int:
        """What it will take once all is worked out."""
        shown = len(self.groups.names) * (3 + len(self.sources)) + SHOWN_CELLS * (2 + len(self.sources))
        return 8 * len(self.found) * shown

    def work_out(self) -> None:
        """Work out levels, agreement and the order of the rows, which are kept."""
        _ = self.agreement, self.order

    @property
    def names(self) -> list[str]:
        """Of the features."""
        return [each.name for each in self.found]

    @property
    def rows(self) -> np.ndarray:
        """Of the features in features.h5ad, (F,)."""
        return np.array([each.row for each in self.found])

    @property
    def unit(self) -> str:
        """What levels are."""
        if self.counts:
            return LOG_SCALE
        return LEVEL if self.target == METHYLATION else "the model's own scale"

    def codes_of(self, modality: str) -> np.ndarray:
        """Group of each cell of a modality, (N of it,)."""
        span = self.view.spans[modality]
        return np.asarray(self.groups.codes[span.start : span.stop])

    def counts_of(self, row: int) -> np.ndarray | None:
        """Read what was measured of one feature in all cells of the modality, (N of it,); None where it is gone."""
        read = self._read(slice(row, row + 1))
        return None if read is None else read[:, 0]

    @cached_property
    def library(self) -> np.ndarray | None:
        """Library size of all cells of the modality, (N of it,); None where values are no counts."""
        span = self.view.spans[self.target]
        if not self.counts:
            return None
        sizes = self.view.run.column("library_size").to_numpy(np.float64)
        return np.asarray(np.maximum(sizes[span.start : span.stop], 1.0))

    @cached_property
    def panels(self) -> list[Panel]:
        """Measured, imputed within the modality, and imputed from each other one."""
        found = [self._measured(), *(self._imputed(source) for source in (self.target, *self.sources))]
        return [panel for panel in found if panel is not None]

    @cached_property
    def order(self) -> np.ndarray:
        """Rows put together by their levels in the groups over all panels, (F,)."""
        return clustered(np.hstack([panel.groups for panel in self.panels]))

    @cached_property
    def agreement(self) -> pd.DataFrame:
        """How well imputed levels follow measured ones over the groups, the worst feature first.

        ``feature``, ``row`` (its number here), ``ceiling``, ``within``, a column for each other modality,
        ``confidence`` (of the cells that training never saw, NaN where none were held out) and ``share``: the lowest
        of these correlations over the ceiling.
        """
        measured = next((panel for panel in self.panels if panel.key == MEASURED), None)
        imputed = [panel for panel in self.panels if panel.key != MEASURED]
        table = pd.DataFrame({"feature": self.names, "row": np.arange(len(self.found)), "ceiling": self._ceiling()})
        keys = [panel.key for panel in imputed]
        for panel in imputed:
            table[panel.key] = np.nan if measured is None else over_groups(measured.groups, panel.groups)
        lowest = table[keys].min(axis=1) if keys else pd.Series(np.nan, index=table.index)
        table["share"] = lowest / table["ceiling"].where(table["ceiling"] > 0)
        if "confidence" in self.view.run.feature_columns:
            table["confidence"] = self.view.run.column("confidence", FEATURES).to_numpy(np.float64)[self.rows]
        else:
            table["confidence"] = np.nan
        return table.sort_values(["share", "feature"], na_position="first", kind="stable").reset_index(drop=True)

    def detail(self, row: int) -> pd.DataFrame:
        """One feature over the groups: ``group``, ``cells`` (of its modality) and a column for each panel."""
        table = pd.DataFrame({"group": list(self.groups.names)})
        table["cells"] = np.bincount(np.maximum(self.codes_of(self.target), -1) + 1, minlength=len(table) + 1)[1:]
        for panel in self.panels:
            table[panel.key] = panel.groups[row]
        return table

    def table(self) -> pd.DataFrame:
        """All levels of groups, long: ``feature``, ``panel``, ``group``, ``level``."""
        parts = [
            pd.DataFrame(panel.groups, index=self.names, columns=list(self.groups.names))
            .rename_axis("feature").reset_index().melt("feature", var_name="group", value_name="level")
            .assign(panel=panel.title)
            for panel in self.panels
        ]  # fmt: skip
        return pd.concat(parts)[["feature", "panel", "group", "level"]]

    def _some(self, codes: np.ndarray, most: int) -> np.ndarray:
        return balanced(codes, len(self.groups.names), most, self.view.run.config.seed)

    def _shown(self, codes: np.ndarray) -> np.ndarray:
        return self._some(codes, max(5, min(SHOWN_OF_A_GROUP, SHOWN_CELLS // len(self.groups.names))))

    def _read(self, some: slice) -> np.ndarray | None:
        """Read some of the features in all cells of the modality, (N of it, .), counts as they are."""
        try:
            return measured_values(self.view.run, self.view.features, self.found[some], counts=False)
        except InputError as error:
            self.note = f"What was measured cannot be shown: {error.found}"
            return None

    @cached_property
    def _levels(self) -> _Measured | None:
        """Levels of what was measured, features by blocks: the values of all cells are not kept."""
        codes, groups = self.codes_of(self.target), len(self.groups.names)
        some = self._shown(codes)
        # every other cell of each group
        first = np.zeros(len(codes), bool)
        first[self._some(codes, len(codes))[::2]] = True
        parts: list[tuple[np.ndarray, ...]] = []
        step = max(1, VALUES_AT_ONCE // max(1, len(codes)))
        for start in range(0, len(self.found), step):
            values = self._read(slice(start, start + step))
            if values is None:
                return None
            cells = values[some].T.astype(np.float64)
            if self.library is not None:
                cells *= 1e4 / self.library[some]
            chosen = (slice(None), first, ~first)
            parts.append((*(self._group_levels(values, codes, groups, mine) for mine in chosen), cells))
        whole, one, other, cells = (self._log(np.concatenate(each)) for each in zip(*parts, strict=True))
        return _Measured(whole, (one, other), cells, codes[some])

    def _group_levels(self, values: np.ndarray, codes: np.ndarray, groups: int, mine: Any) -> np.ndarray:
        library = None if self.library is None else self.library[mine]
        return group_levels(values[mine], codes[mine], groups, library)

    def _measured(self) -> Panel | None:
        known = self._levels
        if known is None:
            return None
        return Panel(MEASURED, f"{modality_title(self.target)}, measured", known.groups, known.cells, known.codes)

    def _imputed(self, source: str) -> Panel | None:
        codes = self.codes_of(source)
        some = self._some(codes, MOST_OF_A_GROUP)
        if not len(some):
            return None
        values = imputed_rows(self.view.run, source, self.target, self.rows, some)
        levels = group_levels(values, codes[some], len(self.groups.names))
        # the same draw as of the measured cells: each group's first ones
        shown = np.flatnonzero(np.isin(some, self._shown(codes)))
        within = source == self.target
        title = f"imputed within {modality_title(source)}" if within else f"imputed from {modality_title(source)}"
        return Panel(WITHIN if within else source, title, self._log(levels), self._log(values[shown].T.astype(float)),
                     codes[some][shown])  # fmt: skip

    def _ceiling(self) -> np.ndarray:
        known = self._levels
        return np.full(len(self.found), np.nan) if known is None else ceiling_over_groups(*known.halves)

    def _log(self, levels: np.ndarray) -> np.ndarray:
        return np.log1p(np.maximum(levels, 0)) if self.counts else levels
