"""What surrounds every page: navigation, the current run, light and dark."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import dash
from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import bundled, ids
from monae_app.web.components import settings_menu, sharing, theme_choice, words
from monae_app.web.components.aria import aria
from monae_app.web.demo import start_over

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from monae_app.jobs.listing import Listed
    from monae_app.jobs.registry import RunRecord
    from monae_app.web.services import Services

OFFLINE = "offline"
# Begins the tour (assets/tour.js).
TOUR = "tour-button"


def layout(pages: Sequence[ModuleType], *, single: bool = True, demo: bool = False) -> html.Div:
    """Build the frame; the page itself comes into the page container.

    Parameters
    ----------
    pages
        In the order of the navigation.
    single
        Whether the server has one user.
    demo
        Whether this is a demo, which can start over.
    """
    more = [theme_choice.theme_choice(), *([start_over()] if demo else [])]
    brand = dcc.Link(
        [html.Img(src=_logo(), alt="", width=30, height=30), html.Span("Monae")], href="/", className="brand"
    )
    links = [dcc.Link(page.TITLE, href=page.PATH, id=_link_id(page), className="nav-link") for page in pages]
    picker = html.Div(
        [
            html.Label("Run", htmlFor=ids.RUN),
            dcc.Dropdown(
                id=ids.RUN, options=[], clearable=False, placeholder="No run yet", optionHeight=40, maxHeight=420
            ),
        ],
        className="run-picker",
    )
    return html.Div(
        [
            dcc.Store(id=ids.THEME, storage_type="local"),
            dcc.Store(id=ids.SOURCE, storage_type="session"),
            dcc.Store(id=ids.BASKET, storage_type="session"),
            dcc.Store(id=ids.LOOKS),
            dcc.Store(id=ids.NEW_RUN),
            dcc.Store(id=ids.RUN_STATE),
            dcc.Store(id=ids.RUNS),
            # Filled by assets/connection.js.
            html.Div(id=OFFLINE, className="offline", role="alert", hidden=True),
            dcc.Store(id=ids.UPLOADS),
            html.Header(
                [
                    brand,
                    html.Nav(links, **aria(label="Pages")),
                    picker,
                    html.Button("Tour", id=TOUR, className="button", type="button"),
                    sharing.share_button(),
                    settings_menu.settings_menu(single=single, more=more),
                    theme_choice.toggle(),
                ],
                className="top-bar",
            ),
            html.Main(dash.page_container, id="main", tabIndex="-1"),
        ]
    )


def register(app: Dash, services: Services, pages: Sequence[ModuleType]) -> None:
    """Connect the frame."""
    sharing.register(app, services)
    settings_menu.register(app, services)
    theme_choice.register(app)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("shell", "links"),
        *[Output(_link_id(page), "href") for page in pages],
        *[Output(_link_id(page), "className") for page in pages],
        Input(ids.LOCATION, "pathname"),
        Input(ids.RUN, "value"),
        *[State(_link_id(page), "href") for page in pages],
    )

    @app.callback(
        Output(ids.RUN, "options"),
        Output(ids.RUN, "value"),
        Input(ids.LOCATION, "search"),
        Input(ids.NEW_RUN, "data"),
        Input(ids.RUN_STATE, "data"),
        Input(ids.RUNS, "data"),
        State(ids.RUN, "value"),
    )
    def choose_run(
        search: str | None, new_run: dict[str, str] | None, _state: str | None, _runs: Any, current: str | None
    ) -> tuple[list[dict[str, Any]], Any]:
        runs = services.runs()
        asked = next(iter(parse_qs((search or "").lstrip("?")).get("run", [])), None)
        if ctx.triggered_id == ids.NEW_RUN and new_run:
            value: str | None = new_run["id"]
        elif ctx.triggered_id in (ids.RUN_STATE, ids.RUNS) and current:
            value = current
        else:
            value = asked or current or services.default_run()
        known = {run.id for run in runs}
        if ctx.triggered_id == ids.RUNS and value not in known and current_record(services, value) is None:
            # It was deleted: what is left is shown.
            value = services.default_run()
        options = [_option(run) for run in runs]
        if value is not None and value not in known:
            # The page says what is wrong; the picker must not drop the value in silence.
            shared = current_record(services, value)
            label = f"{shared.name} · shared with you" if shared else f"{value[:40]} (not found)"
            options.insert(0, {"label": label, "value": value})
        # Said again, it would make pages begin anew what is being done there.
        return options, no_update if value == current else value


def current_record(services: Services, run_id: str | None) -> RunRecord | None:
    """Find the current run, or None if the URL names one that is not there."""
    if not run_id:
        return None
    try:
        return services.registry.get(run_id)
    except InputError:
        return None


def _option(run: Listed) -> dict[str, Any]:
    note = "bundled" if run.id.startswith("sample-") else words.moment(run.status.created)
    if run.status.state != "done":
        note = "unreadable" if run.problem else run.status.state
    return {"label": f"{run.name} · {note}" if note else run.name, "value": run.id}


def _link_id(page: ModuleType) -> str:
    return f"nav-{page.TITLE.lower()}"


def _logo() -> str:
    image = (bundled.folder("assets") / "logo.svg").read_bytes()
    return f"data:image/svg+xml;base64,{base64.b64encode(image).decode()}"
