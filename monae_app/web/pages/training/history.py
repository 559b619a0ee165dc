"""The list of runs, deleting them, and bringing them back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components import run_table, words
from monae_app.web.components.aria import aria
from monae_app.web.components.notice import refused
from monae_app.web.components.progress_panel import in_line
from monae_app.web.components.run_table import SHOWN, Order, arranged
from monae_app.web.long_work import works_of
from monae_app.web.pages.training import layout as page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.jobs.listing import Listed
    from monae_app.jobs.outlook import Outlook
    from monae_app.jobs.trash import Deleted
    from monae_app.web.run_actions import RunActions
    from monae_app.web.services import Services


def register(app: Dash, services: Services, deeds: RunActions) -> None:
    """Connect it."""
    _register_list(app, services)
    _register_rows(app, services, deeds)
    _register_deleting(app, deeds)
    _register_works(app, services)


def _register_works(app: Dash, services: Services) -> None:
    """Say what else computes: it stands in the line of the runs, and its own page shows how far it is."""

    @app.callback(Output(page.WORKS, "children"), Input(page.CLOCK, "n_intervals"), Input(ids.RUN, "value"))
    def list_works(_clock: int | None, _run: str | None) -> Any:
        works = works_of(services)
        told = [(each.read_status(), works.outlook(each)) for each in works.list()]
        lines = [html.Li([html.Strong(status.name), f" · {in_line(place) if place else status.message}"])
                 for status, place in told]  # fmt: skip
        return (
            [html.P("Beside trainings:", className="muted small"), html.Ul(lines, className="trash")] if lines else None
        )


def _register_list(app: Dash, services: Services) -> None:
    @app.callback(
        Output(page.HISTORY, "children"),
        Output(page.COUNTED, "children"),
        Output(page.MORE_RUNS, "hidden"),
        Input(ids.RUN_STATE, "data"),
        Input(ids.RUN, "value"),
        Input(ids.RUNS, "data"),
        Input(page.SEARCH, "value"),
        Input(page.SORTED, "data"),
        Input(page.SHOWN, "data"),
    )
    def list_runs(
        _state: str | None, run: str | None, _runs: Any, search: str | None, said: Any, shown: int | None
    ) -> tuple[Any, str, bool]:
        runs, order = services.runs(), Order.from_json(said)
        found = arranged(runs, search or "", order)
        many = shown or SHOWN
        table = run_table.run_table(
            found, run, places=_places(services, found[:many]), order=order, shown=many, searched=len(found) < len(runs)
        )
        counted = f"{min(many, len(found)):,} of {len(runs):,} runs" if len(runs) > 1 else ""
        return table, counted, len(found) <= many

    @app.callback(Output(page.SHOWN, "data"), Input(page.MORE_RUNS, "n_clicks"), prevent_initial_call=True)
    def more(clicks: int | None) -> int:
        return SHOWN * (1 + (clicks or 0))

    @app.callback(
        Output(page.SORTED, "data"),
        Input({"type": run_table.SORT, "name": ALL}, "n_clicks"),
        State(page.SORTED, "data"),
        prevent_initial_call=True,
    )
    def sort(clicks: list[int | None], said: Any) -> Any:
        # Heads that are drawn anew were not pressed.
        if not any(clicks) or not isinstance(ctx.triggered_id, dict):
            return no_update
        return Order.from_json(said).pressed(str(ctx.triggered_id["name"]))


def _places(services: Services, runs: Sequence[Listed]) -> dict[str, Outlook]:
    places = {}
    for run in runs:
        if run.status.state == "queued":
            try:
                place = services.outlook(run.id)
            except InputError:
                break
            if place is not None:
                places[run.id] = place
    return places


def _register_rows(app: Dash, services: Services, deeds: RunActions) -> None:
    @app.callback(
        Output(page.DELETED, "data"),
        Output(ids.RUNS, "data", allow_duplicate=True),
        Output(page.MESSAGE, "children", allow_duplicate=True),
        Input({"type": run_table.DELETE, "run": ALL}, "n_clicks"),
        Input(page.DELETE, "n_clicks"),
        State(ids.RUN, "value"),
        prevent_initial_call=True,
    )
    def delete(rows: list[int | None], clicks: int | None, current: str | None) -> tuple[Any, Any, Any]:
        pressed = ctx.triggered_id
        run = str(pressed["run"]) if isinstance(pressed, dict) else current
        if run is None or not (any(rows) if isinstance(pressed, dict) else clicks):
            return no_update, no_update, no_update
        try:
            gone = deeds.delete(run)
        except InputError as error:
            return no_update, page.nonce(run), refused(error)
        return {"id": gone.id, "name": gone.name, "nonce": time.time()}, page.nonce(run), None

    @app.callback(
        Output(ids.RUNS, "data", allow_duplicate=True),
        Output(page.TOUCHED, "data", allow_duplicate=True),
        Output(page.MESSAGE, "children", allow_duplicate=True),
        Input({"type": run_table.CANCEL, "run": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def cancel(rows: list[int | None]) -> tuple[Any, Any, Any]:
        if not any(rows) or not isinstance(ctx.triggered_id, dict):
            return no_update, no_update, no_update
        run = str(ctx.triggered_id["run"])
        try:
            services.cancel(run)
        except InputError as error:
            return page.nonce(run), page.nonce(run), refused(error)
        return page.nonce(run), page.nonce(run), None


def _register_deleting(app: Dash, deeds: RunActions) -> None:
    # Shows the way back for a while.
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("training", "toast"),
        Output(page.TOAST, "hidden"),
        Output(page.TOAST_TEXT, "children"),
        Input(page.DELETED, "data"),
    )

    @app.callback(
        Output(ids.NEW_RUN, "data", allow_duplicate=True),
        Output(page.DELETED, "data", allow_duplicate=True),
        Output(page.MESSAGE, "children", allow_duplicate=True),
        Input(page.UNDO, "n_clicks"),
        Input({"type": page.RESTORE, "run": ALL}, "n_clicks"),
        State(page.DELETED, "data"),
        prevent_initial_call=True,
    )
    def restore(undo: int | None, rows: list[int | None], deleted: Any) -> tuple[Any, Any, Any]:
        pressed = ctx.triggered_id
        if isinstance(pressed, dict):
            run = str(pressed["run"]) if any(rows) else None
        else:
            run = str(deleted["id"]) if undo and isinstance(deleted, dict) else None
        if run is None:
            return no_update, no_update, no_update
        try:
            record = deeds.restore(run)
        except InputError as error:
            return no_update, None, refused(error)
        return {"id": record.id, "nonce": time.time()}, None, None

    @app.callback(
        Output(page.TRASH, "children"),
        Output(page.TRASH_BOX, "hidden"),
        Input(ids.RUNS, "data"),
        Input(ids.RUN, "value"),
    )
    def list_deleted(_runs: Any, _run: str | None) -> tuple[Any, bool]:
        deleted = deeds.deleted()
        return html.Ul([_deleted(each) for each in deleted], className="trash"), not deleted


def _deleted(run: Deleted) -> html.Li:
    button = html.Button(
        "Restore", id={"type": page.RESTORE, "run": run.id}, className="link-button", type="button",
        **aria(label=f"Restore {run.name}"),
    )  # fmt: skip
    told = f" deleted {words.moment(run.deleted)}, removed for good after {words.moment(run.purged)} "
    return html.Li([html.Strong(run.name), html.Span(told, className="muted small"), button])
