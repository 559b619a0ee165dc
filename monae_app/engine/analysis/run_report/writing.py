"""From the files of a run to its report."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.analysis.by_type import scores_by_type
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_report import drawing, page
from monae_app.engine.analysis.run_report.methods import citations, methods_paragraph
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.analysis.tables import LOCAL_MIXING
from monae_app.engine.analysis.verdict import facts_of, judge
from monae_app.engine.analysis.verdict.glossary import GLOSSARY
from monae_app.engine.analysis.verdict.words import listed, title
from monae_app.engine.config import FILES, RunConfig
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.analysis.verdict import RunFacts, Verdict

KEPT_BYTES = 2**30
MOST_GROUPS = 200
LEVELS = {"good": "Good", "caution": "Look closer", "bad": "Against", "unknown": "Cannot be told"}
OF_FILES = ("inputs", *FILES)


def write_report(folder: Path, path: Path, *, name: str = "", data: str = "", tell: Telling = SILENT) -> None:
    """Write the report of a finished run.

    Parameters
    ----------
    folder
        Of the run.
    path
        Of the HTML file.
    name
        What people call the run; the name of its folder if left out.
    data
        What to cite for the data, if that is known.
    tell
        Told the progress.

    Raises
    ------
    InputError
        If the folder is no finished run, or a file of it cannot be read.
    """
    tell("Reading the run", 0, 4)
    run = RunSlices(folder, KeptArrays(KEPT_BYTES))
    facts = facts_of(run)
    verdict = judge(facts)
    named = name or folder.name
    tell("Drawing the maps", 1, 4)
    maps = _maps(run)
    tell("Drawing losses and clusters", 2, 4)
    wide = []
    if len(facts.modalities) > 1:
        titles = [title(each) for each in facts.modalities]
        drawn = drawing.composition_figure(facts.clusters, titles)
        wide.append(page.figure("Modalities of each cluster; dotted: of all cells", drawn))
    if len(facts.losses) > 1:
        wide.append(page.figure("Loss; grey: the last quarter", drawing.losses_figure(facts.losses)))
    tell("Writing the report", 3, 4)
    parts = [
        f"<h1>{escape(named)}</h1>",
        page.paragraph(_subtitle(facts), "muted"),
        _verdict(verdict),
        page.section("Figures", page.figures(maps), page.figures(wide, wide=True)),
        _scores(facts),
        _data(facts),
        _warnings(facts),
        page.section("Methods", page.paragraph("For the methods section of a paper:", "muted"), _quoted(facts)),
        page.section("How to cite", page.items(citations(facts.report, data))),
        _settings(facts),
        _computed(facts),
    ]
    path.write_text(page.page(f"{named} · Monae App", parts), encoding="utf-8")


def _subtitle(facts: RunFacts) -> str:
    names = listed([title(each) for each in facts.modalities])
    version = (facts.report.get("versions") or {}).get("monae-app", "")
    return f"Integration of {names}, {facts.n_cells:,} cells, by Monae App {version}".rstrip()


def _quoted(facts: RunFacts) -> str:
    return f"<blockquote>{escape(methods_paragraph(facts.report, facts.config))}</blockquote>"


def _maps(run: RunSlices) -> list[str]:
    rows = drawing.sampled(run.n_cells, run.config.seed)
    xy = run.array("X_umap")[rows]
    batches = [str(each) for each in (run.report.get("batches") or {}).get("columns") or []]
    wanted = [run.report.get("label"), "modality", *(batches or run.report.get("dataset", {}).get("batches", []))[:2]]
    found = []
    for column in dict.fromkeys([*(str(each) for each in wanted if each), "leiden"]):
        if column not in run.columns:
            continue
        codes, names = _groups(run.column(column))
        if len(names) <= MOST_GROUPS:
            caption = {"modality": "Cells by modality", "leiden": "Cells by cluster"}.get(column, f"Cells by {column}")
            names = [title(each) for each in names] if column == "modality" else names
            found.append(page.figure(caption, drawing.map_of_groups(xy, codes[rows], names)))
    if LOCAL_MIXING in run.columns:
        values = run.column(LOCAL_MIXING).to_numpy(np.float64)[rows]
        drawn = drawing.map_of_values(xy, values, "1 is chance, 0 unmixed")
        found.append(page.figure("Local mixing of the modalities", drawn))
    return found


def _groups(column: pd.Series[Any]) -> tuple[np.ndarray, list[str]]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        used = column.cat.remove_unused_categories()
        return used.cat.codes.to_numpy(np.int64), [str(each) for each in used.cat.categories]
    codes, values = pd.factorize(column, sort=True)
    return codes, [str(each) for each in values]


def _verdict(verdict: Verdict) -> str:
    parts = [page.paragraph(verdict.headline, "answer"), page.paragraph(verdict.explanation)]
    for each in verdict.findings:
        figures = {name: value for name, value in each.figures.items() if value is not None}
        parts.append(
            f'<div class="finding {each.level}"><h3>{escape(each.question)} '
            f'<span class="level {each.level}">{LEVELS[each.level]}</span></h3>'
            f"{page.paragraph(each.sentence)}"
            + (page.paragraph(f"Try next: {each.todo}", "muted") if each.todo else "")
            + (page.fold("Figures behind it", page.pairs(figures)) if figures else "")
            + "</div>"
        )
    return page.section("Did it work?", *parts)


def _scores(facts: RunFacts) -> str:
    known = [(each, facts.metrics[each.key]) for each in GLOSSARY if each.key in facts.metrics]
    rows = [(each.title, value, each.meaning, each.good, each.needs, each.source) for each, value in known]
    heads = ("Score", "Here", "What it tells", "Good", "Needs", "Source")
    parts = [page.table(heads, rows)] if rows else [page.paragraph("This run was not scored.")]
    if not facts.labels.empty and len(facts.modalities) > 1:
        by_type = scores_by_type(facts.labels, facts.modalities)
        by_type_heads = (facts.label or "", *(title(name) for name in facts.modalities), "Overlap", "Mixing")
        told = [tuple(None if pd.isna(each) else each for each in row) for row in by_type.itertuples(index=False)]
        parts.append(
            page.fold(f"By {facts.label}: overlap of clusters, mixing of neighbours", page.table(by_type_heads, told))
        )
    return page.section("Scores", *parts)


def _data(facts: RunFacts) -> str:
    said = facts.report.get("dataset") or {}
    heads = ("Modality", "File", "Cells", "Features", "Share of values above zero", "Values", "Modelled as")
    rows = [
        (
            title(name), each.get("path"), each.get("cells"), each.get("features"), each.get("nonzero_share"),
            each.get("values"), each.get("likelihood"),
        )
        for name, each in (said.get("modalities") or {}).items()
    ]  # fmt: skip
    links = {name.replace("_", " "): value for name, value in (said.get("guidance") or {}).items() if value}
    more: dict[str, Any] = {"genome": said.get("genome"), "labels": said.get("labels"), "batches": said.get("batches")}
    return page.section("Data", page.table(heads, rows), page.fold("Links and columns", page.pairs(more | links)))


def _warnings(facts: RunFacts) -> str:
    said = [str(each) for each in facts.report.get("warnings") or []]
    return page.section("Warnings", page.items(said) if said else page.paragraph("None."))


def _settings(facts: RunFacts) -> str:
    values = _plain(facts.config)
    changed = {name: value for name, value in values.items() if value != _default(name) and name not in OF_FILES}
    told = page.pairs(changed) if changed else page.paragraph("All settings are the standard ones.")
    return page.section("Settings", told, page.fold("All settings", page.pairs(values)))


def _plain(config: RunConfig) -> dict[str, Any]:
    """Return the settings; of files their names alone, since folders are the business of one machine."""
    values = config.model_dump(mode="python")
    values["inputs"] = [f"{name}: {', '.join(each.name for each in files)}" for name, files in config.inputs.items()]
    for name in OF_FILES[1:]:
        if values.get(name) is not None:
            values[name] = values[name].name
    return values


def _default(name: str) -> Any:
    return RunConfig.model_fields[name].default


def _computed(facts: RunFacts) -> str:
    report = facts.report
    about = {
        "seed": report.get("seed"),
        "device": report.get("device"),
        "training steps": report.get("steps"),
        "anchors between cells": report.get("anchors"),
        "CPU seconds": report.get("cpu_seconds"),
        "peak memory, MB": report.get("peak_memory_mb"),
    }
    seconds = {f"{name}, seconds": value for name, value in (report.get("timings") or {}).items()}
    versions = dict(report.get("versions") or {})
    return page.section("Computed", page.pairs(about | seconds), page.fold("Versions", page.pairs(versions)))
