"""How a figure goes out: a row of buttons under it that saves it as SVG, PDF and PNG, and the table behind it as CSV.

One listener of the browser serves them all (assets/figure_out.js, assets/figures/): no page has a callback for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import html
from dash._utils import stringify_id

from monae_app.web.components.aria import aria, data

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = {"svg": "SVG", "pdf": "PDF", "png": "PNG"}
TABLE = "The values behind the figure, a row for each"


def figure_out(
    of: str | dict[str, str],
    name: str,
    csv: Any = None,
    more: Sequence[Any] = (),
    *,
    title: str = "",
    instead: str = "",
) -> html.Div:
    """Build the row.

    Parameters
    ----------
    of
        Id of the graph, or of the map.
    name
        Of the files, without their ending.
    csv
        What gives the table: a component that is put into the row, or the id of one that stands elsewhere on the page
        and is pressed in its place. If left out, the browser writes the table from what the figure draws.
    more
        Further buttons, behind these.
    title
        Written over the figure in its files, where the page says it in a heading of its own.
    instead
        Id of the graph that stands in place of ``of`` where the browser cannot draw that.
    """
    known = str(stringify_id(of))
    told = title or name.replace("_", " ")

    def named(part: str) -> dict[str, Any]:
        return {"id": f"{of}-{part}"} if isinstance(of, str) else {}

    buttons: list[Any] = [
        html.Button(
            words, type="button", className="link-button", title=f"Save {told} as {words}", **data(figure=kind),
            **named(kind),
        )
        for kind, words in KINDS.items()
    ]  # fmt: skip
    elsewhere = csv if isinstance(csv, str) else ""
    made = html.Button("CSV", type="button", className="link-button", title=TABLE, **data(figure="csv"))
    buttons.append(made if csv is None or elsewhere else csv)
    where = {"of": known, "name": name, "title": title, "table": elsewhere, "instead": instead}
    return html.Div(
        [html.Span("Download"), *buttons, *more, html.Span(className="figure-out-said", role="status")],
        className="downloads figure-out", role="group", **aria(label=f"Download {told}"),
        **data(**{key: value for key, value in where.items() if value}),
        **named("out"),
    )  # fmt: skip
