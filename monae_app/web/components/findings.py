"""Findings of a verdict as cards, and the scores explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dash import dcc, html

from monae_app.engine.analysis.verdict.glossary import GLOSSARY, Entry
from monae_app.web.components.aria import aria
from monae_app.web.components.words import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monae_app.engine.analysis.verdict import Finding, Level

LEVELS: dict[Level, tuple[str, str]] = {
    "good": ("✓", "Good"),
    "caution": ("!", "Look closer"),
    "bad": ("✗", "Against"),
    "unknown": ("?", "Cannot be told"),
}
COLUMNS = ("Score", "Here", "What it tells", "Range", "Good", "Needs", "Source")
# where a finding is seen on the map
ON_MAP = {"mixing": "local_mixing", "one_sided": "has_counterpart"}


def level_badge(level: Level) -> html.Span:
    """Show how grave a finding is, by sign and word."""
    sign, word = LEVELS[level]
    mark = html.Span(sign, className="level-sign", **aria(hidden="true"))
    return html.Span([mark, word], className=f"level level-{level}")


def finding_card(finding: Finding, run: str, columns: list[str]) -> html.Article:
    """Show a finding: what, what it rests on, and what to try.

    Parameters
    ----------
    finding
        Of the run.
    run
        Its id, for the links.
    columns
        Of the map, by which it can be coloured.
    """
    figures = [
        part
        for name, value in finding.figures.items()
        if value is not None
        for part in (html.Dt(name), html.Dd(number(value) if isinstance(value, int | float) else value))
    ]
    links = [link for link in (_to_training(finding, run), _to_map(finding, run, columns)) if link is not None]
    return html.Article(
        [
            html.Div([html.H3(finding.question), level_badge(finding.level)], className="finding-head"),
            html.P(finding.sentence, className="finding-sentence"),
            html.P([html.Strong("Try next: "), finding.todo], className="finding-todo") if finding.todo else None,
            html.Div(links, className="finding-links") if links else None,
            html.Details([html.Summary("Figures behind it"), html.Dl(figures, className="facts")], className="fold")
            if figures
            else None,
        ],
        className=f"card finding finding-{finding.level}",
    )


def _to_training(finding: Finding, run: str) -> Any:
    if finding.level == "good" or not finding.settings:
        return None
    if "batch_key" in finding.settings:
        return dcc.Link("Choose batches on the Data page", href="/data")
    change = ";".join(f"{name}:{value}" for name, value in finding.settings.items())
    told = " and ".join(f"{name} = {value:,}" for name, value in finding.settings.items())
    return dcc.Link(f"Set up a training with {told}", href=f"/training?run={quote(run)}&set={quote(change, safe=':;')}")


def _to_map(finding: Finding, run: str, columns: list[str]) -> Any:
    column = ON_MAP.get(finding.topic)
    if column not in columns:
        return None
    return dcc.Link("Show it on the map", href=f"/?run={quote(run)}&colour=obs:{column}")


def glossary(report: Mapping[str, Any], mixing: float | None) -> html.Div:
    """Explain every score, with its value in this run.

    Parameters
    ----------
    report
        Of the run.
    mixing
        Mean local mixing, where it is known.
    """
    rows = [_entry(entry, value_of(entry, report, mixing)) for entry in GLOSSARY]
    head = html.Thead(html.Tr([html.Th(each, scope="col") for each in COLUMNS]))
    table = html.Table([head, html.Tbody(rows)], className="table glossary")
    return html.Div(table, className="table-scroll", tabIndex="0")


def value_of(entry: Entry, report: Mapping[str, Any], mixing: float | None) -> float | None:
    """Find the value of a score in a report; None where the run does not have it."""
    found: Any = (report.get("metrics") or {}).get(entry.key)
    if entry.key == "alignment":
        found = (report.get("alignment") or {}).get("z")
    if entry.key == "consistency":
        found = (report.get("consistency") or {}).get("score")
    if entry.key == "local_mixing":
        found = mixing
    if entry.key == "confidence":
        known = [each.get("median") for each in (report.get("confidence") or {}).values() if isinstance(each, dict)]
        found = next((each for each in known if each is not None), None)
    if entry.key == "counterparts":
        rows = (report.get("counterparts") or {}).get("clusters")
        found = None if rows is None else sum(min(row["without"].values(), default=0) for row in rows)
    return None if found is None else float(found)


def _entry(entry: Entry, value: float | None) -> html.Tr:
    here = "–" if value is None else f"{value:,.0f}" if entry.key == "counterparts" else f"{value:.3f}"
    return html.Tr(
        [
            html.Th([entry.title, html.Br(), html.Code(entry.key)], scope="row"),
            html.Td(here, className="figure-cell"),
            html.Td(entry.meaning),
            html.Td(entry.span),
            html.Td(entry.good),
            html.Td(entry.needs),
            html.Td(entry.source, className="muted small"),
        ]
    )
