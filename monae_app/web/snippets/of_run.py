"""The programs of a run as a whole: labels that are transferred, the verdict, the losses of its training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.snippets.program import Program, literal

if TYPE_CHECKING:
    from pathlib import Path

LABELS = "monae_app.engine.analysis.label_transfer"


def labels_program(run: Path | None, name: str, source: str, column: str, target: str, threshold: float) -> str:
    """Write the program of a transfer of labels; below the threshold cells are unassigned."""
    program = Program(f"{column} of {source} cells for {target} cells, in {name}", run)
    program.uses("dataclasses", "replace")
    program.uses("monae_app.engine.result", "Result")
    program.uses(f"{LABELS}.sides", "labels_of", "side_of")
    program.uses(f"{LABELS}.transfer", "transfer")
    program.uses(f"{LABELS}.written", "summary", "write_table")
    program.add(
        "result = Result.load(RUN)",
        f"source = side_of(result.cells, {literal(source)}, result.modalities)",
        f"target = side_of(result.cells, {literal(target)}, result.modalities)",
        f"labels = labels_of(result.cells, {literal(source)}, {literal(column)})",
        "found = transfer(source, labels, target, result.features, seed=result.config.seed)",
        f"names = [name.removeprefix({literal(target + ':')}) for name in found.names]",
        "found = replace(found, names=np.array(names))",
        f'write_table(found, Path("labels.csv"), {threshold!r})',
        f"print(summary(found, {threshold!r}))",
    )
    return program.text()


def verdict_program(run: Path | None, name: str) -> str:
    """Write the program of a verdict."""
    program = Program(f"Did {name} work?", run)
    program.uses("monae_app.web.explore", "RunView")
    program.uses("monae_app.engine.analysis.verdict", "facts_of", "judge")
    program.add(
        "found = judge(facts_of(RunView.open(RUN).run))",
        "print(found.headline, found.explanation, sep='\\n')",
        "rows = [",
        "    (each.topic, each.level, each.sentence, figure, value, each.todo)",
        "    for each in found.findings",
        '    for figure, value in (each.figures or {"": ""}).items()',
        "]",
        'names = ["topic", "level", "sentence", "figure", "value", "try_next"]',
        'pd.DataFrame(rows, columns=names).to_csv("verdict.csv", index=False)',
    )
    return program.text()


def losses_program(run: Path | None, name: str) -> str:
    """Write the program of the losses of a training."""
    program = Program(f"The losses of the training of {name}", run)
    program.uses("monae_app.jobs.run_folder", "RunFolder")
    program.uses("monae_app.web.live", "LossHistory")
    program.uses("monae_app.web.figures.losses", "loss_figure", "loss_height")
    program.uses("monae_app.web.figures.style", "style")
    program.add(
        "losses, newest = LossHistory().read(RunFolder(RUN))",
        'losses.to_csv("losses.csv", index=False)',
        "print(losses)",
        'figure = loss_figure(losses, style("light")).update_layout(height=loss_height(losses))',
        'figure.write_html("losses.html")',
    )
    return program.text()
