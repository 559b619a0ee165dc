"""The programs of the page Differential: groups compared, and features over the groups of a column. N cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monae_app.web.group_choice import OBS
from monae_app.web.snippets.program import Program, cells_literal, literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

DIFFERENTIAL = "monae_app.engine.analysis.differential"


def comparison_program(
    run: Path | None, name: str, about: dict[str, Any], columns: Sequence[str], cells: list[np.ndarray | None]
) -> str:
    """Write the program of a comparison.

    Parameters
    ----------
    run, name
        Folder of the run where that may be told, and what it is called.
    about
        Of the comparison: ``modality``, ``names``, ``chosen`` (keys of the groups), ``samples``.
    columns
        Columns of groups of the run.
    cells
        Of both groups, (N,) booleans; None for all others.
    """
    one, other = about["names"]
    modality = about["modality"]
    program = Program(f"{one} against {other} in what was measured of {modality}, in {name}", run)
    program.uses("monae_app.web.explore", "RunView")
    program.uses(f"{DIFFERENTIAL}.measured_run", "measured_of")
    program.add("view = RunView.open(RUN)", f"span = view.run.spans[{literal(modality)}]")
    for group, keys, chosen in zip(("first", "second"), about["chosen"], cells, strict=True):
        if chosen is None:
            program.add("second = ~first")
        else:
            program.add(f"{group} = {_group(program, keys, columns, chosen)}")
    program.add(
        "first, second = (np.flatnonzero(group[span.start : span.stop]) for group in (first, second))",
        f"measured = measured_of(view.run, {literal(modality)})",
    )
    if about["samples"]:
        program.uses(f"{DIFFERENTIAL}.pseudobulk", "compare_samples")
        program.add(
            f"samples = view.run.column({literal(about['samples'])}).astype(str).to_numpy()[span.start : span.stop]",
            "table, test = compare_samples(measured, first, second, samples)",
        )
    else:
        program.uses(f"{DIFFERENTIAL}.comparison", "compare")
        program.add("table = compare(measured, first, second)")
    program.uses("monae_app.web.figures.differential", "volcano")
    program.uses("monae_app.web.figures.style", "style")
    program.add(
        'table.to_csv("differential.csv", index=False, float_format="%.8g")',
        "print(table.head(20))",
        'volcano(table, style("light")).write_html("volcano.html")',
    )
    return program.text()


def _group(program: Program, keys: Sequence[str], columns: Sequence[str], cells: np.ndarray) -> str:
    """Write the cells of groups by their names where the run has them, else one by one."""
    named: dict[str, list[str]] = {}
    for key in keys:
        kind, _, rest = key.partition(":")
        column = next((each for each in columns if kind == OBS and rest.startswith(f"{each}=")), None)
        if column is None:
            program.uses("monae_app.engine.analysis.cells_as_text", "from_text")
            return f"{cells_literal(cells)} == 1"
        named.setdefault(column, []).append(rest.removeprefix(f"{column}="))
    tests = [
        f"view.run.column({literal(column)}).astype(str).isin({literal(groups)}).to_numpy()"
        for column, groups in named.items()
    ]
    return " | ".join(tests)


def groups_program(run: Path | None, name: str, kind: str, column: str, part: str, features: list[str]) -> str:
    """Write the program of features over groups, or of what groups consist of.

    Parameters
    ----------
    run, name
        Folder of the run where that may be told, and what it is called.
    kind
        "dot", "violin", "heat" or "composition".
    column, part
        Of the groups, and of what they consist of.
    features
        Keys ``<modality>:<name>`` of one modality.
    """
    told = f"what groups of {column} consist of, by {part}" if kind == "composition" else f"features over {column}"
    program = Program(f"{name}: {told}", run)
    program.uses("monae_app.web.explore", "RunView")
    program.uses("monae_app.web.figures.style", "style")
    program.add("view = RunView.open(RUN)", 'look = style("light")')
    drawn = {"dot": "dot_plot", "violin": "violins", "heat": "heat", "composition": "composition"}[kind]
    program.uses("monae_app.web.figures.differential", drawn)
    if kind == "composition":
        program.uses("monae_app.web.group_values", "composition_of")
        program.add(f"table = composition_of(view, {literal(column)}, {literal(part)})")
        program.add("figure = composition(table, look)")
    else:
        _add_values(program, kind, column, features)
    program.add(f'table.to_csv("{kind}.csv")', "print(table)", f'figure.write_html("{kind}.html")')
    return program.text()


def _add_values(program: Program, kind: str, column: str, features: list[str]) -> None:
    modality = features[-1].partition(":")[0]
    names = [key.partition(":")[2] for key in features if key.startswith(f"{modality}:")]
    program.uses("monae_app.web.group_values", "GroupValues")
    program.add(f"chosen = GroupValues.of(view, {literal(modality)}, {literal(names)}, {literal(column)})")
    if kind == "violin":
        program.add(f"table = chosen.some({literal(names[-1])}, seed=0)", "figure = violins(table, look)")
        return
    program.add('table = chosen.means().join(chosen.shares(), lsuffix=" mean", rsuffix=" share")')
    drawn = "heat(chosen.means(), look)" if kind == "heat" else "dot_plot(chosen.means(), chosen.shares(), look)"
    program.add(f"figure = {drawn}")
