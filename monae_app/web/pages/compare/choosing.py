"""Which run is put beside the current one, and by which label both are judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, html

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import no_run, not_finished
from monae_app.web.pages.compare import layout as page
from monae_app.web.two_runs import candidates, with_same_files

if TYPE_CHECKING:
    from monae_app.web.services import Services

PURPOSE = "Train on the bundled sample or on your own files; runs are compared here when they are done."


def register(app: Dash, services: Services) -> None:
    """Connect the choice."""

    @app.callback(
        Output(page.MESSAGE, "children"),
        Output(page.BODY, "hidden"),
        Output(page.SECOND, "options"),
        Output(page.SECOND, "value"),
        Output(page.LABEL, "options"),
        Output(page.LABEL, "value"),
        Input(ids.RUN, "value"),
        State(page.SECOND, "value"),
        State(page.LABEL, "value"),
    )
    def offer(run: str | None, second: str | None, label: str | None) -> tuple[Any, ...]:
        if not run:
            return no_run(PURPOSE), True, [], None, [], None
        try:
            view, found = services.view(run), candidates(services, run)
        except InputError as error:
            return not_finished("This run cannot be compared yet", run, error), True, [], None, [], None
        options = [{"value": run_id, "label": name} for run_id, name in found]
        known = {run_id for run_id, _ in found}
        # by itself the page shows only what was made from the same files
        first = next((run_id for run_id, _ in found if with_same_files(services, run, run_id)), None)
        labels = [name for name in view.groupings if name not in ("modality", "leiden")]
        chosen = label if label in labels else view.label if view.label in labels else None
        return None, False, options, second if second in known else first, labels, chosen

    remember: Any = ClientsideFunction("compare", "remember")
    app.clientside_callback(  # type: ignore[no-untyped-call]
        remember, Output(page.SECOND, "className"), Input(page.SECOND, "value"), Input(page.LABEL, "value"),
        Input(page.COLOUR, "value"),
    )  # fmt: skip


def nothing_beside() -> html.Div:
    """Say how a second run comes to be."""
    return html.Div(
        [
            html.H2("No second run is chosen"),
            html.P(
                "Choose one above. Any finished run that shares a modality is on offer; train the same files with "
                "other settings, or with Monae-E, to have one of the same cells.",
                className="muted",
            ),
        ],
        className="card",
    )
