"""What is transferred: offered by the run, named by the URL, ordered by the button or, of a small run, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.export_run import download_link
from monae_app.web.components.notice import empty
from monae_app.web.labels_view import Choice, LabelsView, label_columns
from monae_app.web.modalities import modality_title
from monae_app.web.pages.labels.layout import (
    ASKED,
    COLUMN,
    FILE,
    FIRST,
    FORM,
    JOB,
    SOURCE,
    TARGET,
    THRESHOLD,
)

if TYPE_CHECKING:
    from monae_app.web.services import Services

# A run of so few cells is labelled in seconds: nobody needs to ask for it.
AT_ONCE = 30_000


def register(app: Dash, services: Services, view: LabelsView) -> None:
    """Connect the choice."""
    _register_offer(app, view)
    _register_orders(app, services)

    @app.callback(
        Output(JOB.start, "n_clicks"), Input(FIRST, "data"), State(JOB.start, "n_clicks"), prevent_initial_call=True
    )
    def begin(first: dict[str, str] | None, clicks: int | None) -> Any:
        if not first:
            return no_update
        choice, opened = Choice(**first), view.view(first["run"])
        if opened is None or opened.n_cells > AT_ONCE or view.found(choice) is not None:
            return no_update
        return (clicks or 0) + 1


def _register_offer(app: Dash, view: LabelsView) -> None:
    @app.callback(
        Output(SOURCE, "options"), Output(SOURCE, "value"), Output(COLUMN, "options"), Output(COLUMN, "value"),
        Output(TARGET, "options"), Output(TARGET, "value"), Output(FORM, "hidden"), Output(FIRST, "data"),
        Input(ids.RUN, "value"),
        State(ASKED, "data"),
    )  # fmt: skip
    def offer(run: str | None, asked: dict[str, str] | None) -> tuple[Any, ...]:
        opened = view.view(run)
        first = None if opened is None or run is None else Choice.first(run, opened, asked or {})
        if opened is None or first is None:
            return [], None, [], None, [], None, True, None
        names = [{"label": modality_title(name), "value": name} for name in opened.modalities]
        columns = label_columns(opened)
        told = {"run": first.run, "source": first.source, "column": first.column, "target": first.target}
        return names, first.source, columns, first.column, names, first.target, False, told

    @app.callback(
        Output(TARGET, "value", allow_duplicate=True),
        Input(SOURCE, "value"),
        State(TARGET, "value"),
        State(ids.RUN, "value"),
        prevent_initial_call=True,
    )
    def another(source: str | None, target: str | None, run: str | None) -> Any:
        opened = view.view(run)
        if opened is None or source != target:
            return no_update
        return next((name for name in opened.modalities if name != source), no_update)


def _register_orders(app: Dash, services: Services) -> None:
    def order(run: str | None, source: str | None, column: str | None, target: str | None) -> dict[str, Any]:
        opened = services.view(run or "")
        choice = Choice(run or "", source or "", column or "", target or "").checked(opened)
        return {"folder": str(opened.folder), "source": choice.source, "column": choice.column, "target": choice.target}

    def table_order(*values: Any) -> dict[str, Any]:
        return {**order(*values[:4]), "threshold": float(values[4])}

    states = [State(ids.RUN, "value"), State(SOURCE, "value"), State(COLUMN, "value"), State(TARGET, "value")]
    JOB.register(app, services, order, states)
    FILE.register(app, services, table_order, [*states, State(THRESHOLD, "value")], download_link)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("labels", "remember"),
        Output(FORM, "data-remembered"),
        *[Input(each, "value") for each in (SOURCE, COLUMN, TARGET, THRESHOLD)],
    )


def why_not(services: Services, run: str | None) -> Any:
    """Say why nothing can be transferred, and what to do; None if it can."""
    if not run:
        text = html.P("Train on the bundled sample or on your own files; labels are transferred in the finished run.")
        return empty("No run yet", text, dcc.Link("Choose data", href="/data", className="button primary"))
    try:
        opened = services.view(run)
    except InputError as error:
        link = dcc.Link("Go to Training", href=f"/training?run={run}", className="button primary")
        return empty("This run has no cells to label yet", html.P(f"{error.found} {error.todo}"), link)
    if len(opened.modalities) < 2:
        alone = "This run has one modality, so there are no cells to take labels from. Lists of markers work here."
        return empty("Nothing to transfer from", html.P(alone))
    if not label_columns(opened):
        lacking = "Its cells have no column of groups. Add one, such as cell_type, to obs of a file and train again."
        return empty("This run has no labels", html.P(lacking))
    return None
