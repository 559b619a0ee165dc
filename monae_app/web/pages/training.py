"""Start a training, follow it, stop it, and look back at earlier ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, dcc, html, no_update, set_props

from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components import words
from monae_app.web.components.aria import aria
from monae_app.web.components.notice import alert, empty, refused
from monae_app.web.components.parameter_form import KIND, expert_fields, read_parameters, standard_fields
from monae_app.web.components.progress_panel import facts, message, outcome, progress_bar, stage_line, state_badge
from monae_app.web.components.run_table import run_table
from monae_app.web.datasets import Source
from monae_app.web.figures.losses import loss_figure, loss_height
from monae_app.web.figures.style import style

if TYPE_CHECKING:
    from monae_app.jobs.registry import RunRecord
    from monae_app.web.services import Services

PATH = "/training"
TITLE = "Training"

DATASET, NAME, CHECK, START, START_MESSAGE = (
    "training-data", "training-name", "training-check", "training-start", "training-start-message",
)  # fmt: skip
CLOCK, LIVE, LOSSES, LOG, CANCEL, ENDED, HISTORY, LOSS_BOX = (
    "training-clock", "training-live", "training-losses", "training-log", "training-cancel", "training-ended",
    "training-history", "training-loss-box",
)  # fmt: skip
POLL_MILLISECONDS = 1000
PARAMETERS = {"type": KIND, "name": ALL}


def layout(**_: str) -> html.Div:
    """Build the page."""
    form = html.Section(
        [
            html.H2("New training"),
            html.Div(id=DATASET),
            html.Div(
                [html.Label("Name", htmlFor=NAME), dcc.Input(id=NAME, type="text", placeholder="my run", maxLength=80)],
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
        className="card form-card",
    )
    live = html.Section(
        [
            html.Div(id=LIVE, **aria(live="off")),
            html.Div(dcc.Graph(id=LOSSES, config={"displayModeBar": False}, responsive=True), id=LOSS_BOX, hidden=True),
            html.Div(id=ENDED),
            html.Button("Cancel training", id=CANCEL, className="button", hidden=True),
            html.Details([html.Summary("Log"), html.Pre(id=LOG, className="log", tabIndex="0")], className="fold"),
        ],
        className="card",
    )
    history = html.Section([html.H2("Runs"), html.Div(id=HISTORY)], className="card")
    return html.Div(
        [
            dcc.Interval(id=CLOCK, interval=POLL_MILLISECONDS, disabled=True),
            html.Div([html.H1("Training"), html.P(INTRODUCTION, className="lead")], className="page-head"),
            html.Div([form, html.Div([live, history], className="stack")], className="two-columns training-page"),
        ]
    )


INTRODUCTION = (
    "A training goes on in a process of its own: close this page, or restart the app, and find it here again."
)


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    _register_form(app, services)
    _register_watching(app, services)


def _register_form(app: Dash, services: Services) -> None:
    @app.callback(Output(DATASET, "children"), Input(ids.SOURCE, "data"))
    def describe(chosen: dict[str, Any] | None) -> Any:
        change = dcc.Link("Change", href="/data")
        try:
            title = services.catalogue.title(_source(services, chosen))
        except InputError as error:
            return [refused(error), change]
        chosen_before = [
            html.Span([html.Code(name), f" {_plain(value)}"], className="chip")
            for name, value in sorted(_source(services, chosen).settings.items())
        ]
        told = html.P("Chosen on the pages before, and taken from there:", className="muted small")
        return [
            html.P(["On ", html.Strong(title), " · ", change], className="dataset"),
            *([told, html.Div(chosen_before, className="chips")] if chosen_before else []),
        ]

    @app.callback(
        Output(CHECK, "children"),
        Output(START, "disabled"),
        Input(ids.SOURCE, "data"),
        Input(PARAMETERS, "value"),
        State(PARAMETERS, "id"),
    )
    def check(chosen: dict[str, Any] | None, values: list[Any], names: list[dict[str, str]]) -> tuple[Any, bool]:
        try:
            config = _config(services, chosen, names, values)
            seconds = services.expected_seconds(_source(services, chosen), config)
        except InputError as error:
            return refused(error), True
        return html.P(["Expected time: ", html.Strong(words.estimate(seconds)), " on this machine."]), False

    @app.callback(
        Output(ids.NEW_RUN, "data"),
        Output(START_MESSAGE, "children"),
        Input(START, "n_clicks"),
        State(ids.SOURCE, "data"),
        State(NAME, "value"),
        State(PARAMETERS, "value"),
        State(PARAMETERS, "id"),
        prevent_initial_call=True,
        running=[(Output(START, "disabled"), True, False)],
    )
    def start(
        clicks: int | None,
        chosen: dict[str, Any] | None,
        name: str | None,
        values: list[Any],
        names: list[dict[str, str]],
    ) -> tuple[Any, Any]:
        if not clicks:
            return no_update, no_update
        try:
            config = _config(services, chosen, names, values)
            title = (name or "").strip() or services.catalogue.title(_source(services, chosen))
            seconds = services.expected_seconds(_source(services, chosen), config)
            record = services.start(config, title, expected_s=seconds)
        except InputError as error:
            return no_update, refused(error)
        return {"id": record.id, "nonce": time.time()}, None


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _source(services: Services, chosen: dict[str, Any] | None) -> Source:
    source = Source.from_json(chosen) or services.catalogue.default()
    if source is None:
        raise InputError("No data are chosen yet.", "a sample, or files.", "choose some on the Data page.")
    return source


def _config(
    services: Services, chosen: dict[str, Any] | None, names: list[dict[str, str]], values: list[Any]
) -> RunConfig:
    source = _source(services, chosen)
    # What was set for these data stands above the form; a path that was typed must be one that is on offer.
    typed = services.catalogue.checked(read_parameters(names, values))
    return make_config(**(typed | services.catalogue.settings(source)))


def _register_watching(app: Dash, services: Services) -> None:
    @app.callback(
        Output(LIVE, "children"),
        Output(LOSSES, "figure"),
        Output(LOSS_BOX, "hidden"),
        Output(LOSS_BOX, "style"),
        Output(LOG, "children"),
        Output(ENDED, "children"),
        Output(CANCEL, "hidden"),
        Output(CANCEL, "disabled"),
        Output(CLOCK, "disabled"),
        Input(CLOCK, "n_intervals"),
        Input(ids.RUN, "value"),
        Input(ids.THEME, "data"),
        State(ids.RUN_STATE, "data"),
    )
    def watch(_: int | None, run: str | None, theme: str | None, known_state: str | None) -> tuple[Any, ...]:
        record = _find(services, run)
        if record is None:
            nothing = empty("No training yet", html.P("Set it up on the left and press Start training."))
            return nothing, {}, True, {}, "", None, True, True, True
        status = record.status
        losses, last = services.losses.read(record.files)
        state = f"{record.id}:{status.state}"
        if state != known_state:
            # The store belongs to the frame: were it an output, Dash would call this while another page is shown.
            set_props(ids.RUN_STATE, {"data": state})
        return (
            [
                _head(record, status.state),
                stage_line(status),
                progress_bar(status),
                message(status),
                facts(status, last),
            ],
            loss_figure(losses, style(theme)) if len(losses) else no_update,
            not len(losses),
            {"height": f"{loss_height(losses)}px"},
            record.files.log_tail(),
            _ended(record),
            not status.active,
            status.state == "cancelling",
            not status.active,
        )

    @app.callback(
        Output(CANCEL, "children"), Input(CANCEL, "n_clicks"), State(ids.RUN, "value"), prevent_initial_call=True
    )
    def cancel(clicks: int | None, run: str | None) -> Any:
        record = _find(services, run)
        if clicks and record is not None:
            services.cancel(record.id)
        return no_update

    @app.callback(Output(HISTORY, "children"), Input(ids.RUN_STATE, "data"), Input(ids.RUN, "value"))
    def list_runs(_: str | None, run: str | None) -> Any:
        return run_table(services.registry.list(), run)


def _find(services: Services, run: str | None) -> RunRecord | None:
    try:
        return services.registry.get(run) if run else None
    except InputError:
        return None


def _head(record: RunRecord, state: str) -> html.Div:
    return html.Div([html.H2(record.name), state_badge(state)], className="card-head", role="status")


def _ended(record: RunRecord) -> Any:
    if record.status.state == "done" and record.finished:
        link = dcc.Link("Open the map", href=f"/?run={record.id}", className="button primary")
        return alert("The run is done.", link, tone="good")
    return outcome(record.status)
