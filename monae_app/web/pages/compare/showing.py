"""Two runs beside each other: their cells, maps, settings, scores and types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dash import ClientsideFunction, Dash, Input, Output, State, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import compare_tables as tables
from monae_app.web import ids
from monae_app.web.components.compared import compared_table, download
from monae_app.web.components.notice import refused
from monae_app.web.modalities import modality_title
from monae_app.web.pages.compare import layout as page
from monae_app.web.pages.compare.choosing import nothing_beside
from monae_app.web.two_runs import pair_of, side_key

if TYPE_CHECKING:
    from monae_app.web.services import Services
    from monae_app.web.two_runs import Pair

ALIKE = html.P("These runs have the same settings.", className="muted")
NOT_YET = html.P(
    "How far the neighbours of each cell agree, and what became of each type, takes some seconds: press the button.",
    className="muted",
)
BETTER = {"first": "this run", "second": "the other", "alike": "alike (< 0.02)", "": "–"}
OF_TYPES = (
    "Purity: share of a cell's 15 nearest cells that are of its type. Transfer: share of the type's cells that get it "
    "from their nearest cells of another modality. Mixed with: the type of most of the foreign neighbours. Types whose "
    "purity changed most come first."
)
NOTHING = (True, None, "", None, "", "", None, None, None, "", True)


def register(app: Dash, services: Services) -> None:
    """Connect it."""
    _register_tables(app, services)
    _register_colours(app, services)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("compare", "draw"), Output(page.FIRST_MAP, "data-run"), Input(page.ORDER, "data")
    )

    def order(run: str | None, second: str | None, label: str | None) -> dict[str, Any]:
        pair = pair_of(services, run or "", second or "", label)
        return {"folder": str(pair.first.folder), "second": str(pair.second.folder), "label": label}

    states = [State(ids.RUN, "value"), State(page.SECOND, "value"), State(page.LABEL, "value")]
    page.NEIGHBOURS.register(app, services, order, states)


def _register_tables(app: Dash, services: Services) -> None:
    @app.callback(
        Output(page.TWO, "hidden"),
        Output(page.REFUSED, "children"),
        Output(page.SENTENCE, "children"),
        Output(page.ORDER, "data"),
        Output(page.FIRST_NAME, "children"),
        Output(page.SECOND_NAME, "children"),
        Output(page.SETTINGS, "children"),
        Output(page.SCORES, "children"),
        Output(page.TYPES, "children"),
        Output(page.CODE, "href"),
        Output(page.NEIGHBOURS.start, "hidden"),
        Input(ids.RUN, "value"),
        Input(page.SECOND, "value"),
        Input(page.LABEL, "value"),
        Input(page.COLOUR, "value"),
        Input(page.NEIGHBOURS.outcome, "data"),
    )
    def show(run: str | None, second: str | None, label: str | None, colour: str | None, _outcome: Any) -> Any:
        if not run or services.opened(run) is None:
            return NOTHING
        if not second or second == run:
            return (True, nothing_beside(), *NOTHING[2:])
        try:
            pair = pair_of(services, run, second, label)
        except InputError as error:
            return (True, refused(error), *NOTHING[2:])
        asked = urlencode({"second": second, **({"label": label} if label else {})})
        base = f"/api/runs/{run}/compare"
        version = pair.second.version
        maps = {side: side_key(side, second, version) for side in ("first", "second")}
        order = {"run": run, "colour": colour or pair.first.default_colour, "maps": maps}
        settings = tables.settings_table(pair)
        shown = ALIKE if settings.empty else [_settings(settings), download(f"{base}/settings.csv?{asked}")]
        return (
            False, None, matched_words(pair), order, *pair.names, shown,
            [_scores(pair), download(f"{base}/scores.csv?{asked}")],
            NOT_YET if pair.known is None else [*_types(pair), download(f"{base}/types.csv?{asked}")],
            f"/api/runs/{run}/code/compare.py?{asked}", pair.known is not None,
        )  # fmt: skip


def _register_colours(app: Dash, services: Services) -> None:
    @app.callback(
        Output(page.COLOUR, "options"),
        Output(page.COLOUR, "value"),
        Input(ids.RUN, "value"),
        Input(page.SECOND, "value"),
        Input(page.LABEL, "value"),
        Input(page.NEIGHBOURS.outcome, "data"),
        State(page.COLOUR, "value"),
    )
    def colours(run: str | None, second: str | None, label: str | None, _outcome: Any, colour: str | None) -> Any:
        view = services.opened(run)
        if view is None:
            return [], no_update
        options = [{"value": f"obs:{name}", "label": name} for name in view.columns]
        try:
            known = pair_of(services, str(run), second, label).known if second and second != run else None
        except InputError:
            known = None
        if known is not None:
            options.insert(0, {"value": f"two:{second}|{label or ''}", "label": "neighbours in common"})
        offered = {each["value"] for each in options}
        first = f"obs:{label}" if label and f"obs:{label}" in offered else view.default_colour
        return options, colour if colour in offered else first


def matched_words(pair: Pair) -> str:
    """Say which cells are compared."""
    parts = []
    for name, (common, first, second) in pair.cells.cells.items():
        alike = common == first == second
        told = f"all {common:,}" if alike else f"{common:,} in both, of {first:,} here and {second:,} there"
        parts.append(f"{modality_title(name)}: {told}")
    only = [modality_title(name) for name in pair.first.modalities if name not in pair.cells.cells]
    more = f" {' and '.join(only)} stands in this run alone." if only else ""
    return f"Cells matched by name. {'; '.join(parts)}.{more}"


def _settings(table: Any) -> html.Div:
    rows = [
        html.Tr(
            [
                html.Th(html.Abbr(row["setting"], title=row["meaning"]), scope="row"),
                html.Td(row["first"]),
                html.Td(row["second"]),
            ]
        )
        for row in table.to_dict("records")
    ]
    head = html.Thead(html.Tr([html.Th(each, scope="col") for each in ("Setting", "This run", "The other")]))
    inner = html.Table([head, html.Tbody(rows)], className="table compared")
    return html.Div(inner, className="table-scroll", tabIndex="0")


def _scores(pair: Pair) -> Any:
    table = tables.scores_table(pair)
    if table.empty:
        return html.P("Neither run was scored: that takes two modalities, known pairs, or a label.", className="muted")
    shown = table.assign(
        score=[
            f"{tables.title_of(name)}{arrow(ideal)}" for name, ideal in zip(table["score"], table["ideal"], strict=True)
        ],
        better=table["better"].map(BETTER),
    ).drop(columns="ideal")
    titles = {"score": "Score", "first": "This run", "second": "The other", "better": "Better", "by": "By"}
    note = "Arrows say which way is better, by each report's own label. With one seed, less than 0.02 says nothing."
    return html.Div([html.P(note, className="muted small"), compared_table(shown, titles)])


def arrow(ideal: float) -> str:
    """Say which way is better."""
    return {0.0: " ↓", 1.0: " ↑"}.get(ideal, f" → {ideal:.2g}")


def _types(pair: Pair) -> list[Any]:
    assert pair.known is not None
    about = pair.known.about
    told = (
        f"A cell shares {about['overlap']:.0%} of its 30 nearest cells in both runs (chance: {about['chance']:.1%}). "
        f"Clusters agree with an adjusted Rand index of {about['clusters_ari']:.2f}. Colour the maps by neighbours in "
        "common to see where they differ."
    )
    table = tables.types_table(pair)
    if table.empty:
        return [html.P(told), html.P("With a label, every type would be compared here.", className="muted")]
    titles = {
        "label": str(about["label"]), "cells": "Cells", "overlap": "Neighbours in common",
        "purity_first": "Purity, this",
        "purity_second": "the other", "transfer_first": "Transfer, this", "transfer_second": "the other",
        "beside_first": "Mixed with, this", "beside_second": "the other",
    }  # fmt: skip
    return [
        html.P(told),
        html.P(OF_TYPES, className="muted small"),
        compared_table(table[list(titles)], titles, digits=2),
    ]
