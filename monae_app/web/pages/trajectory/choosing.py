"""The fields of the page: groups, where to begin, which cells; the work itself; and the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import empty, no_run, not_finished
from monae_app.web.explore import FEATURE_KINDS, HITS
from monae_app.web.group_choice import GroupChoice
from monae_app.web.modalities import modality_title
from monae_app.web.pages.trajectory import layout as page
from monae_app.web.trajectory_view import SHARED

if TYPE_CHECKING:
    from monae_app.web.explore import RunView
    from monae_app.web.trajectory_view import TrajectoryView

PURPOSE = "Train on a sample or on your own files: cells are put in order from a root then."


def register(app: Dash, view: TrajectoryView) -> None:
    """Connect them."""
    _register_run(app, view)
    _register_roots(app, view)
    names = (page.COLUMN, page.ROOT, page.CELLS, page.SPACE)
    states = [State(ids.RUN, "value"), *(State(name, "value") for name in names)]
    page.JOB.register(
        app,
        view.services,
        lambda run, column, root, cells, space: view.order(run, column, root, cells or (), space or SHARED),
        states,
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("trajectory", "remember"),
        Output(page.COLUMN, "className"),
        *(Input(name, "value") for name in (*names, page.COLOUR, page.FEATURES, page.MODALITY)),
    )


def _register_run(app: Dash, view: TrajectoryView) -> None:
    @app.callback(
        Output(page.COLUMN, "options"),
        Output(page.COLUMN, "value"),
        Output(page.ROOT, "options"),
        Output(page.ROOT, "value"),
        Output(page.CELLS, "options"),
        Output(page.SPACE, "options"),
        Output(page.MESSAGE, "children"),
        Output(page.VIEW, "hidden"),
        Input(ids.RUN, "value"),
        State(page.COLUMN, "value"),
        State(page.ROOT, "value"),
    )
    def offer(run: str | None, column: str | None, root: str | None) -> tuple[Any, ...]:
        nothing: tuple[Any, ...] = ([], column, [root] if root else [], root, [], [])
        if not run:
            return *nothing, no_run(PURPOSE), True
        try:
            seen = view.services.view(run)
        except InputError as error:
            return *nothing, not_finished("This run has no trajectory yet", run, error), True
        columns = [name for name in seen.groupings if name != "modality"]
        if not columns:
            return *nothing, NO_GROUPS, True
        begun = view.begun(seen) or {}
        column = column if column in columns else begun.get("column", columns[0])
        if not _there(seen, column, root):
            root = _begun_at(begun, column)
        cells = GroupChoice(seen, run, view.selections).offered() if view.selections else []
        # a value that is not among the options is thrown away
        roots = _listed(_group_options(seen, column) | ({root: _titled(seen, root)} if root else {}))
        spaces = {SHARED: "the shared axes"} | {each: f"imputed {modality_title(each)}" for each in seen.modalities}
        listed = [{"value": each, "label": each} for each in columns]
        return listed, column, roots, root, cells, _listed(spaces), None, False


def _register_roots(app: Dash, view: TrajectoryView) -> None:
    @app.callback(
        Output(page.ROOT, "options", allow_duplicate=True),
        Output(page.ROOT, "value", allow_duplicate=True),
        Input(page.COLUMN, "value"),
        Input(page.ROOT, "search_value"),
        Input(page.ROOT, "value"),
        State(ids.RUN, "value"),
        prevent_initial_call="initial_duplicate",
    )
    def offer_roots(column: str | None, text: str | None, root: str | None, run: str | None) -> tuple[Any, ...]:
        seen = view.services.opened(run)
        if seen is None or not column or column not in seen.groupings:
            return no_update, no_update
        options = _group_options(seen, column)
        options |= _feature_options(seen, (text or "").strip())
        if root and root not in options and not _there(seen, column, root):
            return _listed(options), None
        return _listed(options | ({root: _titled(seen, root)} if root else {})), no_update

    @app.callback(
        Output(page.ROOT, "options", allow_duplicate=True),
        Output(page.ROOT, "value", allow_duplicate=True),
        Input(page.CLICKED, "data"),
        State(page.COLUMN, "value"),
        State(ids.RUN, "value"),
        prevent_initial_call=True,
    )
    def pick(clicked: dict[str, Any] | None, column: str | None, run: str | None) -> tuple[Any, Any]:
        seen = view.services.opened(run)
        root = f"cell:{int(clicked['row'])}" if clicked else ""
        if seen is None or not column or not _there(seen, column, root):
            return no_update, no_update
        return _listed(_group_options(seen, column) | {root: _titled(seen, root)}), root


def _begun_at(begun: dict[str, Any], column: str) -> str | None:
    """Return the root of a trajectory that travels with the run; None if there is none of these groups."""
    group = begun["root"].get("group") if begun.get("column") == column else None
    return None if group is None else f"group:{group}"


def _there(seen: RunView, column: str, root: str | None) -> bool:
    kind, _, what = (root or "").partition(":")
    if kind == "group":
        return what in seen.group_names(column)
    if kind == "cell":
        return what.isdecimal() and int(what) < seen.n_cells
    modality, _, name = what.partition(":")
    return kind == "feature" and modality in seen.modalities and seen.features.row(modality, name) is not None


def _group_options(seen: RunView, column: str) -> dict[str, str]:
    return {f"group:{name}": f"{name} · group" for name in seen.group_names(column)}


def _feature_options(seen: RunView, text: str) -> dict[str, str]:
    return {
        f"feature:{modality}:{hit.name}": f"highest {hit.name} · {FEATURE_KINDS.get(modality, 'feature')}"
        for modality in (seen.modalities if text else [])
        for hit in seen.features.starting(modality, text, HITS)
    }


def _listed(options: dict[str, str]) -> list[dict[str, str]]:
    return [{"value": key, "label": label} for key, label in options.items()]


def _titled(seen: RunView, root: str) -> str:
    kind, _, what = root.partition(":")
    if kind == "group":
        return f"{what} · group"
    if kind == "cell":
        return f"{seen.identity(int(what))['id']} · cell"
    return f"highest {what.partition(':')[2]}"


NO_GROUPS = empty(
    "This run has no groups",
    html.P("Branches are named by groups of cells. Select cells on the map and cluster them, or make a column."),
    dcc.Link("Open the map", href="/", className="button primary"),
)
