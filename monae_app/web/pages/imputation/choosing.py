"""The fields of the page: modalities, groups and features on offer, and the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import empty, no_run, not_finished
from monae_app.web.explore import FEATURE_KINDS, HITS
from monae_app.web.group_sight import options_with_chosen
from monae_app.web.modalities import modality_title
from monae_app.web.pages.imputation import layout as page

if TYPE_CHECKING:
    from monae_app.web.pages.imputation.sight import Sight

EVERY = "every"
PURPOSE = "Train on the bundled sample or on your own files: what was measured stands beside what is imputed then."


def register(app: Dash, sight: Sight) -> None:
    """Connect the fields."""

    @app.callback(
        Output(page.COLUMN, "options"), Output(page.COLUMN, "value"),
        Output(page.TARGET, "options"), Output(page.TARGET, "value"),
        Output(page.MESSAGE, "children"), Output(page.VIEW, "hidden"),
        Input(ids.RUN, "value"),
        State(page.COLUMN, "value"), State(page.TARGET, "value"),
    )  # fmt: skip
    def offer(run: str | None, column: str | None, target: str | None) -> tuple[Any, ...]:
        view = sight.view(run)
        if view is None or run is None:
            return [], column, [], target, _nothing(sight, run), True
        columns = sight.columns(run)
        if not columns:
            return [], None, [], target, NO_GROUPS, True
        kept = column if column in [each["value"] for each in columns] else columns[0]["value"]
        known = target if target in view.modalities else view.modalities[0]
        offered = [{"value": name, "label": modality_title(name)} for name in view.modalities]
        return columns, kept, offered, known, None, False

    @app.callback(
        Output(page.SOURCES, "options"), Output(page.SOURCES, "value"),
        Input(page.TARGET, "value"), Input(ids.RUN, "value"),
    )  # fmt: skip
    def offer_sources(target: str | None, run: str | None) -> tuple[Any, Any]:
        view = sight.view(run)
        others = [] if view is None else [name for name in view.modalities if name != target]
        return [{"value": name, "label": modality_title(name)} for name in others], others

    _register_groups(app, sight)
    _register_features(app, sight)
    _register_origins(app, sight)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("imputation", "remember"),
        Output(page.COLUMN, "className"),
        *(
            Input(name, "value")
            for name in (
                page.COLUMN, page.TARGET, page.FROM, page.GROUP, page.FEATURES, page.PASTED, page.SET, page.FACTOR,
                page.SHOW, page.SCALE,
            )
        ),
        Input(page.FEATURE, "data"),
    )  # fmt: skip


def _register_groups(app: Dash, sight: Sight) -> None:
    @app.callback(
        Output(page.GROUP, "options"), Output(page.GROUP, "value"),
        Input(page.COLUMN, "value"), State(ids.RUN, "value"), State(page.GROUP, "value"),
    )  # fmt: skip
    def offer_groups(column: str | None, run: str | None, group: str | None) -> tuple[Any, Any]:
        if sight.view(run) is None or run is None or not column:
            return ([group] if group else []), group
        try:
            groups = [{"value": EVERY, "label": "every group"}, *sight.groups(run, column)]
        except InputError:
            return [], None
        return groups, group if group in [each["value"] for each in groups] else EVERY

    @app.callback(*(Output(part, "hidden") for part in page.PART.values()), Input(page.FROM, "value"))
    def reveal(origin: str | None) -> tuple[bool, ...]:
        return tuple(name != origin for name in page.PART)


def _register_features(app: Dash, sight: Sight) -> None:
    @app.callback(
        Output(page.FEATURES, "options"),
        Input(page.FEATURES, "search_value"), Input(page.FEATURES, "value"), Input(page.TARGET, "value"),
        State(ids.RUN, "value"),
    )  # fmt: skip
    def search(text: str | None, keys: list[str] | None, target: str | None, run: str | None) -> list[dict[str, str]]:
        view = sight.view(run)
        options: dict[str, str] = {}
        if view is not None and target in view.modalities and (text or "").strip():
            kind = FEATURE_KINDS.get(str(target), str(target))
            hits = view.features.starting(str(target), str(text).strip(), HITS)
            options = {f"{target}:{hit.name}": f"{hit.name} · {kind}" for hit in hits}
        return options_with_chosen(options, keys)


def _register_origins(app: Dash, sight: Sight) -> None:
    @app.callback(
        Output(page.SET, "options"), Output(page.SET, "value"),
        Input(page.FROM, "value"), State(page.SET, "value"),
    )  # fmt: skip
    def offer_sets(_origin: str | None, now: str | None) -> tuple[Any, Any]:
        sets = [{"value": each.id, "label": f"{each.name} ({len(each.genes):,})"} for each in sight.sets.list()]
        known = [each["value"] for each in sets]
        return sets, now if now in known else next(iter(known), None)

    @app.callback(
        Output(page.FACTOR, "options"), Output(page.FACTOR, "value"),
        Input(page.FACTOR, "search_value"), Input(page.FROM, "value"), Input(ids.RUN, "value"),
        State(page.FACTOR, "value"),
    )  # fmt: skip
    def offer_factors(text: str | None, origin: str | None, run: str | None, now: str | None) -> tuple[Any, Any]:
        tables = sight.regulation.tables(run, None) if origin == "factor" else None
        if tables is None:
            return ([now] if now else []), now
        names = tables.search(text or "")
        first = now or next(iter(names), None)
        return list(dict.fromkeys([*([first] if first else []), *names])), first


def _nothing(sight: Sight, run: str | None) -> Any:
    if not run:
        return no_run(PURPOSE)
    try:
        sight.services.view(run)
    except InputError as error:
        return not_finished("Nothing is imputed yet", run, error)
    return None


NO_GROUPS = empty(
    "This run has no groups",
    html.P("Imputed levels are compared over groups of cells. Select cells on the map and cluster them."),
    dcc.Link("Open the map", href="/", className="button primary"),
)
