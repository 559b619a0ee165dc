"""The table of known targets: TRRUST, or one of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, html

from monae_app.engine.data.known_targets import LICENCE, parse_own_targets
from monae_app.engine.errors import InputError
from monae_app.web.components.notice import refused
from monae_app.web.pages.regulation.choosing import tables_of
from monae_app.web.pages.regulation.layout import (
    CREDIT,
    MOST_BYTES,
    OWN,
    OWN_BUTTON,
    OWN_DROP,
    OWN_FILE,
    OWN_SAID,
    READY,
)

if TYPE_CHECKING:
    from monae_app.engine.data.known_targets import KnownTargets
    from monae_app.web.regulation_view import RegulationView

NONE = (
    "The organism of this run is neither human nor mouse, or its gene names do not tell: no known targets are here. "
    "A table of your own takes their place."
)


def register(app: Dash, view: RegulationView) -> None:
    """Connect it."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("small_file", "choose"),
        Output(OWN_BUTTON, "aria-description"),
        Input(OWN_BUTTON, "n_clicks"),
        State(OWN_FILE, "id"),
        State(OWN_BUTTON, "data-most"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(OWN, "data"), Output(OWN_SAID, "children"),
        Input(OWN_FILE, "data"),
        Input(OWN_DROP, "n_clicks"),
        State(OWN, "data"),
        prevent_initial_call=True,
    )  # fmt: skip
    def load(file: dict[str, Any] | None, _clicks: Any, before: str | None) -> tuple[Any, Any]:
        if ctx.triggered_id == OWN_DROP:
            return None, None
        if not file:
            return before, None
        try:
            name, notes = keep(view, file)
        except InputError as error:
            return before, refused(error)
        return name, notes or None

    @app.callback(
        Output(CREDIT, "children"), Output(OWN_DROP, "hidden"),
        Input(READY, "data"),
        Input(OWN, "data"),
    )  # fmt: skip
    def credit(ready: Any, own: str | None) -> tuple[Any, bool]:
        tables = tables_of(view, ready)
        if tables is None:
            return "TRRUST v2 of human and mouse comes with the app.", own is None
        try:
            known = view.known(ready["run"], tables, own)
        except InputError as error:
            return f"{error.found} {error.todo}", False
        return told(known), own is None


def keep(view: RegulationView, file: dict[str, Any]) -> tuple[str, list[str]]:
    """Keep a table that was loaded: its key and name, and what is to be known of it.

    Raises
    ------
    InputError
        If it is too large or cannot be read.
    """
    name = str(file.get("name"))[:80]
    if "text" not in file:
        most = f"at most {MOST_BYTES // 1_000_000} MB of text."
        raise InputError(f"{name} is too large.", most, "leave out what is not needed.")
    found = parse_own_targets(str(file["text"]), name)
    return f"{view.kept.keep_table(str(file['text']))}:{name}", list(found.notes)


def told(known: KnownTargets | None) -> Any:
    """Say where known targets are from, how many are here, and whose they are."""
    if known is None:
        return NONE
    number = f"{len(known):,} edges among genes of this run; {known.unmatched:,} others name genes that it lacks. "
    if not known.credit:
        return [html.Strong(known.source), ": ", number]
    links = [
        html.A("TRRUST v2", href="https://www.grnpedia.org/trrust", target="_blank", rel="noreferrer"),
        ", Han et al. 2018 (",
        html.A("doi", href="https://doi.org/10.1093/nar/gkx1013", target="_blank", rel="noreferrer"),
        "), ",
        html.A(
            LICENCE, href="https://creativecommons.org/licenses/by-sa/4.0/", target="_blank", rel="noreferrer license"
        ),
        f", {known.source.rpartition(' ')[2]}: ",
    ]
    return [*links, number]
