"""A button that opens a small panel below itself, and a field whose text can be copied; assets/popover.js helps."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from monae_app.web.components.aria import aria, data


def popover(title: Any, children: list[Any], *, name: str, label: str, hidden: bool = False) -> html.Details:
    """Show ``children`` below a button.

    Parameters
    ----------
    title, label
        What stands on the button, and what screen readers say.
    children
        The panel.
    name
        Id of the whole.
    hidden
        Whether it is left out for now.
    """
    button = html.Summary(title, className="button", title=label, **aria(label=label))
    return html.Details(
        [button, html.Div(children, className="popover-panel")], id=name, className="popover", hidden=hidden
    )


def copy_field(name: str, label: str) -> html.Div:
    """Show a link with a button that copies it; its id is ``name``."""
    return html.Div(
        [
            html.Label(label, htmlFor=name, className="visually-hidden"),
            dcc.Input(id=name, type="text", readOnly=True, className="copy-text"),
            html.Button("Copy", className="button", type="button", **data(copy=name)),
        ],
        className="copy-field",
    )
