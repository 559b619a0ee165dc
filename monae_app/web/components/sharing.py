"""Beside the run picker: a link with which others can look at a finished run of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, ctx, dcc, html

from monae_app.web import ids
from monae_app.web.components.popover import copy_field, popover

if TYPE_CHECKING:
    from monae_app.web.services import Services

BOX, MAKE, END, PATH, LINK, SHOWN = (
    "share", "share-make", "share-end", "share-path", "share-link", "share-shown",
)  # fmt: skip
TOLD = "Whoever has the link can look at this run, and at nothing else of yours. They cannot change it."


def share_button() -> html.Details:
    """Build the button and its panel."""
    shown = html.Div(
        [copy_field(LINK, "Link to this run"), html.Button("End sharing", id=END, className="button")],
        id=SHOWN,
        hidden=True,
    )
    make = html.Button("Make a link", id=MAKE, className="button primary")
    panel = [html.H2("Share this run"), html.P(TOLD, className="muted"), make, shown, dcc.Store(id=PATH)]
    return popover("Share", panel, name=BOX, label="Share this run", hidden=True)


def register(app: Dash, services: Services) -> None:
    """Connect the panel."""

    @app.callback(
        Output(BOX, "hidden"),
        Output(PATH, "data"),
        Output(MAKE, "hidden"),
        Output(SHOWN, "hidden"),
        Input(ids.RUN, "value"),
        Input(ids.RUN_STATE, "data"),
        Input(MAKE, "n_clicks"),
        Input(END, "n_clicks"),
    )
    def show(run: str | None, _state: str | None, _make: int | None, _end: int | None) -> tuple[Any, ...]:
        if run is None or not services.can_share(run):
            return True, None, True, True
        if ctx.triggered_id == MAKE:
            services.share(run)
        elif ctx.triggered_id == END:
            services.unshare(run)
        shared = services.shared(run)
        return False, f"/?run={shared}" if shared else None, bool(shared), not shared

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("popover", "absolute"), Output(LINK, "value"), Input(PATH, "data")
    )
