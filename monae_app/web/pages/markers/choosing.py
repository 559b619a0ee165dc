"""The fields of the page: columns, groups and modalities on offer, features found by their beginning, and the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import empty, refused
from monae_app.web.explore import FEATURE_KINDS, HITS
from monae_app.web.group_sight import options_with_chosen
from monae_app.web.modalities import modality_title
from monae_app.web.pages.markers import layout as page

if TYPE_CHECKING:
    from monae_app.web.explore import RunView
    from monae_app.web.pages.markers.sight import Sight

# that are kept beside the map
MOST_CHOSEN = 12


def register(app: Dash, sight: Sight) -> None:
    """Connect the fields."""

    @app.callback(
        Output(page.COLUMN, "options"),
        Output(page.COLUMN, "value"),
        Output(page.MODALITY, "options"),
        Output(page.MODALITY, "value"),
        Output(page.MESSAGE, "children"),
        Output(page.VIEW, "hidden"),
        Input(ids.RUN, "value"),
        State(page.COLUMN, "value"),
        State(page.MODALITY, "value"),
    )
    def offer(run: str | None, column: str | None, modality: str | None) -> tuple[Any, ...]:
        view = sight.view(run)
        if view is None or run is None:
            return [], column, [], modality, _no_run(sight, run), True
        columns = sight.columns(run)
        if not columns:
            return [], None, [], modality, NO_GROUPS, True
        kept = column if column in [each["value"] for each in columns] else columns[0]["value"]
        found = modalities(view)
        every = [{"value": page.EVERY, "label": "All"}] if len(found) > 1 else []
        offered = every + [{"value": name, "label": modality_title(name)} for name in found]
        known = modality if modality in [each["value"] for each in offered] else offered[0]["value"]
        return columns, kept, offered, known, None, False

    @app.callback(
        Output(page.GROUP, "options"),
        Output(page.GROUP, "value"),
        Output(page.MESSAGE, "children", allow_duplicate=True),
        Input(page.COLUMN, "value"),
        State(ids.RUN, "value"),
        State(page.GROUP, "value"),
        prevent_initial_call="initial_duplicate",
    )
    def offer_groups(column: str | None, run: str | None, group: str | None) -> tuple[Any, ...]:
        if sight.view(run) is None or run is None or not column:
            return ([group] if group else []), group, no_update
        try:
            groups = sight.groups(run, column)
        except InputError as error:
            return [], None, refused(error)
        known = [each["value"] for each in groups]
        return groups, group if group in known else known[0], None

    _register_features(app, sight)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("markers", "remember"),
        Output(page.COLUMN, "className"),
        *(
            Input(name, "value")
            for name in (
                page.COLUMN, page.GROUP, page.MODALITY, page.SPECIFIC, page.SHARE, page.SHOW, page.FEATURES
            )
        ),
    )  # fmt: skip


def _register_features(app: Dash, sight: Sight) -> None:
    @app.callback(
        Output(page.FEATURES, "options"),
        Input(page.FEATURES, "search_value"),
        Input(page.FEATURES, "value"),
        Input(ids.RUN, "value"),
    )
    def search(text: str | None, chosen: list[str] | None, run: str | None) -> list[dict[str, str]]:
        view = sight.view(run)
        return options_with_chosen({} if view is None else found_features(view, text or ""), chosen)

    @app.callback(
        Output(page.FEATURES, "value"),
        Output(page.FEATURES, "options", allow_duplicate=True),
        Input(page.TABLE, "selectedRows"),
        Input(page.CLICKED, "data"),
        State(page.FEATURES, "value"),
        prevent_initial_call=True,
    )
    def take(rows: list[dict[str, Any]] | None, clicked: dict[str, Any] | None, now: list[str] | None) -> Any:
        key = (clicked or {}).get("key") if ctx.triggered_id == page.CLICKED else (rows or [{}])[0].get("key")
        if not key or (now and now[-1] == key):
            return no_update, no_update
        chosen = [*(each for each in now or [] if each != key), str(key)][-MOST_CHOSEN:]
        return chosen, [{"value": each, "label": each.partition(":")[2]} for each in chosen]

    @app.callback(
        Output(page.GROUP, "value", allow_duplicate=True),
        Input(page.GROUPS, "selectedRows"),
        State(page.GROUP, "value"),
        prevent_initial_call=True,
    )
    def walk(rows: list[dict[str, Any]] | None, group: str | None) -> Any:
        key = (rows or [{}])[0].get("key")
        return no_update if not key or key == group else key


def found_features(view: RunView, text: str) -> dict[str, str]:
    """Titles of features that begin so, by key; motifs among them, which no cell was measured in."""
    found: dict[str, str] = {}
    for modality in modalities(view) if text.strip() else []:
        hits = view.features.starting(modality, text.strip(), HITS - len(found)) if len(found) < HITS else []
        kind = FEATURE_KINDS.get(modality, modality)
        found |= {f"{modality}:{hit.name}": f"{hit.name} · {kind}" for hit in hits}
    return found


def modalities(view: RunView) -> list[str]:
    """Modalities that have features, motifs among them, in the order of the run."""
    return view.features.modalities()


def _no_run(sight: Sight, run: str | None) -> Any:
    if not run:
        text = html.P("Train on the bundled sample or on your own files: features and cells share one map then.")
        return empty("No markers yet", text, dcc.Link("Choose data", href="/data", className="button primary"))
    try:
        sight.services.view(run)
    except InputError as error:
        told = refused(error)
    else:
        return None
    try:
        record = sight.services.registry.get(run)
    except InputError:
        return told
    if record.finished:
        return told
    text = html.P(f"{record.name} is {record.status.state}: markers are found when its training is done.")
    link = dcc.Link("Follow the training", href=f"/training?run={run}", className="button primary")
    return empty("This run has no markers yet", text, link)


NO_GROUPS = empty(
    "This run has no groups",
    html.P("Features are compared with groups of cells. Select cells on the map and cluster them, or make a column."),
    dcc.Link("Open the map", href="/", className="button primary"),
)
