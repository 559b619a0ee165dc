"""The program of the page Trajectory: pseudotime and branches of the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.jobs import bitsets
from monae_app.web.snippets.program import Program, cells_literal, literal

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.web.trajectory_view import Followed

MODULE = "monae_app.engine.analysis.trajectory.of_run"


def trajectory_program(run: Path | None, name: str, found: Followed) -> str:
    """Write the program.

    Parameters
    ----------
    run, name
        Folder of the run where that may be told, and what it is called.
    found
        What is shown.
    """
    asked = found.kept.about["asked"]
    root, cells = asked["root"], "None"
    program = Program(f"Pseudotime and branches of {name}", run)
    program.uses(MODULE, "follow_run", "grouping", "table_of")
    program.uses("monae_app.engine.analysis.run_slices", "RunSlices")
    program.uses("monae_app.engine.analysis.kept_arrays", "KeptArrays")
    program.add(
        "run = RunSlices(RUN, KeptArrays(2**29))", f"groups = grouping(run, {literal(str(asked['column']))} or None)"
    )
    if "group" in root:
        program.uses(MODULE, "begin_at")
        program.add(f"start = begin_at(groups, {literal(str(root['group']))})")
    else:
        program.uses(MODULE, "Start")
        program.add(f'start = Start(np.array([{int(found.kept.about["root"])}]), "the cell that was chosen")')
    if asked["cells"] is not None:
        program.uses("monae_app.engine.analysis.cells_as_text", "from_text")
        mask = bitsets.read(asked["cells"], found.view.n_cells)
        program.add(f"cells = {cells_literal(mask.astype(np.uint8))} > 0")
        cells = "cells"
    points = "None"
    if asked["space"] != "shared":
        program.uses(MODULE, "imputed_space")
        points = f"imputed_space(run, {literal(str(asked['space']))})"
    program.add(
        f"found = follow_run(run, groups, start, cells={cells}, points={points})",
        "table = table_of(run, found)",
        'table.to_csv("pseudotime.csv", index=False, float_format="%.6g", na_rep="NaN")',
        "print(table.groupby('branch')['pseudotime'].describe())",
    )
    return program.text()
