"""How good the cells are, and which ones to leave out: histograms, cut-offs to type or move, what would remain.

The cut-offs stand in ``settings`` of the store of the data set, where the next training finds them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from monae_app.engine.data.cutoffs import CUTOFFS, SHARES, without_cutoffs
from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.aria import aria
from monae_app.web.components.notice import refused
from monae_app.web.components.quality_cards import FIELD, GRAPH, LOGARITHMIC, REMAIN, axis_title, cards, remaining
from monae_app.web.figures.quality import from_axis, quality_figure
from monae_app.web.figures.style import style
from monae_app.web.quality_view import WITH_DOUBLETS, QualityView, cutoffs_of, plain, shown, typed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monae_app.web.datasets import Source
    from monae_app.web.quality_view import Measured
    from monae_app.web.services import Services

BOX, NOTE, BODY, CLOCK, READY, HISTORY, MESSAGE = (
    "quality", "quality-note", "quality-body", "quality-clock", "quality-ready", "quality-history", "quality-message",
)  # fmt: skip
SUGGEST, DOUBLETS, UNDO, RESET, ASKED = (
    "quality-suggest", "quality-doublets", "quality-undo", "quality-reset", "quality-asked",
)  # fmt: skip
POLL_MILLISECONDS = 800
KEPT_STEPS = 50
_MOVED = re.compile(r"shapes\[(\d+)\]\.x0")


def panel() -> html.Section:
    """Build the panel; it is hidden until a data set is there."""
    buttons = [
        html.Button("Suggest cut-offs", id=SUGGEST, className="button primary"),
        html.Button("Look for doublets", id=DOUBLETS, className="button"),
        html.Button("Undo", id=UNDO, className="button", disabled=True),
        html.Button("Keep all cells", id=RESET, className="button"),
    ]
    return html.Section(
        [
            dcc.Interval(id=CLOCK, interval=POLL_MILLISECONDS, disabled=True),
            # {"key": which measures the cards show, "which": of which data set}
            dcc.Store(id=READY),
            # cut-offs before each step, newest last
            dcc.Store(id=HISTORY, data=[]),
            # the data set in which doublets were asked for
            dcc.Store(id=ASKED, storage_type="session"),
            html.H2("Quality of the cells"),
            html.P(INTRODUCTION, className="muted"),
            html.Div(id=NOTE, **aria(live="polite")),
            html.Div(
                [html.Div(buttons, className="buttons"), html.Div(id=MESSAGE), html.Div(id=BODY)],
                id=f"{BODY}-box",
                hidden=True,
            ),
        ],
        id=BOX,
        className="card",
        hidden=True,
    )


INTRODUCTION = (
    "Which cells to leave out, if any: type a cut-off, or move its line. Nothing is left out unless you say so, and "
    "your files stay as they are."
)


def register(app: Dash, services: Services) -> None:
    """Connect the panel, on whichever page it stands."""
    view = QualityView(services)
    _register_measuring(app, view)
    _register_changing(app, view)
    _register_drawing(app, view)


def _which(source: Source) -> dict[str, Any]:
    """Return what makes a data set another one, whatever its cut-offs."""
    return source.to_json() | {"settings": without_cutoffs(source.settings)}


def _register_measuring(app: Dash, view: QualityView) -> None:
    @app.callback(
        Output(BOX, "hidden"),
        Output(NOTE, "children"),
        Output(f"{BODY}-box", "hidden"),
        Output(BODY, "children"),
        Output(READY, "data"),
        Output(CLOCK, "disabled"),
        Output(DOUBLETS, "disabled"),
        Input(ids.SOURCE, "data"),
        Input(CLOCK, "n_intervals"),
        Input(ASKED, "data"),
        State(READY, "data"),
    )
    def measure(
        chosen: dict[str, Any] | None, _: int | None, asked: Any, ready: dict[str, Any] | None
    ) -> tuple[Any, ...]:
        source = view.source(chosen)
        if source is None:
            return True, None, True, None, None, True, True
        doublets = asked == _which(source)
        try:
            survey = view.survey(source)
            if survey.state == "done" and doublets:
                survey = view.survey(source, doublets=True)
            measured = view.measured(source, doublets=doublets)
        except InputError as error:
            return False, refused(error), True, None, None, True, True
        running = survey.state == "running"
        note = _waiting(survey.message) if running else refused(survey.error) if survey.error else None
        if measured is None:
            return False, note, True, None, None, not running, True
        state = {"key": measured.key, "which": _which(source)}
        same = state == ready
        body = no_update if same else cards(measured, cutoffs_of(source.settings))
        done = doublets or not set(WITH_DOUBLETS) & set(measured.tables)
        return False, note, False, body, no_update if same else state, not running, done

    @app.callback(Output(ASKED, "data"), Input(DOUBLETS, "n_clicks"), State(READY, "data"), prevent_initial_call=True)
    def ask(clicks: int | None, ready: dict[str, Any] | None) -> Any:
        return ready["which"] if clicks and ready else no_update


def _waiting(message: str) -> html.P:
    return html.P(f"{message} …", className="spinner-note", role="status")


def _register_changing(app: Dash, view: QualityView) -> None:
    @app.callback(
        Output(ids.SOURCE, "data", allow_duplicate=True),
        Output(HISTORY, "data"),
        Output({"type": FIELD, "setting": ALL}, "value"),
        Output(MESSAGE, "children"),
        Input({"type": FIELD, "setting": ALL}, "value"),
        Input({"type": GRAPH, "name": ALL, "measure": ALL}, "relayoutData"),
        *[Input(button, "n_clicks") for button in (SUGGEST, UNDO, RESET)],
        State(ids.SOURCE, "data"),
        State(HISTORY, "data"),
        State(READY, "data"),
        prevent_initial_call=True,
    )
    def change(*given: Any) -> tuple[Any, ...]:
        chosen, history, ready = given[-3:]
        settings = [each["id"]["setting"] for each in ctx.outputs_list[2]]
        untouched = [no_update] * len(settings)
        source = view.source(chosen)
        if source is None or not ready or ready["which"] != _which(source):
            return no_update, no_update, untouched, no_update
        before = cutoffs_of(source.settings)
        try:
            after = _after(view, source, before, history or [], ready)
        except InputError as error:
            return no_update, no_update, untouched, refused(error)
        if after == before:
            return no_update, no_update, untouched, None
        steps = (history or [])[:-1] if ctx.triggered_id == UNDO else [*(history or []), before][-KEPT_STEPS:]
        changed = source.to_json() | {"settings": without_cutoffs(source.settings) | after}
        typing = isinstance(ctx.triggered_id, dict) and ctx.triggered_id["type"] == FIELD
        fields = untouched if typing else [shown(setting, after.get(setting)) for setting in settings]
        return changed, steps, fields, None

    @app.callback(Output(UNDO, "disabled"), Input(HISTORY, "data"))
    def can_undo(history: list[Any] | None) -> bool:
        return not history


def _after(
    view: QualityView, source: Source, before: dict[str, Any], history: list[dict[str, Any]], ready: dict[str, Any]
) -> dict[str, Any]:
    """Cut-offs after what was just done.

    Raises
    ------
    InputError
        If what was typed is no cut-off.
    """
    pressed: Any = ctx.triggered_id
    if pressed == RESET:
        return {}
    if pressed == UNDO:
        return history[-1] if history else before
    if pressed == SUGGEST:
        measured = view.measured(source, doublets=ready["key"].endswith("+"))
        return measured.suggested() if measured else before
    after = dict(before)
    for each in ctx.triggered:
        where: Any = ctx.triggered_prop_ids.get(each["prop_id"])
        if where["type"] == FIELD:
            after[where["setting"]] = typed(where["setting"], each["value"])
        else:
            after |= _moved(where, each["value"], before)
    return {setting: value for setting, value in after.items() if value is not None}


def _drawn(name: str, measure: str, cutoffs: dict[str, Any]) -> list[str]:
    """List the settings whose lines stand in a figure, in their order."""
    mine: Iterable[Any] = CUTOFFS[name]  # type: ignore[index]
    return [each.setting for each in mine if each.measure == measure and each.setting in cutoffs]


def _moved(where: dict[str, str], relayout: Any, cutoffs: dict[str, Any]) -> dict[str, Any]:
    """Read where a line was moved to."""
    lines, log = _drawn(where["name"], where["measure"], cutoffs), where["measure"] in LOGARITHMIC
    found: dict[str, Any] = {}
    for key, place in (relayout or {}).items():
        moved = _MOVED.fullmatch(str(key))
        if moved and int(moved.group(1)) < len(lines):
            value = from_axis(float(place), log=log)
            found[lines[int(moved.group(1))]] = round(value) if log else round(min(value, 1.0), 3)
    return {setting: plain(setting, value) for setting, value in found.items()}


def _register_drawing(app: Dash, view: QualityView) -> None:
    @app.callback(
        Output({"type": GRAPH, "name": ALL, "measure": ALL}, "figure"),
        Output({"type": REMAIN, "name": ALL}, "children"),
        Input(ids.SOURCE, "data"),
        Input(READY, "data"),
        Input(ids.THEME, "data"),
    )
    def draw(chosen: dict[str, Any] | None, ready: dict[str, Any] | None, theme: str | None) -> tuple[Any, ...]:
        graphs, remains = ([each["id"] for each in wanted] for wanted in ctx.outputs_list)
        source = view.source(chosen)
        measured: Measured | None = None
        if source is not None and ready and ready["which"] == _which(source):
            measured = view.measured(source, doublets=ready["key"].endswith("+"))
        if source is None or measured is None:
            return [no_update] * len(graphs), [no_update] * len(remains)
        cutoffs = cutoffs_of(source.settings)
        keep = measured.kept(cutoffs)
        figures = [
            quality_figure(
                measured.tables[where["name"]][where["measure"]].to_numpy(float),
                keep[where["name"]],
                [cutoffs[setting] for setting in _drawn(where["name"], where["measure"], cutoffs)],
                style(theme),
                log=where["measure"] in LOGARITHMIC,
                title=axis_title(where["measure"]),
                percent=where["measure"] in SHARES,
            )
            for where in graphs
        ]
        return figures, [remaining(measured, where["name"], cutoffs) for where in remains]
