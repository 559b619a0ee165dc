"""A run out of an archive that was uploaded; it becomes the current one.

Every page may show it; it is connected once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.jobs.archive import free_room
from monae_app.web import ids
from monae_app.web.components.notice import alert
from monae_app.web.components.short_job import ShortJob

if TYPE_CHECKING:
    from monae_app.web.services import Services

JOB = ShortJob("import", "import", "Import the run")
ARCHIVE = "import-archive"
TOLD = "A run that was exported from this app, here or elsewhere: upload its .zip file on the Data page."


def import_box() -> html.Div:
    """Build the choice and the button."""
    return html.Div(
        [
            html.P(TOLD, className="muted small"),
            html.Label("Uploaded archive", htmlFor=ARCHIVE, className="visually-hidden"),
            dcc.Dropdown(id=ARCHIVE, options=[], placeholder="uploaded .zip file"),
            JOB.layout(),
        ]
    )


def register(app: Dash, services: Services) -> None:
    """Connect it."""

    @app.callback(Output(ARCHIVE, "options"), Input(ids.UPLOADS, "data"), Input(ARCHIVE, "id"))
    def offer(_uploads: Any, _id: str) -> list[dict[str, str]]:
        names = services.catalogue.uploaded()
        return [
            {"label": label, "value": name}
            for name in names
            if (label := services.catalogue.label(name)).casefold().endswith(".zip")
        ]

    def order(name: str | None) -> dict[str, Any]:
        if not name:
            raise InputError("No archive is chosen.", "an uploaded .zip file.", "upload one on the Data page first.")
        path = services.catalogue.path(name)
        if not path.is_file():
            raise InputError("A folder is chosen.", "the .zip file of a run.", "upload that file.")
        limits, user = services.uploads.limits, services.users.current()
        used = sum(upload.size for upload in services.uploads.list(user))
        room = free_room(services.settings.store, quota_left=limits.quota_bytes - used, reserve=limits.reserve_bytes)
        return {"archive": str(path), "room": room}

    JOB.register(app, services, order, [State(ARCHIVE, "value")], _shown)

    @app.callback(
        Output(ids.NEW_RUN, "data", allow_duplicate=True), Input(JOB.outcome, "data"), prevent_initial_call=True
    )
    def become_current(outcome: dict[str, Any] | None) -> Any:
        run = ((outcome or {}).get("result") or {}).get("run")
        return {"id": run, "nonce": time.time()} if run else no_update


def _shown(made: dict[str, Any]) -> Any:
    link = dcc.Link("Open the map", href=f"/?run={made['run']}") if made["finished"] else None
    return alert(f"The run {made['name']!r} was imported.", link, tone="good")
