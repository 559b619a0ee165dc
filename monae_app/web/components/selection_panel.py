"""The panel of the present selection: how many cells, what is saved of them, and what can be chosen by columns.

The browser fills it (assets/embedding/selection_panel.mjs), since a selection never leaves it unless it is saved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Input, Output, html

from monae_app.web.components.aria import aria, data

if TYPE_CHECKING:
    from dash import Dash

PANEL, BODY, SPOKEN = "selection-panel", "selection-body", "selection-spoken"
# The map beside the panel; it names the run that it shows, and none where there is nothing to show.
MAP = "map"
# A page may be there before the module that fills it: the module looks for the run, and is told when it changes.
TELL_RUN = """(run) => {
  document.dispatchEvent(new CustomEvent("selection:run", { detail: { run: run || "" } }));
  return run || "";
}"""


def selection_panel() -> html.Section:
    """Build the panel, to stand on a page beside a map; it follows the map's run."""
    return html.Section(
        [
            html.Div(id=BODY),
            html.Div(id=SPOKEN, className="visually-hidden", role="status", **aria(live="polite")),
        ],
        id=PANEL,
        className="card selection-panel",
        **aria(label="Selection"),
        **data(run=""),
    )


def register(app: Dash) -> None:
    """Have the panel filled whenever a page shows it."""
    app.clientside_callback(TELL_RUN, Output(PANEL, "data-run"), Input(MAP, "data-run"))  # type: ignore[no-untyped-call]
