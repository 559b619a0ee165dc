"""The run that one follows: from the queue to its end, whoever started it and wherever it computes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update, set_props

from monae_app.engine.errors import InputError
from monae_app.jobs.progress import STOPPED
from monae_app.jobs.registry import SHARED
from monae_app.web import ids
from monae_app.web.components.notice import alert, empty, refused
from monae_app.web.components.progress_panel import (
    cautions,
    facts,
    message,
    outcome,
    progress_bar,
    stage_line,
    state_badge,
)
from monae_app.web.figures.losses import loss_figure, loss_height
from monae_app.web.figures.style import style
from monae_app.web.long_work import works_of
from monae_app.web.pages.training import layout as page
from monae_app.web.run_actions import SAMPLE

if TYPE_CHECKING:
    from monae_app.jobs.outlook import Outlook
    from monae_app.jobs.progress import Status
    from monae_app.jobs.registry import RunRecord
    from monae_app.web.run_actions import RunActions
    from monae_app.web.services import Services

OUTPUTS = {
    "title": Output(page.TITLE_SHOWN, "children"),
    "badge": Output(page.BADGE, "children"),
    "note": Output(page.NOTE_SHOWN, "children"),
    "watch": Output(page.WATCH, "children"),
    "figure": Output(page.LOSSES, "figure"),
    "no_losses": Output(page.LOSS_BOX, "hidden"),
    "height": Output(page.LOSS_ROOM, "style"),
    "drawn": Output(page.DRAWN, "data"),
    "code": Output(page.CODE, "href"),
    "log": Output(page.LOG, "children"),
    "no_log": Output(page.LOG_BOX, "hidden"),
    "log_link": Output(page.LOG_LINK, "href"),
    "ended": Output(page.ENDED, "children"),
    "no_cancel": Output(page.CANCEL, "hidden"),
    "cancelling": Output(page.CANCEL, "disabled"),
    "no_resume": Output(page.RESUME, "hidden"),
    "resume": Output(page.RESUME, "children"),
    "no_retry": Output(page.RETRY, "hidden"),
    "no_further": Output(page.FURTHER, "hidden"),
    "no_delete": Output(page.DELETE, "hidden"),
    "no_edit": Output(page.EDIT, "hidden"),
    "no_export": Output(page.EXPORT, "hidden"),
    "idle": Output(page.CLOCK, "disabled"),
}
HIDDEN = {name: True for name in OUTPUTS if name.startswith("no_")}
NOTHING = dict.fromkeys(("title", "badge", "note", "watch", "ended")) | {
    "figure": {}, "height": {}, "drawn": None, "log": "", "log_link": "", "code": "", "cancelling": True,
    "resume": "Go on", "idle": True,
} | HIDDEN  # fmt: skip


def register(app: Dash, services: Services, deeds: RunActions) -> None:
    """Connect it."""

    @app.callback(
        OUTPUTS,
        Input(page.CLOCK, "n_intervals"),
        Input(ids.RUN, "value"),
        Input(ids.THEME, "data"),
        Input(page.TOUCHED, "data"),
        State(ids.RUN_STATE, "data"),
        State(page.DRAWN, "data"),
    )
    def watch(
        _clock: int | None, run: str | None, theme: str | None, _touched: Any, known: str | None, drawn: str | None
    ) -> dict[str, Any]:
        try:
            record = services.registry.get(run) if run else None
        except InputError as error:
            return NOTHING | {"watch": refused(error)}
        if record is None:
            return NOTHING | {"watch": empty("No training yet", html.P("Set it up and press Start training."))}
        status, place = record.status, _place(services, record)
        active = [each for each in services.runs() if each.status.active]
        state = json.dumps([record.id, status.state, place.position if place else 0, [run.id for run in active]])
        if state != known:
            # The store belongs to the frame: were it an output, Dash would call this while another page is shown.
            set_props(ids.RUN_STATE, {"data": state})
        shown = _shown(services, record, status, place) | _offered(deeds, record, status)
        # What was taken for lost may only have been out of reach, and a run can be resumed from another browser.
        idle = not (status.active or active or status.state == "lost" or works_of(services).list())
        return shown | _losses(services, record, theme, drawn) | {"idle": idle}

    # Keeps the end of the log in sight, unless somebody has scrolled up.
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("training", "follow"), Output(page.LOG, "title"), Input(page.LOG, "children")
    )


def _place(services: Services, record: RunRecord) -> Outlook | None:
    try:
        return services.outlook(record.id)
    except InputError:
        # The line cannot be read at this moment; what the run itself says is shown all the same.
        return None


def _shown(services: Services, record: RunRecord, status: Status, place: Outlook | None) -> dict[str, Any]:
    about = record.about
    last = services.losses.read(record.files)[1]
    private = record.id.startswith(SHARED)
    return {
        "title": record.named(about, status),
        "badge": state_badge(status.state, waits=place is not None),
        "note": about.note,
        "watch": [
            stage_line(status),
            progress_bar(status),
            message(status, place),
            facts(status, last),
            cautions([*status.warnings, *_report_warnings(record)]),
        ],
        # It names files of its owner's machine.
        "log": "" if private else record.files.log_tail(),
        "no_log": private,
        "log_link": f"/api/runs/{record.id}/log.txt",
        "ended": _ended(record, status),
    }


def _losses(services: Services, record: RunRecord, theme: str | None, drawn: str | None) -> dict[str, Any]:
    losses, last = services.losses.read(record.files)
    now = f"{record.id} {last.get('step')} {theme}"
    figure = no_update if now == drawn or not len(losses) else loss_figure(losses, style(theme))
    code = f"/api/runs/{record.id}/code/losses.py"
    height = {"height": f"{loss_height(losses)}px"}
    return {"figure": figure, "no_losses": not len(losses), "height": height, "drawn": now, "code": code}


def _offered(deeds: RunActions, record: RunRecord, status: Status) -> dict[str, Any]:
    """Say which buttons a run offers to the one who looks at it."""
    own, still = not record.read_only, not status.active
    mine_or_sample = own or record.id.startswith(SAMPLE)
    step, again = None, "Start again"
    if own and status.state in STOPPED and record.files.has_begun:
        again = "Go on"
        step = deeds.reached(record.id) if record.files.has_checkpoint else None
    return {
        "no_cancel": not (own and status.active),
        "cancelling": status.state == "cancelling",
        "no_resume": not (own and status.state in STOPPED),
        "resume": f"Go on from step {step:,}" if step else again,
        "no_retry": not (mine_or_sample and still),
        "no_further": not (mine_or_sample and status.state == "done"),
        "no_delete": not (own and still),
        "no_edit": not own,
        "no_export": status.active,
    }


def _report_warnings(record: RunRecord) -> list[str]:
    if not record.finished:
        return []
    try:
        said = json.loads(record.files.report_path.read_bytes()).get("warnings", [])
        return [str(sentence) for sentence in said]
    except (OSError, ValueError, AttributeError, TypeError):
        return []


def _ended(record: RunRecord, status: Status) -> Any:
    if status.state == "done" and record.finished:
        link = dcc.Link("Open the map", href=f"/?run={record.id}", className="button primary")
        return alert("The run is done.", link, tone="good")
    return outcome(status)
