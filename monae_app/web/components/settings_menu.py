"""The settings of the one who uses the app: who they are, and the private link that makes another browser the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, ctx, dcc, html

from monae_app.web.components.popover import copy_field, popover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.web.services import Services

BOX, SHOW, RENEW, PATH, LINK, SHOWN = (
    "settings", "settings-show", "settings-renew", "settings-path", "settings-link", "settings-shown",
)  # fmt: skip
ALONE = "This app serves one user: everybody who can open this page sees the same files and runs."
SEVERAL = (
    "Your files and runs belong to this browser; nobody else sees them. Keep your private link to come back from "
    "another browser, or after this one has lost its cookies. Whoever has the link is you: share single runs instead."
)


def settings_menu(*, single: bool, more: Sequence[Any] = ()) -> html.Details:
    """Build the button and its panel.

    Parameters
    ----------
    single
        Whether the server has one user.
    more
        What follows in the panel.
    """
    shown = html.Div(
        [
            copy_field(LINK, "Your private link"),
            html.Button("Make a new link, end this one", id=RENEW, className="button"),
        ],
        id=SHOWN,
        hidden=True,
    )
    private = [html.Button("Show my private link", id=SHOW, className="button primary"), shown, dcc.Store(id=PATH)]
    panel = [
        html.H2("Settings"),
        html.P(ALONE if single else SEVERAL, className="muted"),
        html.Div(private, hidden=single),
        *more,
    ]
    return popover(html.Span("⚙", className="gear"), panel, name=BOX, label="Settings")


def register(app: Dash, services: Services) -> None:
    """Connect the panel."""

    @app.callback(
        Output(PATH, "data"),
        Output(SHOW, "hidden"),
        Output(SHOWN, "hidden"),
        Input(SHOW, "n_clicks"),
        Input(RENEW, "n_clicks"),
        prevent_initial_call=True,
    )
    def show(_show: int | None, _renew: int | None) -> tuple[str | None, bool, bool]:
        token = services.users.recovery_token(renew=ctx.triggered_id == RENEW)
        return f"/recover/{token}" if token else None, True, False

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("popover", "absolute"), Output(LINK, "value"), Input(PATH, "data")
    )
