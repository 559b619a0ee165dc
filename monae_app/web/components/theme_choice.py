"""Light, dark, or for a projector: a button for the first two, all three in the settings."""

from __future__ import annotations

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html

from monae_app.web import ids
from monae_app.web.components.aria import aria

TOGGLE, CHOICE = "theme-toggle", "theme-choice"
THEMES = {"light": "Light", "dark": "Dark", "projector": "Projector"}
TOLD = "Projector: larger type, points and lines, in stronger colours."


def toggle() -> html.Button:
    """Build the button of the top bar."""
    return html.Button(
        [html.Span("☾", className="moon"), html.Span("☀", className="sun")],
        id=TOGGLE, className="icon-button", title="Light or dark", **aria(label="Switch light and dark"),
    )  # fmt: skip


def theme_choice() -> html.Div:
    """Build the choice among all themes."""
    options = [{"label": title, "value": name} for name, title in THEMES.items()]
    return html.Div(
        [
            html.Span("Theme", className="control-title"),
            dcc.RadioItems(options, id=CHOICE, inline=True, className="segments"),
            html.P(TOLD, className="muted small"),
        ],
        role="group",
        **aria(label="Theme"),
    )


def register(app: Dash) -> None:
    """Connect both; what is chosen is kept by the browser."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("shell", "theme"),
        Output(ids.THEME, "data"),
        Output(CHOICE, "value"),
        Input(TOGGLE, "n_clicks"),
        Input(CHOICE, "value"),
        State(ids.THEME, "data"),
    )
