"""Some groups alone: choose them, have them laid out anew, see their map in place of the whole, and go back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.short_job import ShortJob
from monae_app.web.groups import Groups

if TYPE_CHECKING:
    from monae_app.web.explore import RunView
    from monae_app.web.services import Services

JOB = ShortJob("groups", "map", "Draw their own map")
COLUMN, NAMES, BACK = "groups-column", "groups-names", "groups-back"
# What is shown in place of all cells, see monae_app.web.groups.Groups; None for all.
SHOWN = "groups-shown-now"
NOTE, NOTE_TEXT = "groups-note", "groups-note-text"
TOLD = "Cells of some groups are laid out without the others, so that differences among them come out."


def groups_box() -> html.Details:
    """Build the fold with the choice of groups."""
    return html.Details(
        [
            html.Summary("Map some groups alone"),
            html.P(TOLD, className="muted small"),
            html.Div(
                [
                    html.Label("Groups of", htmlFor=COLUMN),
                    dcc.Dropdown(id=COLUMN, options=[], clearable=False, placeholder="column"),
                    dcc.Dropdown(id=NAMES, options=[], multi=True, placeholder="one group or several"),
                ],
                className="groups-choice",
            ),
            JOB.layout(),
        ],
        className="fold groups-fold",
    )


def groups_note() -> html.Div:
    """Build the line above the map that says that it is not the whole, with the way back."""
    return html.Div(
        [
            dcc.Store(id=SHOWN),
            html.Span(id=NOTE_TEXT),
            html.Button("Show all cells", id=BACK, className="link-button", type="button"),
        ],
        id=NOTE,
        className="groups-note",
        role="status",
        hidden=True,
    )


def register(app: Dash, services: Services) -> None:
    """Connect the choice, the work and the way back."""
    _register_choice(app, services)

    def order(run: str | None, column: str | None, names: list[str] | None) -> dict[str, Any]:
        view = services.view(run or "")
        some = Groups.of(column, names)
        if some is None or column not in groupings(view) or not set(some.names) <= set(group_names(view, column)):
            raise InputError("No groups are chosen.", "one group or several of this run.", "choose some above.")
        return {"folder": str(view.folder), **some.to_json()}

    JOB.register(app, services, order, [State(ids.RUN, "value"), State(COLUMN, "value"), State(NAMES, "value")])


def _register_choice(app: Dash, services: Services) -> None:
    @app.callback(Output(COLUMN, "options"), Output(COLUMN, "value"), Input(ids.RUN, "value"))
    def offer_columns(run: str | None) -> tuple[list[str], str | None]:
        view = opened(services, run)
        columns = [] if view is None else groupings(view)
        return columns, next(iter(columns), None)

    @app.callback(Output(NAMES, "options"), Output(NAMES, "value"), Input(COLUMN, "value"), State(ids.RUN, "value"))
    def offer_groups(column: str | None, run: str | None) -> tuple[list[str], list[str]]:
        view = opened(services, run)
        if view is None or not column or column not in groupings(view):
            return [], []
        return group_names(view, column), []

    @app.callback(
        Output(SHOWN, "data"),
        Input(JOB.outcome, "data"),
        Input(BACK, "n_clicks"),
        Input(ids.RUN, "value"),
        State(SHOWN, "data"),
        prevent_initial_call=True,
    )
    def choose(outcome: dict[str, Any] | None, _back: int | None, _run: str | None, shown: Any) -> Any:
        if ctx.triggered_id == JOB.outcome:
            some = Groups.from_json((outcome or {}).get("result"))
            return no_update if some is None else some.to_json()
        return no_update if shown is None else None

    @app.callback(Output(NOTE, "hidden"), Output(NOTE_TEXT, "children"), Input(SHOWN, "data"))
    def say(shown: Any) -> tuple[bool, str]:
        some = Groups.from_json(shown)
        if some is None:
            return True, ""
        return False, f"Only {', '.join(some.names)} ({some.column}), laid out alone. "


def opened(services: Services, run: str | None) -> RunView | None:
    """Open a finished run; None if there is none."""
    try:
        return services.view(run) if run else None
    except InputError:
        return None


def groupings(view: RunView) -> list[str]:
    """Columns whose values are groups, labels first."""
    return view.groupings


def group_names(view: RunView, column: str) -> list[str]:
    """Names of the groups of a column, as the column of the run has them."""
    return view.group_names(column)
