"""The app: settings in, Dash out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dash
from dash import Dash

from monae_app.web import (
    api,
    bundled,
    code_routes,
    compare_routes,
    comparison_routes,
    demo,
    first_page,
    fonts,
    marker_routes,
    regulation_routes,
    selection_routes,
    shell,
    short_work,
    tour_routes,
    trajectory_routes,
    uploads,
    verdicts,
    view_routes,
)
from monae_app.web.components import export_run, file_browser, import_run, selection_panel, upload_box
from monae_app.web.pages import (
    compare,
    data,
    differential,
    embedding,
    guidance,
    imputation,
    labels,
    markers,
    regulation,
    training,
    trajectory,
    verdict,
)
from monae_app.web.selections import Selections
from monae_app.web.services import Services
from monae_app.web.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

# Under this name the server keeps the services, for whoever runs it.
SERVICES = "monae_services"
# In the order of the navigation, which is the order of the work.
PAGES = (
    data,
    guidance,
    training,
    verdict,
    embedding,
    markers,
    imputation,
    regulation,
    trajectory,
    labels,
    differential,
    compare,
)


def create_app(settings: Settings | None = None, samples_root: Path | None = None) -> Dash:
    """Build the app.

    Parameters
    ----------
    settings
        How to serve, and what; the defaults if left out.
    samples_root
        Where the samples lie, if not where they are bundled.
    """
    settings = settings or Settings()
    services = Services(settings, samples_root)
    app = Dash(
        "monae_app",
        title="Monae App",
        # A title that changes with every poll is a flicker in the tab.
        update_title="",
        use_pages=True,
        pages_folder="",
        assets_folder=str(bundled.folder("assets").resolve()),
        # Modules load what they need of each other; the page names the one that waits for a panel to fill.
        assets_ignore=r"^(?!selection_panel\.).*\.mjs$|^tour\.css$",
        # of others: what makes a PDF or shows the tour comes when somebody wants it
        assets_path_ignore=["^vendor$"],
        index_string=first_page.index(settings.demo, settings.theme),
        suppress_callback_exceptions=True,
        background_callback_manager=(workers := short_work.manager(settings)),
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    app.server.extensions[short_work.MANAGER] = workers
    for order, page in enumerate(PAGES):
        title = f"{page.TITLE} · Monae App"
        dash.register_page(  # type: ignore[no-untyped-call]
            page.__name__, path=page.PATH, title=title, name=page.TITLE, order=order, layout=page.layout
        )
    app.layout = shell.layout(PAGES, single=settings.single, demo=bool(settings.demo))
    shell.register(app, services, PAGES)
    for page in PAGES:
        page.register(app, services)
    upload_box.register(app)
    file_browser.register(app, services)
    export_run.register(app, services)
    import_run.register(app, services)
    selection_panel.register(app)
    api.guard_host(app.server, settings)
    services.users.register(app.server)
    selections = Selections(services)
    api.register(app.server, services, selections)
    selection_routes.register(app.server, selections)
    code_routes.register(app.server, services, selections)
    comparison_routes.register(app.server, services)
    compare_routes.register(app.server, services)
    regulation_routes.register(app.server, services, selections)
    marker_routes.register(app.server, services, selections)
    trajectory_routes.register(app.server, services)
    uploads.register(app.server, services)
    fonts.register(app.server)
    verdicts.register(app.server, services)
    view_routes.register(app.server, services)
    tour_routes.register(app.server, services)
    demo.register(app, services)
    app.server.extensions[SERVICES] = services
    return app
