"""What each antibody was taken for, and where to map it by hand; the next training takes what is mapped here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.antibody_csv import from_csv, to_csv
from monae_app.web.antibody_view import AntibodyView, after_typing
from monae_app.web.components import words
from monae_app.web.components.antibody_rows import grid_rows, told
from monae_app.web.components.aria import aria, data, with_label
from monae_app.web.components.notice import failure, refused

if TYPE_CHECKING:
    from monae_app.web.guidance_view import GuidanceView

BOX, TOLD, MESSAGE, ROWS = "antibodies", "antibodies-told", "antibodies-message", "antibodies-rows"
SHOWN, TYPED, WRONG, HISTORY = "antibodies-shown", "antibodies-typed", "antibodies-wrong", "antibodies-history"
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
            # rows as they are drawn, see antibody_rows
            dcc.Store(id=SHOWN),
            # {"name", "text"} of a field that was left, {"name", "reset"} of a row
            dcc.Store(id=TYPED),
            # by antibody, why what stands in its field cannot be
            dcc.Store(id=WRONG, data={}),
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
            html.Div(id=ROWS, className="table-scroll tall"),
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
        Output(SHOWN, "data"),
        Output(TOLD, "children"),
        Output(RESET, "disabled"),
        Input(ready, "data"),
        Input(ids.SOURCE, "data"),
    )
    def rows(read: Any, chosen: Any) -> tuple[bool, Any, Any, bool]:
        if not read or not set(read["modalities"]) >= LINKED:
            return True, None, None, True
        try:
            panel, mapping, leave = view.panel(chosen), view.mapping(chosen), view.controls_leave(chosen)
        except InputError as error:
            return False, [], refused(error), True
        return False, grid_rows(panel, mapping, leave=leave), told(panel, mapping), not mapping

    @app.callback(Output(UNDO, "disabled"), Input(HISTORY, "data"))
    def can_undo(history: list[Any] | None) -> bool:
        return not history

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("antibodies", "draw"),
        Output(ROWS, "title"),
        Input(SHOWN, "data"),
        Input(WRONG, "data"),
        Input(ALONE, "value"),
        Input(FIND, "value"),
        State(ROWS, "id"),
    )


def _register_changing(app: Dash, view: AntibodyView) -> None:
    @app.callback(
        Output(ids.SOURCE, "data", allow_duplicate=True),
        Output(HISTORY, "data"),
        Output(WRONG, "data"),
        Output(MESSAGE, "children"),
        Input(TYPED, "data"),
        Input(UNDO, "n_clicks"),
        Input(RESET, "n_clicks"),
        Input(TABLE, "data"),
        State(WRONG, "data"),
        State(ids.SOURCE, "data"),
        State(HISTORY, "data"),
        prevent_initial_call=True,
    )
    def change(typed: Any, _undo: Any, _reset: Any, table: Any, wrong: Any, chosen: Any, history: Any) -> Any:
        # a page that is drawn calls this too, and nobody has done anything yet
        if not any(each["value"] for each in ctx.triggered):
            return (no_update,) * 4
        pressed, steps = ctx.triggered_id, list(history or [])
        try:
            before = view.mapping(chosen)
            if pressed == TYPED:
                after, errors = _typed(view, chosen, typed, wrong or {})
            else:
                after, errors = _at_once(view, chosen, steps, table), {}
        except InputError as error:
            return no_update, no_update, no_update, refused(error)
        message = [failure(**each) for each in errors.values()]
        if after == before:
            return no_update, no_update, errors, message
        steps = steps[:-1] if pressed == UNDO else [*steps, before][-KEPT_STEPS:]
        return view.with_mapping(chosen, after), steps, errors, message


def _typed(
    view: AntibodyView, chosen: Any, typed: dict[str, Any], wrong: dict[str, dict[str, str]]
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the mapping after one field was left or reset, and what is wrong in this field and others.

    Raises
    ------
    InputError
        If the data are not there any more.
    """
    name, before = str(typed["name"]), view.mapping(chosen)
    others = {other: error for other, error in wrong.items() if other != name}
    if typed.get("reset"):
        return {other: genes for other, genes in before.items() if other != name}, others
    panel = view.panel(chosen)
    after, errors = after_typing(panel, before, {name: str(typed.get("text") or "")}, view.genes(chosen))
    told_of = {key: {"found": each.found, "expected": each.expected, "todo": each.todo} for key, each in errors.items()}
    return after, others | told_of


def _at_once(
    view: AntibodyView, chosen: Any, history: list[dict[str, str]], table: dict[str, Any] | None
) -> dict[str, str]:
    """Return the mapping after a step was taken back, all were, or a table was given.

    Raises
    ------
    InputError
        If the data are not there any more, or the table cannot be used.
    """
    before = view.mapping(chosen)
    if ctx.triggered_id == RESET:
        return {}
    if ctx.triggered_id == UNDO:
        return history[-1] if history else before
    return from_csv(_text_of(table), view.panel(chosen), before, view.genes(chosen)) if table else before


def _text_of(table: dict[str, Any]) -> str:
    if "text" in table:
        return str(table["text"])
    raise InputError(
        f"{str(table.get('name'))[:80]} is too large for a table of antibodies.",
        f"a CSV or TSV table of at most {words.size(LARGEST_TABLE)}.",
        "give the table that this page offers for download, with its column gene changed.",
    )


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
