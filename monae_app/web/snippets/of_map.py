"""The program of a map: its cells, where they lie and what colours them. n of N cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monae_app.web.snippets.program import Program, cells_literal, literal

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from monae_app.jobs.gene_sets import GeneSet

LAYOUT = "monae_app.engine.analysis.part_layout"
TEXT = "monae_app.engine.analysis.cells_as_text"


@dataclass(frozen=True)
class Colour:
    """What cells are coloured by.

    Parameters
    ----------
    key
        As the map asks for it.
    title, unit
        Of the legend.
    measured
        Whether features are taken as measured.
    genes
        Where the key names a gene set.
    note
        Where it names a column of annotations: the groups, (N,) categories.
    """

    key: str
    title: str
    unit: str
    measured: bool = False
    genes: GeneSet | None = None
    note: pd.Series | None = None

    @property
    def column(self) -> str:
        """Name of the column in the table."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


@dataclass(frozen=True)
class Alone:
    """Cells that are shown alone: rows among all (n,), and the resolution that their map was made with."""

    rows: np.ndarray
    n_cells: int
    resolution: float


def map_program(run: Path | None, name: str, colours: list[Colour], alone: Alone | None, panels: list[str]) -> str:
    """Write the program of a map.

    Parameters
    ----------
    run, name
        Folder of the run where that may be told, and what it is called.
    colours
        One, or two that are blended.
    alone
        Where some cells are shown alone.
    panels
        "joint", or modalities, side by side.
    """
    told = " and ".join(colour.title for colour in colours)
    program = Program(f"The map of {name}, coloured by {told}", run)
    program.uses("monae_app.web.explore", "RunView")
    program.add("view = RunView.open(RUN)")
    _add_cells(program, alone)
    for number, colour in enumerate(colours):
        _add_colour(program, colour, f"colour_{number + 1}" if len(colours) > 1 else "colour", alone is not None)
    columns = ["id", "modality", "x", "y"]
    program.add(
        "",
        '# the table, as "CSV" gives it',
        f"table = cells[{literal(columns)}].set_axis({literal(['cell', 'modality', 'umap_1', 'umap_2'])}, axis=1)",
    )
    for number, colour in enumerate(colours):
        values = f"colour_{number + 1}" if len(colours) > 1 else "colour"
        program.add(f"table[{literal(colour.column)}] = {values}.to_numpy()")
    program.add('table.to_csv("map.csv", index=False)', "print(table)")
    _add_figure(program, colours, panels)
    return program.text()


def _add_cells(program: Program, alone: Alone | None) -> None:
    if alone is None:
        program.add("cells = view.cells")
        return
    chosen = np.zeros(alone.n_cells, np.uint8)
    chosen[alone.rows] = 1
    program.uses(TEXT, "from_text")
    program.uses(LAYOUT, "map_part")
    program.add(
        "",
        "# some cells alone, laid out anew",
        f"rows = np.flatnonzero({cells_literal(chosen)})",
        f'part = map_part(view.run.array("X_monae"), rows, {alone.resolution!r}, view.run.config)',
        "cells = view.some_cells(rows).assign(x=part.xy[:, 0], y=part.xy[:, 1])",
    )


def _add_colour(program: Program, colour: Colour, name: str, alone: bool) -> None:  # noqa: FBT001
    if colour.note is not None:
        program.uses(TEXT, "from_text")
        codes = colour.note.cat.codes.to_numpy()
        groups = [str(group) for group in colour.note.cat.categories]
        program.add(
            "",
            f"# the annotation column {' '.join(colour.title.split())!r}: a group for each cell, 255 for none",
            f"codes = {cells_literal(np.where(codes < 0, 255, codes))}",
            f"{name} = pd.Series(pd.Categorical.from_codes(np.where(codes == 255, -1, codes.astype(int)), "
            f"{literal(groups)}))",
        )
    elif colour.genes is not None:
        program.uses("monae_app.jobs.gene_sets", "GeneSet")
        program.add(
            f"genes = GeneSet.of({literal(colour.genes.name)}, {literal(list(colour.genes.genes))})",
            f"{name} = view.mean_of(genes, measured={colour.measured}).values",
        )
    else:
        program.add(f"{name} = view.colouring({literal(colour.key)}, measured={colour.measured}).values")
    if alone:
        program.add(f"{name} = {name}.iloc[rows]")


def _add_figure(program: Program, colours: list[Colour], panels: list[str]) -> None:
    """Draw it; two colours that are blended side by side, since plotly does not blend."""
    program.uses("monae_app.web.figures.embedding", "embedding_figure")
    program.uses("monae_app.web.figures.style", "style")
    program.add("", "# the picture; plotly takes its time with hundreds of thousands of cells")
    for number, colour in enumerate(colours):
        values, ending = (f"colour_{number + 1}", f"_{number + 1}") if len(colours) > 1 else ("colour", "")
        program.add(
            "figure = embedding_figure(",
            f'    cells, {values}, style("light"), title={literal(colour.title)}, unit={literal(colour.unit)}, '
            f"panels={literal(panels)},",
            ")",
            f'figure.write_html("map{ending}.html")',
        )
