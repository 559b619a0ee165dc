"""The current run as one file to keep: packed while one waits, then offered to download.

Every page may show it; it is connected once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, State, dcc, html

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.short_job import ShortJob

if TYPE_CHECKING:
    from monae_app.web.services import Services

JOB = ShortJob("export", "export", "Export the run")
WHAT = "export-what"
TOLD = "Settings, report, log, cells and features in one file that this app imports again, here or elsewhere."


def export_box() -> html.Div:
    """Build the button, with what can be taken along."""
    return html.Div(
        [
            html.P(TOLD, className="muted small"),
            dcc.Checklist(
                [{"label": "With the checkpoint, to train on", "value": "checkpoint"}], [], id=WHAT, className="small"
            ),
            JOB.layout(),
        ]
    )


def register(app: Dash, services: Services) -> None:
    """Connect it."""

    def order(run: str | None, what: list[str] | None) -> dict[str, Any]:
        record = services.registry.get(run or "")
        if record.status.active:
            raise InputError(
                f"The run {record.name!r} is still {record.status.state}.", "a run that has ended.", "wait until then."
            )
        return {
            "folder": str(record.folder),
            "name": record.name,
            "checkpoint": "checkpoint" in (what or []),
            # What its owner wrote and what their machine said stays with the owner.
            "log": not record.read_only,
        }

    JOB.register(app, services, order, [State(ids.RUN, "value"), State(WHAT, "value")], download_link)


def download_link(made: dict[str, Any]) -> Any:
    """Show a file that was made as a link."""
    size = f"{made['size'] / 1e6:,.1f} MB"
    link = html.A(f"Download {made['name']}", href=f"/api/downloads/{made['token']}", className="download-made")
    return html.P([link, html.Span(f" {size}, kept for an hour", className="muted small")], role="status")
