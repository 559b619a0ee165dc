"""A link to the program behind a figure: shown over the page, to be copied or saved (assets/code.js)."""

from __future__ import annotations

from dash import html

from monae_app.web.components.aria import data

TOLD = "Python that makes this anew from the folder of the run"


def code_link(name: str, href: str = "") -> html.A:
    """Build the link.

    Parameters
    ----------
    name
        Its id.
    href
        Where the program is; as long as it is empty, the link is not shown.
    """
    return html.A("Code", id=name, href=href, className="link-button", title=TOLD, **data(code="yes"))
