"""The parts of the Training page and their ids."""

from __future__ import annotations

import time
from typing import Any

from dash import ALL, dcc, html

from monae_app.jobs.about import LONGEST_NAME, LONGEST_NOTE
from monae_app.web.components.aria import aria
from monae_app.web.components.code_link import code_link
from monae_app.web.components.export_run import export_box
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.import_run import import_box
from monae_app.web.components.parameter_form import KIND, expert_fields, standard_fields

# The form.
FORM, DATASET, NAME, CHECK, START, START_MESSAGE = (
    "training-form", "training-data", "training-name", "training-check", "training-start", "training-start-message",
)  # fmt: skip
FROM, FROM_TEXT, RESET, FILLED, ASKED = (
    "training-from", "training-from-text", "training-reset", "training-filled", "training-asked",
)  # fmt: skip
PARAMETERS = {"type": KIND, "name": ALL}

# The run that one follows.
CODE, LOSS_ROOM = "training-code", "training-loss-room"
CLOCK, LIVE, TITLE_SHOWN, BADGE, NOTE_SHOWN, WATCH, LOSSES, LOSS_BOX, DRAWN = (
    "training-clock", "training-live", "training-title", "training-badge", "training-note", "training-watch",
    "training-losses", "training-loss-box", "training-drawn",
)  # fmt: skip
ENDED, LOG, LOG_BOX, LOG_LINK = "training-ended", "training-log", "training-log-box", "training-log-link"
BUTTONS, CANCEL, RESUME, RETRY, FURTHER, DELETE, EXPORT = (
    "training-buttons", "training-cancel", "training-resume", "training-retry", "training-further", "training-delete",
    "training-export",
)  # fmt: skip
MESSAGE, TOUCHED = "training-message", "training-touched"
EXTEND_BOX, MORE, EXTEND, EXTEND_BACK = (
    "training-extend-box", "training-more", "training-extend", "training-extend-back",
)  # fmt: skip
EDIT, EDIT_BOX, EDIT_NAME, EDIT_NOTE, SAVE, LEAVE = (
    "training-edit", "training-edit-box", "training-edit-name", "training-edit-note", "training-save", "training-leave",
)  # fmt: skip

# The runs.
WORKS, HISTORY, SEARCH, SORTED, SHOWN, MORE_RUNS, COUNTED = (
    "training-works", "training-history", "training-search", "training-sorted", "training-shown", "training-more-runs",
    "training-counted",
)  # fmt: skip
TOAST, TOAST_TEXT, UNDO, DELETED = "training-toast", "training-toast-text", "training-undo", "training-deleted"
TRASH, TRASH_BOX, RESTORE = "training-trash", "training-trash-box", "training-restore"

POLL_MILLISECONDS = 1000
INTRODUCTION = (
    "A training goes on in a process of its own: close this page, or restart the app, and find it here again."
)

EDITING = "Enter saves, Escape leaves; Shift and Enter begin a new line of the note."
EXTENDING = "Makes a new run that goes on where this one ended; this one stays as it is."


def layout(**asked: str) -> html.Div:
    """Build the page; its URL may ask for the settings of a run (``run``) with changes (``set``, NAME:VALUE;...)."""
    return html.Div(
        [
            dcc.Interval(id=CLOCK, interval=POLL_MILLISECONDS, disabled=True),
            *(dcc.Store(id=name) for name in (DRAWN, TOUCHED, FILLED, SORTED, DELETED)),
            dcc.Store(id=SHOWN),
            dcc.Store(id=ASKED, data={name: asked.get(name, "") for name in ("run", "set")}),
            html.Div([html.H1("Training"), html.P(INTRODUCTION, className="lead")], className="page-head"),
            html.Div(
                [_form(), html.Div([_live(), _history()], className="stack")], className="two-columns training-page"
            ),
            html.Div(
                [html.Span(id=TOAST_TEXT), html.Button("Undo", id=UNDO, className="button small", type="button")],
                id=TOAST,
                className="toast",
                hidden=True,
                role="status",
            ),
        ]
    )


def _form() -> html.Section:
    origin = html.Div(
        [html.Span(id=FROM_TEXT), html.Button("Reset", id=RESET, className="link-button", type="button")],
        id=FROM,
        className="notice notice-info from-run",
        hidden=True,
    )
    return html.Section(
        [
            html.H2("New training"),
            origin,
            html.Div(id=DATASET),
            html.Div(
                [
                    html.Label("Name", htmlFor=NAME),
                    dcc.Input(id=NAME, type="text", placeholder="my run", maxLength=LONGEST_NAME),
                ],
                className="field",
            ),
            html.Div(standard_fields(), className="fields"),
            html.Details([html.Summary("Expert settings"), *expert_fields()], className="fold expert"),
            html.Div(
                [
                    html.Div(id=CHECK, className="check", **aria(live="polite")),
                    html.Button("Start training", id=START, className="button primary wide"),
                    html.Div(id=START_MESSAGE),
                ],
                className="start-bar",
            ),
        ],
        id=FORM,
        className="card form-card",
    )


