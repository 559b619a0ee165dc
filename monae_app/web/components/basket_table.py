"""The chosen files: what each holds, what it is used as, and what its reader had to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html

from monae_app.web.basket import GENES, LEAVE_OUT, MODALITIES, PEAKS, guessed
from monae_app.web.components import words
from monae_app.web.components.aria import aria, with_label
from monae_app.web.components.notice import failure
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from monae_app.web.basket import Basket, ChosenFile

USE, REMOVE, TURN, MATRIX = "basket-use", "basket-remove", "basket-turn", "basket-matrix"
FEATURES = {"rna": "genes", "atac": "peaks", "protein": "proteins", "methylation": "regions"}
AUTO = "auto"


def basket_table(basket: Basket) -> Any:
    """Show the chosen files, a row a part; nothing if there is none."""
    if not basket.files:
        return None
    head = html.Tr([html.Th(title, scope="col") for title in ("File", "Holds", "Use as", "Matrix")] + [html.Th("")])
    rows = [row for each in basket.files for row in _rows(each, basket)]
    return html.Div(
        html.Table([html.Thead(head), html.Tbody(rows)], className="table basket"), className="table-scroll"
    )


def _rows(each: ChosenFile, basket: Basket) -> list[html.Tr]:
    if each.kind == "coordinates":
        options = [("Where genes lie", GENES), ("Peaks to count fragments in", PEAKS), ("Leave out", LEAVE_OUT)]
        use = _use(each, 0, options, each.uses[0] if each.uses else LEAVE_OUT)
        return [html.Tr([html.Td(_name(each)), html.Td("Places in a genome"), html.Td(use), html.Td(), _remove(each)])]
    if each.waiting:
        told = html.Td(html.Span("Looking into it …", className="muted", role="status"), colSpan=3)
        return [html.Tr([html.Td(_name(each)), told, _remove(each)])]
    if each.error:
        told = html.Td(failure(**each.error), colSpan=3)
        return [html.Tr([html.Td(_name(each)), told, _remove(each)])]
    parts = each.parts
    rows = []
    for number, part in enumerate(parts):
        first = html.Td(_name(each), rowSpan=len(parts)) if number == 0 else None
        last = _remove(each, len(parts)) if number == 0 else None
        options = [(modality_title(name), name) for name in MODALITIES] + [("Leave out", LEAVE_OUT)]
        cells = [
            html.Td(_holds(part, each)),
            html.Td([_use(each, number, options, each.uses[number]), _sure(part)]),
            html.Td(_matrix(each, number, basket)),
        ]
        rows.append(html.Tr([cell for cell in (first, *cells, last) if cell is not None]))
    return rows


def _name(each: ChosenFile) -> html.Div:
    look = each.look or {}
    told = [html.Small(str(look["format"]))] if look.get("format") else []
    notes = [html.Small(note, className="basket-note") for note in look.get("notes") or ()]
    return html.Div([html.Strong(each.name), *told, *notes], className="basket-name")


def _holds(part: dict[str, Any], each: ChosenFile) -> html.Div:
    kind = FEATURES.get(guessed(part, "modality"), "features")
    lines: list[Any] = [html.Span(f"{part['cells']:,} cells × {part['features']:,} {kind}")]
    if part.get("name"):
        lines.insert(0, html.Strong(str(part["name"])))
    examples = ", ".join(str(name) for name in (part.get("example_features") or [])[:3])
    if examples:
        lines.append(html.Small(f"{examples}, …", className="basket-examples"))
    lines += [html.Small(str(note), className="basket-note") for note in part.get("notes") or ()]
    if part.get("rows"):
        button = html.Button(
            "Turn the table", id={"type": TURN, "ref": each.ref}, className="link-button",
            title="Take rows for columns: if cells and features were mixed up",
        )  # fmt: skip
        lines.append(html.Small(["The rows are ", str(part["rows"]), ". ", button]))
    return html.Div(lines, className="basket-holds")


def _use(each: ChosenFile, number: int, options: list[tuple[str, str]], value: str) -> html.Div:
    control = dcc.Dropdown(
        [{"label": label, "value": use} for label, use in options],
        value,
        id={"type": USE, "ref": each.ref, "part": number},
        clearable=False,
        searchable=False,
    )
    return with_label(control, f"Use {each.name} as")


def _sure(part: dict[str, Any]) -> html.Div:
    """Say what it looks like, how sure that is, and why."""
    said = []
    for what in ("modality", "organism", "genome"):
        guess = part.get(what) or {}
        if guess.get("value"):
            title = modality_title(guess["value"]) if what == "modality" else str(guess["value"])
            said.append(html.Small(f"{title}: {guess['certainty']}", title=str(guess["because"]), className="guess"))
    unknown = [] if guessed(part, "modality") else [html.Small("Not recognised: choose what it is.")]
    return html.Div([*said, *unknown], className="basket-guesses")


def _matrix(each: ChosenFile, number: int, basket: Basket) -> Any:
    part, use = each.parts[number], each.uses[number]
    matrices = {str(matrix["name"]): str(matrix.get("kind") or "") for matrix in part.get("matrices") or []}
    if use not in MODALITIES or not matrices:
        return None
    described = {name: f"{name}: {kind}" if kind else name for name, kind in matrices.items()}
    if len(matrices) == 1:
        return html.Span(next(iter(described.values())))
    found = str(part.get("matrix") or next(iter(matrices)))
    value = basket.settings.get(f"{use}_matrix", AUTO)
    options = [{"label": f"{described.get(found, found)} (found)", "value": AUTO}]
    options += [{"label": label, "value": name} for name, label in described.items()]
    control = dcc.Dropdown(
        options,
        value if value in matrices else AUTO,
        id={"type": MATRIX, "ref": each.ref, "part": number},
        clearable=False,
        searchable=False,
    )
    return with_label(control, f"Matrix of {each.name}")


def _remove(each: ChosenFile, rows: int = 1) -> html.Td:
    button = html.Button(
        "✕", id={"type": REMOVE, "ref": each.ref}, className="icon-button small",
        title=f"Take {each.name} out", **aria(label=f"Take {each.name} out of the list"),
    )  # fmt: skip
    return html.Td(button, rowSpan=rows, className="links")


def removed_note(basket: Basket, undo: str) -> Any:
    """Say what was taken out last, and offer to put it back."""
    if basket.removed is None:
        return None
    button = html.Button("Put it back", id=undo, className="link-button")
    return html.P([f"{basket.removed[1].name} was taken out. ", button], className="muted", role="status")


def counted(basket: Basket) -> str:
    """Say in words what a reading will take."""
    several = {name: len(refs) for name, refs in basket.modalities().items()}
    parts = [
        f"{modality_title(name)} from {'one file' if count == 1 else f'{count} files, stacked as samples'}"
        for name, count in several.items()
    ]
    return words.listed(parts)
