"""What is transferred: offered by the run, named by the URL, ordered by the button or, of a small run, at once."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.export_run import download_link
from monae_app.web.components.notice import empty, no_run, not_finished
from monae_app.web.label_files import GIVES, Look
from monae_app.web.labels_view import Choice, LabelsView, label_columns
from monae_app.web.modalities import modality_title
from monae_app.web.pages.labels.layout import (
    ASKED,
    COLUMN,
    FILE,
    FIRST,
    FORM,
    JOB,
    LOOK,
    OTHER,
    ROLE,
    SOURCE,
    TARGET,
    THRESHOLD,
)

if TYPE_CHECKING:
    from monae_app.web.services import Services

# A run of so few cells is labelled in seconds: nobody needs to ask for it.
AT_ONCE = 30_000
# What makes a choice, beside the run.
CHOSEN = ((SOURCE, "value"), (COLUMN, "value"), (TARGET, "value"), (LOOK, "data"), (ROLE, "value"))


def register(app: Dash, services: Services, view: LabelsView) -> None:
    """Connect the choice."""
    _register_offer(app, view)
    _register_orders(app, services, view)

    @app.callback(
        Output(JOB.start, "n_clicks"), Input(FIRST, "data"), State(JOB.start, "n_clicks"), prevent_initial_call=True
    )
    def begin(first: dict[str, str] | None, clicks: int | None) -> Any:
        # cells of a file are placed when that is asked for: it takes longer
        if not first or first.get("file"):
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
        Input(LOOK, "data"),
        Input(ROLE, "value"),
        State(ASKED, "data"),
    )  # fmt: skip
    def offer(run: str | None, look: Any, role: str, asked: dict[str, str] | None) -> tuple[Any, ...]:
        opened, file = view.view(run), Look.from_json(look)
        if opened is None or run is None:
            return [], None, [], None, [], None, True, None
        first = Choice.first(run, opened, asked or {}, file, role)
        names = [{"label": modality_title(name), "value": name} for name in opened.modalities]
        if first is None:
            # another file may have what the run lacks
            return names, None, [], None, names, None, False, None
        columns = file.labels(first.source) if file and role == GIVES else label_columns(opened)
        return names, first.source, columns, first.column, names, first.target, False, asdict(first)

    @app.callback(
        Output(TARGET, "value", allow_duplicate=True),
        Input(SOURCE, "value"),
        State(TARGET, "value"),
        State(ids.RUN, "value"),
        State(LOOK, "data"),
        prevent_initial_call=True,
    )
    def another(source: str | None, target: str | None, run: str | None, look: Any) -> Any:
        opened = view.view(run)
        if opened is None or source != target or look:
            return no_update
        return next((name for name in opened.modalities if name != source), no_update)


def _register_orders(app: Dash, services: Services, view: LabelsView) -> None:
    def table_order(*values: Any) -> dict[str, Any]:
        return {**view.order(chosen(*values[:6])), "threshold": float(values[6])}

    states = [State(ids.RUN, "value"), *[State(*each) for each in CHOSEN]]
    JOB.register(app, services, lambda *values: view.order(chosen(*values)), states)
    FILE.register(app, services, table_order, [*states, State(THRESHOLD, "value")], download_link)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("labels", "remember"),
        Output(FORM, "data-remembered"),
        *[Input(each, "value") for each in (SOURCE, COLUMN, TARGET, THRESHOLD, OTHER, ROLE)],
    )


def chosen(run: Any, source: Any, column: Any, target: Any, look: Any, role: Any) -> Choice:
    """Read what is chosen on the page, as ``CHOSEN`` lists it; a file that cannot be read is refused when it is."""
    file = Look.from_json(look)
    return Choice(run or "", source or "", column or "", target or "", file.ref if file else "", role or GIVES)


def why_not(services: Services, run: str | None) -> Any:
    """Say why nothing can be transferred, and what to do; None if it can."""
    if not run:
        return no_run("Train on the bundled sample or on your own files; labels are transferred in the finished run.")
    try:
        opened = services.view(run)
    except InputError as error:
        return not_finished("This run has no cells to label yet", run, error)
    if len(opened.modalities) < 2:
        alone = "This run has one modality. Choose another file, or name clusters by lists of markers."
        return empty("Nothing to transfer from", html.P(alone))
    if not label_columns(opened):
        lacking = "Its cells have no column of groups. Choose another file that has labels, such as cell_type in obs."
        return empty("This run has no labels", html.P(lacking))
    return None