def _live() -> html.Section:
    head = html.Div(
        [
            html.Div([html.H2(id=TITLE_SHOWN), _button("Rename, note", EDIT, "link-button")], className="run-title"),
            html.Span(id=BADGE, role="status"),
        ],
        className="card-head",
    )
    log = html.Details(
        [
            html.Summary("Log"),
            html.Pre(id=LOG, className="log", tabIndex="0"),
            html.A("Download the whole log", id=LOG_LINK, href="", className="small"),
        ],
        id=LOG_BOX,
        className="fold",
    )
    return html.Section(
        [
            head,
            html.P(id=NOTE_SHOWN, className="muted run-note"),
            _edit(),
            html.Div(id=WATCH, **aria(live="off")),
            html.Div(
                [
                    html.Div(dcc.Graph(id=LOSSES, config={"displayModeBar": False}, responsive=True), id=LOSS_ROOM),
                    figure_out(LOSSES, "losses", more=[code_link(CODE)]),
                ],
                id=LOSS_BOX,
                hidden=True,
            ),
            html.Div(id=ENDED),
            html.Div(
                [
                    _button("Cancel training", CANCEL),
                    _button("Go on", RESUME, "button primary"),
                    _button("Change settings and try again", RETRY),
                    _button("Train further", FURTHER),
                    _button("Delete", DELETE),
                ],
                id=BUTTONS,
                className="buttons",
            ),
            _extend(),
            html.Div(id=MESSAGE),
            log,
            html.Details([html.Summary("Export"), export_box()], id=EXPORT, className="fold", hidden=True),
        ],
        id=LIVE,
        className="card",
    )


def _edit() -> html.Div:
    note = dcc.Textarea(id=EDIT_NOTE, maxLength=LONGEST_NOTE, rows=2, placeholder="A note of your own")
    return html.Div(
        [
            html.Label("Name", htmlFor=EDIT_NAME),
            dcc.Input(id=EDIT_NAME, type="text", maxLength=LONGEST_NAME, autoComplete="off"),
            html.Label("Note", htmlFor=EDIT_NOTE),
            note,
            html.Div(
                [
                    _button("Save", SAVE, "button primary small", hidden=False),
                    _button("Leave", LEAVE, "button small", hidden=False),
                ],
                className="buttons",
            ),
            html.P(
                "Enter saves, Escape leaves; Shift and Enter begin a new line of the note.", className="muted small"
            ),
        ],
        id=EDIT_BOX,
        className="edit-run",
        hidden=True,
    )


def _extend() -> html.Div:
    return html.Div(
        [
            html.Label("Further training steps", htmlFor=MORE),
            html.Div(
                [
                    dcc.Input(id=MORE, type="text", autoComplete="off", inputMode="numeric"),
                    _button("Train further", EXTEND, "button primary", hidden=False),
                    _button("Leave", EXTEND_BACK, hidden=False),
                ],
                className="extend-line",
            ),
            html.P(
                "Makes a new run that goes on where this one ended; this one stays as it is.", className="muted small"
            ),
        ],
        id=EXTEND_BOX,
        className="edit-run",
        hidden=True,
    )


def _history() -> html.Section:
    search = dcc.Input(id=SEARCH, type="search", placeholder="Search by name, note or state", autoComplete="off")
    head = html.Div(
        [
            html.H2("Runs"),
            html.Div([html.Label("Search the runs", htmlFor=SEARCH, className="visually-hidden"), search]),
        ],
        className="card-head",
    )
    return html.Section(
        [
            head,
            html.Div(id=WORKS, **aria(live="polite")),
            html.Div(id=HISTORY),
            html.Div(
                [
                    html.Span(id=COUNTED, className="muted small", role="status"),
                    _button("Show more", MORE_RUNS, "button small"),
                ],
                className="history-foot",
            ),
            html.Details(
                [html.Summary("Deleted runs"), html.Div(id=TRASH)], id=TRASH_BOX, className="fold", hidden=True
            ),
            html.Details([html.Summary("Import a run"), import_box()], className="fold"),
        ],
        className="card",
    )


def _button(title: str, name: str, look: str = "button", *, hidden: bool = True) -> html.Button:
    return html.Button(title, id=name, className=look, type="button", hidden=hidden)


def nonce(*said: Any) -> dict[str, Any]:
    """Return what differs from everything before it, so that whoever listens hears it."""
    return {"said": list(said), "nonce": time.time()}
