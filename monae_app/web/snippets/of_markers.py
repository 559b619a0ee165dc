"""The programs of the page Markers: features on the map, nearest features of a group, nearest groups of a feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monae_app.web.group_choice import OBS
from monae_app.web.snippets.program import Program, cells_literal, literal

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.web.marker_view import Wanted

NONE = 255


@dataclass(frozen=True)
class Grouped:
    """How cells are grouped.

    Parameters
    ----------
    column
        Key of the column.
    names
        Of the groups.
    codes
        Of the cells, (N,), negative for none.
    whole
        Whether the groups are those of the column as it stands, and no selection is taken out of them.
    """

    column: str
    names: list[str]
    codes: np.ndarray
    whole: bool

    @property
    def title(self) -> str:
        """Name of the column."""
        return self.column.partition(":")[2]


def map_program(run: Path | None, name: str, grouped: Grouped, show: str, wanted: Wanted, features: list[str]) -> str:
    """Write the program of the map of cells and features.

    Parameters
    ----------
    run, name
        Folder of the run where that may be told, and what it is called.
    grouped
        The groups.
    show, wanted, features
        As :func:`monae_app.web.marker_map.shown_features` takes them.
    """
    program = _begun(f"Cells and features of {name} in one map, groups of {grouped.title}", run, grouped)
    program.uses("monae_app.web.marker_map", "shown_features")
    program.uses("monae_app.web.figures.embedding", "embedding_figure")
    program.uses("monae_app.web.figures.markers", "with_features")
    program.uses("monae_app.web.figures.style", "style")
    program.add(
        f"shown, _ = shown_features(markers, {literal(show)}, {_wanted(program, wanted)}, {literal(features)})",
        'shown.to_csv("markers_map.csv", index=False, float_format="%.6g")',
        "print(shown)",
        "values = pd.Series(pd.Categorical.from_codes(groups.codes, groups.names))",
        f'figure = embedding_figure(view.cells, values, style("light"), title={literal(grouped.title)})',
        'with_features(figure, shown, style("light")).write_html("markers_map.html")',
    )
    return program.text()


def features_program(run: Path | None, name: str, grouped: Grouped, group: str, wanted: Wanted) -> str:
    """Write the program of the nearest features of a group."""
    program = _begun(f"Features of {name} that lie nearest to {group}, of {grouped.title}", run, grouped)
    program.add(
        f"group = groups.names.index({literal(group)})",
        f"table, note = markers.nearest_features(group, {_wanted(program, wanted)})",
        'table.to_csv("nearest_features.csv", index=False, float_format="%.6g")',
        "print(table, note)",
    )
    return program.text()


def groups_program(run: Path | None, name: str, grouped: Grouped, key: str) -> str:
    """Write the program of the nearest groups of a feature by its key."""
    feature = key.partition(":")[2]
    program = _begun(f"Groups of {grouped.title} that lie nearest to {feature}, in {name}", run, grouped)
    program.uses("monae_app.web.figures.markers", "agreement")
    program.uses("monae_app.web.figures.style", "style")
    program.add(
        f"table, note = markers.nearest_groups({literal(key)})",
        'table.to_csv("nearest_groups.csv", index=False, float_format="%.6g")',
        "print(table, note)",
        'agreement(table, "", style("light")).write_html("nearest_groups.html")',
    )
    return program.text()


def _begun(about: str, run: Path | None, grouped: Grouped) -> Program:
    """Open the run, group its cells and score its features."""
    program = Program(about, run)
    program.uses("monae_app.web.explore", "RunView")
    program.uses("monae_app.web.marker_view", "MarkerView")
    program.uses("monae_app.engine.analysis.coembedding.groups", "Groups")
    program.add("view = RunView.open(RUN)")
    if grouped.whole and grouped.column.startswith(f"{OBS}:"):
        program.uses("monae_app.web.cell_columns", "as_groups")
        program.add(
            f"column = as_groups(view.run.column({literal(grouped.title)})).cat",
            "groups = Groups.of([str(each) for each in column.categories], column.codes.to_numpy())",
        )
    else:
        program.uses("monae_app.engine.analysis.cells_as_text", "from_text")
        program.add(
            f"# a group for each cell, {NONE} for none",
            f"codes = {cells_literal(np.where(grouped.codes < 0, NONE, grouped.codes))}",
            f"groups = Groups.of({literal(grouped.names)}, np.where(codes == {NONE}, -1, codes.astype(int)))",
        )
    program.add("markers = MarkerView.of(view, groups)")
    return program


def _wanted(program: Program, wanted: Wanted) -> str:
    program.uses("monae_app.web.marker_view", "Wanted")
    return f"Wanted({literal(wanted.modality)}, {wanted.specific!r}, {wanted.share!r})"
