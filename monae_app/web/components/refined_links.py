"""What the training of the chosen run made of its links: borne out, lost, and gained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.analysis.refined_changes import GAINED, KEPT, LOST, RefinedChanges, refined_changes
from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.aria import aria
from monae_app.web.components.notice import refused

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.web.services import Services

BOX, FOUND, CSV, DOWNLOAD = "refined-links", "refined-links-found", "refined-links-csv", "refined-links-download"
SHOWN = 40
INTRODUCTION = (
    "After training every pair of a gene and a peak near it has a weight: 1 where both go together over cells, 0.5 "
    "where they have nothing to do with each other, 0 where one falls as the other rises. A weight is strong where "
    "fewer than 5 % of pairs on different chromosomes have one as large."
)


def panel() -> html.Section:
    """Build the panel; it is hidden until a run with genes and peaks is chosen."""
    head = [
        html.H2("What the chosen run made of the links"),
        html.Button("Download all pairs (CSV)", id=CSV, className="link-button"),
    ]
    return html.Section(
        [
            html.Div(head, className="card-head"),
            html.P(INTRODUCTION, className="muted"),
            html.Div(id=FOUND, **aria(live="polite")),
            dcc.Download(id=DOWNLOAD),
        ],
        id=BOX,
        className="card",
        hidden=True,
    )


def register(app: Dash, services: Services) -> None:
    """Connect the panel."""

    @app.callback(Output(FOUND, "children"), Output(BOX, "hidden"), Input(ids.RUN, "value"))
    def show(run: str | None) -> tuple[Any, bool]:
        view = services.opened(run)
        if view is None:
            return no_update, True
        try:
            changes = refined_changes(view.run)
        except InputError as error:
            return refused(error), False
        return (no_update, True) if changes is None else (changes_shown(changes), False)

    @app.callback(Output(DOWNLOAD, "data"), Input(CSV, "n_clicks"), State(ids.RUN, "value"), prevent_initial_call=True)
    def download(clicks: int | None, run: str | None) -> Any:
        view = services.opened(run) if clicks else None
        try:
            changes = None if view is None else refined_changes(view.run)
        except InputError:
            changes = None
        if changes is None:
            return no_update
        content = changes.pairs.to_csv(index=False, float_format="%.4f")
        return {"content": content, "filename": "refined_links.csv", "type": "text/csv"}


def changes_shown(changes: RefinedChanges) -> list[Any]:
    """Show how many edges were borne out, lost and gained, and the strongest of each."""
    prior = changes.count(KEPT) + changes.count(LOST)
    items = [
        ("Borne out", f"{changes.count(KEPT):,} of {prior:,}"),
        ("Lost", f"{changes.count(LOST):,} of {prior:,}"),
        ("Gained", f"{changes.count(GAINED):,} of {len(changes.pairs) - prior:,}"),
        ("Strong from a weight of", f"{changes.threshold:.2f}"),
    ]
    tiles = html.Dl([html.Div([html.Dt(name), html.Dd(text)]) for name, text in items], className="tiles")
    by_kind = {kind: changes.pairs[changes.pairs["change"] == kind] for kind in (GAINED, KEPT, LOST)}
    return [
        tiles,
        _listed("gained: not in the guidance, and strong", by_kind[GAINED].head(SHOWN), by_kind[GAINED]),
        _listed("borne out: in the guidance, and strong", by_kind[KEPT].head(SHOWN), by_kind[KEPT]),
        _listed("lost: in the guidance, and not strong", by_kind[LOST].iloc[::-1].head(SHOWN), by_kind[LOST]),
    ]


def _listed(what: str, shown: pd.DataFrame, every: pd.DataFrame) -> html.Details:
    rows = [
        html.Tr([html.Td(str(gene)), html.Td(str(peak)), html.Td(f"{weight:.2f}")])
        for gene, peak, weight in shown[["gene", "feature", "weight"]].itertuples(index=False)
    ]
    head = html.Thead(html.Tr([html.Th(each, scope="col") for each in ("Gene", "Peak", "Weight")]))
    table: Any = html.Table([head, html.Tbody(rows)], className="table")
    some = f"{len(shown)} of {len(every):,} edges {what}" if len(shown) < len(every) else f"{len(every)} edges {what}"
    return html.Details(
        [html.Summary(some), html.Div(table, className="table-scroll tall", tabIndex="0")], className="fold"
    )
