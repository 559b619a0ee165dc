"""What each antibody was taken for, and where to map it by hand; the next training takes what is mapped here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.antibody_csv import from_csv, to_csv
from monae_app.web.antibody_view import AntibodyView, after_typing
from monae_app.web.components import words
from monae_app.web.components.antibody_table import (
    GENE,
    RESET_ROW,
    ROW,
    TAKEN,
    WEIGHT,
    antibody_table,
    row_class,
    taken_for,
    told,
    weight,
)
from monae_app.web.components.aria import aria, data, with_label
from monae_app.web.components.notice import refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monae_app.web.antibody_view import Antibody
    from monae_app.web.guidance_view import GuidanceView

BOX, TOLD, MESSAGE, ROWS, HISTORY = (
    "antibodies", "antibodies-told", "antibodies-message", "antibodies-rows", "antibodies-history",
)  # fmt: skip
ALONE, FIND, UNDO, RESET = "antibodies-alone", "antibodies-find", "antibodies-undo", "antibodies-reset"
CSV, DOWNLOAD, UPLOAD, TABLE = "antibodies-csv", "antibodies-download", "antibodies-upload", "antibodies-table"
LINKED = {"rna", "protein"}
KEPT_STEPS = 50
PAUSE_SECONDS = 0.3
LARGEST_TABLE = 1_000_000  # bytes
INTRODUCTION = (
    "A gene may be typed anew: as the RNA file writes it, several with a plus sign between them (CD3D+CD3E), none for "
    "no link. The next training takes what is mapped here."
)


def layout() -> html.Section:
    """Build the grid; it is hidden unless the data have RNA and antibodies."""
    buttons = [
        html.Button("Undo", id=UNDO, className="button", disabled=True),
        html.Button("Reset all", id=RESET, className="button", disabled=True),
        html.Button("Download (CSV)", id=CSV, className="button"),
        html.Button("Take a table (CSV)", id=UPLOAD, className="button", **data(most=str(LARGEST_TABLE))),
    ]
    find = dcc.Input(
        id=FIND, type="text", debounce=PAUSE_SECONDS, placeholder="Antibody or gene", autoComplete="off",
        spellCheck=False,
    )  # fmt: skip
    alone = dcc.Checklist([{"label": "Only those without a gene", "value": "alone"}], [], id=ALONE)
    return html.Section(
        [
            # mappings before each step, newest last
            dcc.Store(id=HISTORY, data=[]),
            # {"name", "text"} of a table that was given, or its "size" where that is too large
            dcc.Store(id=TABLE),
            html.H2("Antibodies and their genes"),
            html.P(id=TOLD, className="muted", **aria(live="polite")),
            html.P(INTRODUCTION, className="muted small"),
            html.Div(
                [with_label(find, "Find an antibody"), alone, html.Div(buttons, className="buttons")],
                className="antibody-tools",
            ),
            html.Div(id=MESSAGE, **aria(live="assertive")),
            html.Div(id=ROWS),
            dcc.Download(id=DOWNLOAD),
        ],
        id=BOX,
        className="card",
        hidden=True,
    )


def register(app: Dash, links: GuidanceView, ready: str) -> None:
    """Connect the grid.

    Parameters
    ----------
    app
        To connect it to.
    links
        What was read of the data sets.
    ready
        Id of the store that says which data set is read: {"answer", "modalities"}.
    """
    view = AntibodyView(links)
    _register_drawing(app, view, ready)
    _register_changing(app, view)
    _register_files(app, view)


def _register_drawing(app: Dash, view: AntibodyView, ready: str) -> None:
    @app.callback(
        Output(BOX, "hidden"),
        Output(ROWS, "children"),
        Input(ready, "data"),
        Input(ALONE, "value"),
        Input(FIND, "value"),
        State(ids.SOURCE, "data"),
    )
    def draw(read: Any, alone: list[str], find: str | None, chosen: Any) -> tuple[bool, Any]:
        if not read or not set(read["modalities"]) >= LINKED:
            return True, None
        try:
            panel, mapping, leave = view.panel(chosen), view.mapping(chosen), view.controls_leave(chosen)
        except InputError as error:
            return False, refused(error)
        return False, antibody_table(panel, mapping, only_alone=bool(alone), find=find or "", leave=leave)

    @app.callback(
        Output(TOLD, "children"),
        Output(UNDO, "disabled"),
        Output(RESET, "disabled"),
        Input(ready, "data"),
        Input(ids.SOURCE, "data"),
        Input(HISTORY, "data"),
    )
    def count(read: Any, chosen: Any, history: list[Any] | None) -> tuple[Any, bool, bool]:
        if not read or not set(read["modalities"]) >= LINKED:
            return None, True, True
        try:
            panel, mapping = view.panel(chosen), view.mapping(chosen)
        except InputError:
            return None, True, True
        return told(panel, mapping), not history, not mapping


@dataclass(frozen=True)
class _Shown:
    """What stands in the grid when something is done: row numbers, and the text of each field."""

    rows: list[int]
    texts: list[str]


def _register_changing(app: Dash, view: AntibodyView) -> None:
    @app.callback(
        Output(ids.SOURCE, "data", allow_duplicate=True),
        Output(HISTORY, "data"),
        Output(MESSAGE, "children"),
        Output({"type": GENE, "row": ALL}, "value"),
        Output({"type": TAKEN, "row": ALL}, "children"),
        Output({"type": WEIGHT, "row": ALL}, "children"),
        Output({"type": RESET_ROW, "row": ALL}, "hidden"),
        Output({"type": ROW, "row": ALL}, "className"),
        Input({"type": GENE, "row": ALL}, "value"),
        Input({"type": RESET_ROW, "row": ALL}, "n_clicks"),
        Input(UNDO, "n_clicks"),
        Input(RESET, "n_clicks"),
        Input(TABLE, "data"),
        State({"type": GENE, "row": ALL}, "id"),
        State(ids.SOURCE, "data"),
        State(HISTORY, "data"),
        prevent_initial_call=True,
    )
    def change(texts: list[Any], *given: Any) -> tuple[Any, ...]:
        table, names, chosen, history = given[-4:]
        shown = _Shown([int(each["row"]) for each in names], ["" if text is None else str(text) for text in texts])
        untouched = tuple([no_update] * len(shown.rows) for _ in range(5))
        try:
            panel, before = view.panel(chosen), view.mapping(chosen)
            after, errors = _after(view, chosen, shown, history or [], table)
        except InputError as error:
            return (no_update, no_update, refused(error), *untouched)
        message = [refused(error) for error in errors.values()]
        rows = _rows_after([panel[row] for row in shown.rows], shown, (before, after), errors,
                           leave=view.controls_leave(chosen))  # fmt: skip
        if after == before:
            return (no_update, no_update, message, *rows)
        steps = (history or [])[:-1] if ctx.triggered_id == UNDO else [*(history or []), before][-KEPT_STEPS:]
        return (view.with_mapping(chosen, after), steps, message, *rows)


def _after(
    view: AntibodyView, chosen: Any, shown: _Shown, history: list[dict[str, str]], table: dict[str, Any] | None
) -> tuple[dict[str, str], dict[str, InputError]]:
    """Return the mapping after what was just done, and what of it cannot be.

    Raises
    ------
    InputError
        If the data are not there any more, or a table that was given cannot be used.
    """
    panel, before, pressed = view.panel(chosen), view.mapping(chosen), ctx.triggered_id
    if pressed == RESET:
        return {}, {}
    if pressed == UNDO:
        return (history[-1] if history else before), {}
    if pressed == TABLE and table:
        return from_csv(_text_of(table), panel, before, view.genes(chosen)), {}
    if isinstance(pressed, dict) and pressed["type"] == RESET_ROW and any(each["value"] for each in ctx.triggered):
        name = panel[pressed["row"]].name
        return {other: genes for other, genes in before.items() if other != name}, {}
    typed = {panel[row].name: text for row, text in zip(shown.rows, shown.texts, strict=True)}
    return after_typing(panel, before, typed, view.genes(chosen))


def _text_of(table: dict[str, Any]) -> str:
    if "text" in table:
        return str(table["text"])
    raise InputError(
        f"{str(table.get('name'))[:80]} is too large for a table of antibodies.",
        f"a CSV or TSV table of at most {words.size(LARGEST_TABLE)}.",
        "give the table that this page offers for download, with its column gene changed.",
    )


def _rows_after(
    panel: list[Antibody],
    shown: _Shown,
    mappings: tuple[Mapping[str, str], Mapping[str, str]],
    errors: Mapping[str, InputError],
    *,
    leave: bool,
) -> tuple[list[Any], ...]:
    """Parts of the rows that are shown, each a list in their order; what stays as it is is not sent."""
    before, after = mappings
    texts: list[Any] = []
    parts: list[tuple[Any, ...]] = []
    for each, text in zip(panel, shown.texts, strict=True):
        now, wrong = each.mapped(after), each.name in errors
        texts.append(no_update if wrong or text == now.gene else now.gene)
        same = before.get(each.name) == after.get(each.name)
        parts.append((no_update,) * 3 if same else (taken_for(now, leave=leave), weight(now), now.how != "hand"))
    taken, weights, resets = ([part[at] for part in parts] for at in range(3))
    looks = [row_class(each.mapped(after), wrong=each.name in errors) for each in panel]
    return texts, taken, weights, resets, looks


def _register_files(app: Dash, view: AntibodyView) -> None:
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("small_file", "choose"),
        Output(UPLOAD, "title"),
        Input(UPLOAD, "n_clicks"),
        State(TABLE, "id"),
        State(UPLOAD, "data-most"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(DOWNLOAD, "data"), Input(CSV, "n_clicks"), State(ids.SOURCE, "data"), prevent_initial_call=True
    )
    def download(clicks: int | None, chosen: Any) -> Any:
        try:
            text = to_csv(view.panel(chosen), view.mapping(chosen)) if clicks else None
        except InputError:
            text = None
        return no_update if text is None else {"content": text, "filename": "antibody_genes.csv", "type": "text/csv"}
