"""A demo: its settings, and how it begins anew from the browser (assets/demo.js asks first)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from dash import Dash, html

from monae_app.jobs.demo_store import begin_anew, empty_user, open_demo
from monae_app.web import first_page
from monae_app.web.short_work import MANAGER, FreshProcessManager

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from monae_app.web.services import Services
    from monae_app.web.settings import Settings

ASK, SURE, YES, NO, SAID = "demo-over", "demo-sure", "demo-yes", "demo-no", "demo-said"
WARNING = (
    "All that was done in this demo is removed: runs, uploads, selections, comparisons. Trainings end. The bundled "
    "samples stay."
)


@contextmanager
def demo_settings(settings: Settings, *, keep: bool, projector: bool) -> Iterator[tuple[Settings, str]]:
    """Hold a store for a demo: the settings to serve it with, and what was done with what was there, in a sentence.

    Parameters
    ----------
    settings
        As they are given; the demo lies in their store.
    keep
        Go on with what the last demo left.
    projector
        Begin in the theme for projectors.

    Raises
    ------
    InputError
        If a training of an older demo cannot be ended.
    """
    with open_demo(settings.store, keep=keep) as demo:
        theme = "projector" if projector else settings.theme
        yield replace(settings, store=demo.folder, demo=demo.id, theme=theme), demo.told


def start_over() -> html.Div:
    """Build the button, to stand in the settings of a demo."""
    sure = html.Div(
        [
            html.P(WARNING),
            html.Div(
                [
                    html.Button("Remove it and start over", id=YES, className="button primary", type="button"),
                    html.Button("Leave it", id=NO, className="button", type="button"),
                ],
                className="buttons",
            ),
        ],
        id=SURE,
        hidden=True,
    )
    told = html.P("This is a demo: it has a store of its own, and begins clean each time.", className="muted")
    ask = html.Button("Start over", id=ASK, className="button", type="button")
    return html.Div([told, ask, sure, html.P(id=SAID, role="alert")], className="demo-settings")


def register(app: Dash, services: Services) -> None:
    """Add the route, where the app is a demo."""
    settings = services.settings
    server: Flask = app.server
    if not settings.demo:
        return

    @server.post("/api/demo/start-over")
    def begin() -> tuple[str, int]:
        workers = app.server.extensions[MANAGER]
        if settings.single and isinstance(workers, FreshProcessManager):
            workers.end_all()
        empty_user(settings.store, services.launcher, services.users.current())
        if settings.single:
            # Other tabs forget what they kept, too, when they are loaded anew.
            app.index_string = first_page.index(begin_anew(settings.store), settings.theme)
        return "", 204
