"""Some cells alone: choose them, have them laid out and clustered anew, see their map in place of all, and go back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update

from monae_app.engine.analysis.part_map import HIGHEST_RESOLUTION, LOWEST_RESOLUTION, check_part
from monae_app.engine.errors import InputError
from monae_app.jobs.part_maps import order_of
from monae_app.web import ids
from monae_app.web.components.notice import alert, refused
from monae_app.web.components.short_job import ShortJob
from monae_app.web.group_choice import GroupChoice
from monae_app.web.parts import Parts

if TYPE_CHECKING:
    from monae_app.web.selections import Selections
    from monae_app.web.services import Services

JOB = ShortJob("some-cells", "map", "Map and cluster them")
CELLS, RESOLUTION, COLUMN, BACK = "some-cells-chosen", "some-cells-resolution", "some-cells-column", "some-cells-back"
# Told by the panel of the selection when other selections are saved (assets/embedding/selection_panel.mjs).
SAVED = "some-cells-saved"
# What is shown in place of all cells, see monae_app.web.parts.Part; None for all.
SHOWN = "some-cells-shown-now"
NOTE, NOTE_TEXT = "some-cells-note", "some-cells-note-text"
TAKE_BACK, STEP = "some-cells-take-back", "some-cells-step"
TOLD = (
    "Cells are laid out and clustered without the others, so that differences among them come out. Save a selection "
    "above to find it here."
)
LONGEST_TITLE = 60


def some_cells_box() -> html.Details:
    """Build the fold with the choice of cells."""
    return html.Details(
        [
            html.Summary("Map and cluster some cells alone"),
            html.P(TOLD, className="muted small"),
            dcc.Store(id=SAVED),
            html.Div(
                [
                    html.Label("Cells", htmlFor=CELLS),
                    dcc.Dropdown(id=CELLS, options=[], multi=True, placeholder="a selection, a group or several"),
                    html.Label("Resolution", htmlFor=RESOLUTION, title="More gives more clusters (Leiden)"),
                    dcc.Input(
                        id=RESOLUTION, type="number", value=1, min=LOWEST_RESOLUTION, max=HIGHEST_RESOLUTION,
                        step="any", className="number",
                    ),
                    html.Label("Column", htmlFor=COLUMN, title="The clusters are kept under this name"),
                    dcc.Input(id=COLUMN, placeholder="clusters of …", maxLength=100, autoComplete="off"),
                ],
                className="some-cells-choice",
            ),
            JOB.layout(),
            dcc.Store(id=STEP),
            html.Button("Undo the column", id=TAKE_BACK, className="link-button", type="button", hidden=True),
        ],
        className="fold some-cells-fold",
    )  # fmt: skip


def some_cells_note(part: str = "") -> html.Div:
    """Build the line above the map that says that it is not the whole, with the way back.

    Parameters
    ----------
    part
        Key of the map that the URL names.
    """
    return html.Div(
        [
            dcc.Store(id=SHOWN, data={"key": part, "title": ""} if part else None),
            html.Span(id=NOTE_TEXT),
            html.Button("Show all cells", id=BACK, className="link-button", type="button"),
        ],
        id=NOTE,
        className="some-cells-note",
        role="status",
        hidden=True,
    )


def register(app: Dash, services: Services, selections: Selections) -> None:
    """Connect the choice, the work and the way back."""
    _register_choice(app, services, selections)
    _register_shown(app, services)
    _register_column(app, selections)

    def order(run: str | None, keys: list[str] | None, resolution: float | None, column: str | None) -> dict[str, Any]:
        view = services.view(run or "")
        choice = GroupChoice(view, str(run), selections)
        chosen = choice.cells(keys or [])
        if resolution is None:
            raise InputError("No resolution is given.", "a number such as 1.", "write one; more gives more clusters.")
        check_part(int(chosen.sum()), resolution)
        title = _shortened(choice.named(keys or []))
        made = order_of(view.folder, chosen, resolution, title)
        saved = selections.of(str(run))
        if saved.editable:
            name = (column or "").strip() or f"clusters of {title}"
            made |= {"annotations": str(saved.annotations.folder), "column": name}
        return made

    states = [State(ids.RUN, "value"), State(CELLS, "value"), State(RESOLUTION, "value"), State(COLUMN, "value")]
    JOB.register(app, services, order, states, show=_made)


def _made(result: dict[str, Any]) -> html.Div:
    found = f"{result['cells']:,} cells in {result['clusters']:,} clusters."
    if not result["column"]:
        return alert(found, "They are not kept as a column: this run was shared with you.", tone="info")
    where = urlencode({"first": f"note:{result['column']}=0"}, safe=":=")
    compare = dcc.Link("Compare the clusters", href=f"/differential?{where}")
    return alert(found, f"Kept as the column “{result['column']}”.", compare, tone="good")


def _register_choice(app: Dash, services: Services, selections: Selections) -> None:
    @app.callback(
        Output(CELLS, "options"),
        Output(CELLS, "value"),
        Input(ids.RUN, "value"),
        Input(SAVED, "data"),
        State(CELLS, "value"),
    )
    def offer(run: str | None, _saved: Any, chosen: list[str] | None) -> tuple[Any, Any]:
        view = services.opened(run)
        if view is None:
            return [], []
        offered = GroupChoice(view, str(run), selections).offered(every=True)
        known = {each["value"] for each in offered}
        return offered, [each for each in chosen or [] if each in known]


def _register_shown(app: Dash, services: Services) -> None:
    parts = Parts(services)

    @app.callback(
        Output(SHOWN, "data"),
        Input(JOB.outcome, "data"),
        Input(BACK, "n_clicks"),
        Input(ids.RUN, "value"),
        State(SHOWN, "data"),
    )
    def choose(outcome: dict[str, Any] | None, _back: int | None, run: str | None, shown: Any) -> Any:
        if ctx.triggered_id == JOB.outcome:
            made = (outcome or {}).get("result")
            return {"key": made["part"], "title": made["title"]} if made else no_update
        if ctx.triggered_id == BACK or shown is None or not run:
            return None if shown and ctx.triggered_id == BACK else no_update
        try:
            part = parts.part(run, shown["key"])
        except InputError:
            part = None
        now = part and part.to_json()
        return no_update if now == shown else now

    @app.callback(Output(NOTE, "hidden"), Output(NOTE_TEXT, "children"), Input(SHOWN, "data"))
    def say(shown: Any) -> tuple[bool, str]:
        if not shown or not shown["title"]:
            return True, ""
        return False, f"Only {shown['title']}, laid out alone. "

    # The clusters are shown, and the panel of the selection learns that there is another column.
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("map", "clustered"),
        Output(JOB.start, "title"),
        Input(STEP, "data"),
        State(JOB.outcome, "data"),
        State(ids.RUN, "value"),
        prevent_initial_call=True,
    )


def _register_column(app: Dash, selections: Selections) -> None:
    shown = f"{JOB.name}-shown"

    @app.callback(
        Output(STEP, "data"),
        Output(TAKE_BACK, "hidden"),
        Output(shown, "children", allow_duplicate=True),
        Input(JOB.outcome, "data"),
        Input(TAKE_BACK, "n_clicks"),
        Input(ids.RUN, "value"),
        State(STEP, "data"),
        prevent_initial_call=True,
    )
    def undo(outcome: Any, _back: Any, run: str | None, step: str | None) -> tuple[Any, bool, Any]:
        if ctx.triggered_id == TAKE_BACK and step:
            try:
                selections.own(str(run)).annotations.undo(step)
            except InputError as error:
                return None, True, refused(error)
            return None, True, alert("The column was taken back.", tone="info")
        made = (outcome or {}).get("result") if ctx.triggered_id == JOB.outcome else None
        return (made["step"], not made["step"], no_update) if made else (None, True, no_update)


def _shortened(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip(', ')}…"
