"""The door for files that lie on the server: the folders below --data-root, one level at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web.components import words
from monae_app.web.components.aria import aria
from monae_app.web.components.notice import refused
from monae_app.web.datasets import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.web.data_root import DataRoot, Entry, Listing
    from monae_app.web.services import Services

# CHOSEN holds the names of the chosen files ("root:<path>"), FOLDER the path of the folder that is shown.
CHOSEN, FOLDER, FILTER, LISTED, CRUMBS, PICKED = (
    "browser-chosen", "browser-folder", "browser-filter", "browser-listed", "browser-crumbs", "browser-picked",
)  # fmt: skip
OPEN, PICK, DROP = "browser-open", "browser-pick", "browser-drop"


def file_browser(root: DataRoot, chosen: Sequence[str] = ()) -> html.Div:
    """Show the folder and what was chosen from it; the names of that stand in the store ``CHOSEN``."""
    told = f"Files below {root.folder}. All users of this server can read what lies there."
    return html.Div(
        [
            dcc.Store(id=CHOSEN, data=list(chosen)),
            dcc.Store(id=FOLDER, data=""),
            html.P(told, className="muted small"),
            html.Nav(id=CRUMBS, className="browser-crumbs", **aria(label="Folder")),
            html.Label("Filter by name", htmlFor=FILTER, className="visually-hidden"),
            dcc.Input(
                id=FILTER,
                type="search",
                placeholder="Filter by name",
                autoComplete="off",
                debounce=0.2,
                className="browser-filter",
            ),
            html.Div(id=LISTED, className="browser-listed", role="region", tabIndex="0", **aria(label="Files")),
            html.Div(id=PICKED, className="chips", **aria(live="polite", label="Chosen files")),
        ],
        className="file-browser",
    )  # fmt: skip


def register(app: Dash, services: Services) -> None:
    """Connect the browser, on whichever page it stands."""
    _register_choice(app)

    @app.callback(
        Output(FOLDER, "data"),
        Output(FILTER, "value"),
        Input({"type": OPEN, "path": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def go(_: list[int | None]) -> tuple[Any, Any]:
        if not _pressed():
            return no_update, no_update
        return ctx.triggered_id["path"], ""

    @app.callback(
        Output(LISTED, "children"),
        Output(CRUMBS, "children"),
        Input(FOLDER, "data"),
        Input(FILTER, "value"),
        Input(CHOSEN, "data"),
    )
    def show(folder: str | None, containing: str | None, chosen: list[str] | None) -> tuple[Any, Any]:
        root = services.catalogue.root
        if root is None:
            return None, None
        try:
            listing = root.list(folder or "", containing or "")
        except InputError as error:
            return refused(error), _crumbs(folder or "")
        return _listed(listing, set(chosen or [])), _crumbs(listing.path)


def _register_choice(app: Dash) -> None:
    @app.callback(
        Output(CHOSEN, "data"),
        Input({"type": PICK, "path": ALL}, "n_clicks"),
        Input({"type": DROP, "path": ALL}, "n_clicks"),
        State(CHOSEN, "data"),
        prevent_initial_call=True,
    )
    def pick(_picked: list[int | None], _dropped: list[int | None], chosen: list[str] | None) -> Any:
        if not _pressed():
            return no_update
        name, now = f"{ROOT}{ctx.triggered_id['path']}", list(chosen or [])
        return [each for each in now if each != name] if name in now else [*now, name]

    @app.callback(Output(PICKED, "children"), Input(CHOSEN, "data"))
    def tell(chosen: list[str] | None) -> list[Any]:
        return [_chip(name.removeprefix(ROOT)) for name in chosen or []]


def _pressed() -> bool:
    return any(trigger["value"] for trigger in ctx.triggered)


def _crumbs(folder: str) -> list[Any]:
    parts = folder.split("/") if folder else []
    steps = [("Top", ""), *((part, "/".join(parts[: depth + 1])) for depth, part in enumerate(parts))]
    shown: list[Any] = []
    for depth, (title, path) in enumerate(steps):
        last = depth == len(steps) - 1
        shown.append(
            html.Span(title, **aria(current="page"))
            if last
            else html.Button(title, id={"type": OPEN, "path": path}, className="link-button", type="button")
        )
        shown += [] if last else [html.Span("/", className="muted")]
    return shown


def _listed(listing: Listing, chosen: set[str]) -> list[Any]:
    if not listing.entries:
        return [html.P("Nothing here fits.", className="muted")]
    rows = [_row(entry, chosen=f"{ROOT}{entry.path}" in chosen) for entry in listing.entries]
    head = html.Tr([html.Th("Name, size and date", scope="col"), html.Td()])
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="table browser-table")
    more = listing.found - len(listing.entries)
    note = [html.P(f"{more:,} more: type a part of the name above.", className="muted small")] if more > 0 else []
    return [table, *note]


def _row(entry: Entry, *, chosen: bool) -> html.Tr:
    name: Any = entry.name
    if entry.folder:
        name = html.Button(
            f"{entry.name}/", id={"type": OPEN, "path": entry.path}, className="link-button", type="button"
        )
    pick = html.Button(
        "Chosen" if chosen else "Choose",
        id={"type": PICK, "path": entry.path},
        className="button small" + (" primary" if chosen else ""),
        type="button",
        **aria(pressed=str(chosen).lower(), label=f"Choose {entry.name}"),
    )
    facts = [] if entry.folder else [words.size(entry.size)]
    told = html.Div(" · ".join([*facts, words.moment(entry.modified)]), className="muted small")
    return html.Tr([html.Td([name, told]), html.Td(pick)])


def _chip(path: str) -> html.Span:
    drop = html.Button(
        "×", id={"type": DROP, "path": path}, className="link-button", type="button", **aria(label=f"Leave out {path}")
    )
    return html.Span([path, drop], className="chip")
