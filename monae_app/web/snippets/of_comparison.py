"""The program of the page Compare: two runs of the same data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.snippets.program import Program, literal

if TYPE_CHECKING:
    from pathlib import Path

COMPARISON = "monae_app.engine.analysis.run_comparison"


def comparison_of_runs(run: Path | None, name: str, second: Path | None, its: str, label: str | None) -> str:
    """Write the program of a comparison of two runs; ``second`` is the other folder where that may be told."""
    program = Program(f"{name} beside {its}", run)
    program.uses("monae_app.jobs.short_two_runs", "two_runs")
    program.uses(f"{COMPARISON}.settings", "differing_settings")
    program.uses(f"{COMPARISON}.score_rows", "score_rows")
    program.uses("monae_app.engine.result", "read_config", "read_json")
    program.add(
        f"SECOND = Path(sys.argv[2] if len(sys.argv) > 2 else {literal(str(second) if second else 'second')})",
        "configs = [read_config(folder) for folder in (RUN, SECOND)]",
        "print(pd.DataFrame(differing_settings(*configs)))",
        'metrics = [read_json(folder / "report.json")["metrics"] for folder in (RUN, SECOND)]',
        "rows = score_rows(*metrics, len(configs[0].inputs))",
        "print(pd.DataFrame([{**vars(row), 'better': row.better} for row in rows]))",
        f"found = two_runs(RUN, SECOND, {literal(label) if label else None})",
        'print({name: value for name, value in found.about.items() if name != "types"})',
        'pd.DataFrame(found.about["types"]).to_csv("types.csv", index=False)',
        'pd.DataFrame({"overlap": found.overlap}).to_csv("neighbours_in_common.csv", index=False)',
    )
    return program.text()
