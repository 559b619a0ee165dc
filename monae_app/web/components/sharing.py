"""Beside the run picker: a link with which others can look at a finished run, as it is shown now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update

from monae_app.jobs.registry import SHARED
from monae_app.web import ids
from monae_app.web.components.popover import copy_field, popover

if TYPE_CHECKING:
    from monae_app.web.services import Services

BOX, MAKE, END, MADE, LINK, SHOWN = (
    "share", "share-make", "share-end", "share-made", "share-link", "share-shown",
)  # fmt: skip
ABOUT, REFUSED = "share-about", "share-refused"
TOLD = (
    "Whoever has the link can look at this run, and at nothing else of yours. They cannot change it. The link opens "
    "this page as it is now: panels, colours, hidden groups, place and selection."
)
OPEN_TO_ALL = (
    "Everybody who reaches this server sees this run. The link opens this page as it is now: panels, colours, hidden "
    "groups, place and selection."
)
AT_HOME = " Only this machine can reach the app now; start it with --host to let others in."


def share_button() -> html.Details:
    """Build the button and its panel."""
    panel = [
        html.H2("Share this view"),
        html.P(id=ABOUT, className="muted"),
        html.Button("Make a link", id=MAKE, className="button primary"),
        html.P(id=REFUSED, className="notice-title", role="alert"),
        html.Div([copy_field(LINK, "Link to what is shown now")], id=SHOWN, hidden=True),
        html.Button("End sharing", id=END, className="button", hidden=True),
        dcc.Store(id=MADE),
    ]
    return popover("Share", panel, name=BOX, label="Share this run", hidden=True)


def register(app: Dash, services: Services) -> None:
    """Connect the panel."""

    @app.callback(
        Output(BOX, "hidden"),
        Output(ABOUT, "children"),
        Output(MADE, "data"),
        Output(END, "hidden"),
        Input(ids.RUN, "value"),
        Input(ids.RUN_STATE, "data"),
        Input(MAKE, "n_clicks"),
        Input(END, "n_clicks"),
    )
    def show(run: str | None, _state: str | None, clicks: int | None, _end: int | None) -> tuple[Any, ...]:
        mine = services.can_share(run)
        if run is None or not (mine or services.opened(run)):
            return True, "", None, True
        if mine and ctx.triggered_id == MAKE:
            services.share(run)
        elif mine and ctx.triggered_id == END:
            services.unshare(run)
        told = TOLD if mine or run.startswith(SHARED) else OPEN_TO_ALL
        shared = services.shared(run) if mine else run
        made: Any = no_update if ctx.triggered_id == ids.RUN_STATE else None
        if ctx.triggered_id == MAKE:
            # counted, so that each click makes a link to what is shown then
            made = {"run": shared, "clicks": clicks}
        return False, told + (AT_HOME if services.settings.loopback else ""), made, not (mine and shared)

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("share", "link"),
        Output(LINK, "value"),
        Output(REFUSED, "children"),
        Input(MADE, "data"),
        State(ids.RUN, "value"),
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        "(link) => !link", Output(SHOWN, "hidden"), Input(LINK, "value")
    )
