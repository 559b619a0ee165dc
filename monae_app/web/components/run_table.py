"""The history of runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from monae_app.web.components import words
from monae_app.web.components.notice import empty
from monae_app.web.components.progress_panel import state_badge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.jobs.registry import RunRecord

SHOWN = 50


def run_table(records: Sequence[RunRecord], current: str | None) -> Any:
    """List runs, newest first, each with its state, its scores and where to look at it."""
    if not records:
        return empty("No runs yet", html.P("Start a training; it will be listed here."))
    head = html.Tr(
        [html.Th(name, scope="col") for name in ("Run", "Started", "State", "FOSCTTM", "Label transfer", "")]
    )
    body = [_row(record, current) for record in records[:SHOWN]]
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="table"), className="table-scroll")


def _row(record: RunRecord, current: str | None) -> html.Tr:
    status, metrics = record.status, _metrics(record)
    name = [html.Strong(record.name), html.Small(" bundled" if record.id.startswith("sample-") else "")]
    link = dcc.Link("Open the map", href=f"/?run={record.id}") if record.finished else None
    watch = dcc.Link("Follow" if status.active else "Details", href=f"/training?run={record.id}")
    cells = [
        html.Td(name),
        html.Td(words.moment(status.created), className="when"),
        html.Td(state_badge(status.state)),
        html.Td(_score(metrics.get("foscttm")), className="figure-cell"),
        html.Td(_score(metrics.get("label_transfer")), className="figure-cell"),
        html.Td([link, watch] if link else [watch], className="links"),
    ]
    return html.Tr(cells, className="current" if record.id == current else "")


def _metrics(record: RunRecord) -> dict[str, Any]:
    try:
        return dict(json.loads(record.files.report_path.read_text(encoding="utf-8")).get("metrics", {}))
    except (OSError, ValueError):
        return {}


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
