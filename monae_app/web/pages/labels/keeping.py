"""Labels as columns of the map, with the way back; and what the page says where there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dash import Dash, Input, Output, State, ctx, dcc, html

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import alert, refused
from monae_app.web.pages.labels.choosing import CHOSEN, chosen, why_not
from monae_app.web.pages.labels.layout import (
    LOOK,
    NOTE,
    SAVE,
    SAVED,
    STEP,
    THRESHOLD,
    UNDO,
)

if TYPE_CHECKING:
    from monae_app.web.labels_view import LabelsView
    from monae_app.web.services import Services


def register(app: Dash, services: Services, view: LabelsView) -> None:
    """Connect it."""

    @app.callback(Output(NOTE, "children"), Input(ids.RUN, "value"), Input(LOOK, "data"))
    def say(run: str | None, look: Any) -> Any:
        # what the run lacks a file may have
        told = None if look and view.view(run) is not None else why_not(services, run)
        return told and html.Section(told, className="card")

    @app.callback(
        Output(SAVED, "children"),
        Output(STEP, "data"),
        Output(UNDO, "hidden"),
        Input(SAVE, "n_clicks"),
        Input(UNDO, "n_clicks"),
        Input(ids.RUN, "value"),
        *[Input(*each) for each in CHOSEN],
        State(THRESHOLD, "value"),
        State(STEP, "data"),
        prevent_initial_call=True,
    )
    def keep(_save: Any, _undo: Any, run: Any, *more: Any) -> tuple[Any, ...]:
        *choice, threshold, steps = more
        if ctx.triggered_id == UNDO and steps:
            try:
                for step in steps:
                    view.take_back(run, step)
            except InputError as error:
                return refused(error), None, True
            return alert("The columns were taken back.", tone="info"), None, True
        if ctx.triggered_id != SAVE:
            # what was said of another choice says nothing of this one
            return None, None, True
        try:
            made, done = view.keep(chosen(run, *choice), threshold)
        except InputError as error:
            return refused(error), None, True
        return saved_note(run, made.name), done, False


def saved_note(run: str, name: str) -> html.Div:
    """Say that a column was saved, with the way to it."""
    href = f"/?{urlencode({'run': run, 'colour': f'note:{name}'}, safe=':')}"
    link = dcc.Link("Show it on the map", href=href)
    return alert(f"Saved as “{name}”.", link, tone="good")
