"""What was found: counts, confidence, and how it compares with labels that are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dash import Dash, Input, Output, dcc, html

from monae_app.engine.analysis.label_transfer.unassigned import UNASSIGNED
from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.code_link import code_link
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.notice import alert, refused
from monae_app.web.figures.style import style
from monae_app.web.figures.transfer import confidence_figure, confusion_figure
from monae_app.web.modalities import modality_title
from monae_app.web.pages.labels.choosing import CHOSEN, chosen
from monae_app.web.pages.labels.layout import (
    EXPLAINED,
    FIGURES,
    HINT,
    JOB,
    RESULT,
    SUMMARY,
    TABLE,
    THRESHOLD,
    TILES,
)

if TYPE_CHECKING:
    from monae_app.web.figures.style import Style
    from monae_app.web.labels_view import Choice, Found, LabelsView

GRAPH: Any = {"displayModeBar": False}
CONFIDENCE, CONFUSION, CODE = "labels-confidence", "labels-confusion", "labels-code"
HEADS = ("Label", "Cells", "Share", "Mean confidence")


def register(app: Dash, view: LabelsView) -> None:
    """Connect it."""

    @app.callback(
        Output(RESULT, "hidden"), Output(SUMMARY, "children"), Output(TILES, "children"),
        Output(EXPLAINED, "children"), Output(FIGURES, "children"), Output(TABLE, "children"),
        Output(HINT, "hidden"),
        Input(ids.RUN, "value"),
        *[Input(*each) for each in CHOSEN],
        Input(THRESHOLD, "value"),
        Input(JOB.outcome, "data"),
        Input(ids.THEME, "data"),
    )  # fmt: skip
    def show(run: str | None, source: Any, column: Any, target: Any, *more: Any) -> tuple[Any, ...]:
        nothing = (True, None, None, None, None, None)
        hidden, to_see = True, False
        look, role, threshold, _outcome, theme = more
        if view.view(run) is None or run is None or not (source and column and target):
            return *nothing, hidden
        choice = chosen(run, source, column, target, look, role)
        try:
            found = view.found(choice)
        except InputError as error:
            return False, refused(error), None, None, None, None, hidden
        if found is None:
            return *nothing, to_see
        text = spoken(choice, view.files.name(choice.file) if choice.file else "", len(found.best))
        code = ""
        if not choice.file:
            said = {"from": source, "label": column, "to": target, "threshold": threshold}
            code = f"/api/runs/{run}/code/labels.py?{urlencode(said)}"
        figures = [*notes(found), figures_of(found, threshold, style(theme), column, code)]
        return (
            False,
            text,
            tiles(found, threshold),
            explained(found, threshold),
            figures,
            table(found, threshold),
            hidden,
        )


def spoken(choice: Choice, file: str, cells: int) -> str:
    """Say whose labels went to whose cells."""
    source, target = modality_title(choice.source), modality_title(choice.target)
    giving = f"{file} ({source})" if file and choice.of_run else source
    taking = target if choice.of_run else f"{file} ({target})"
    return f"{choice.column} of {giving} for {cells:,} cells of {taking}."


def notes(found: Found) -> list[Any]:
    """Say what is to be known of the labels, and of cells of a file that were placed in the run."""
    told = [alert("Kinds of cells that the source lacks", note, tone="info") for note in found.kept.about["notes"]]
    placed = found.kept.about.get("placed")
    return [*([alert("Cells of the file, placed in the run", *placed, tone="info")] if placed else []), *told]


def tiles(found: Found, threshold: float) -> html.Dl:
    """Show the counts that matter."""
    assigned = found.confidence >= threshold
    shown = [
        ("Labelled", f"{int(assigned.sum()):,}"),
        ("Unassigned", f"{int((~assigned).sum()):,}"),
        ("Mean confidence", f"{float(found.confidence.mean()):.2f}"),
    ]
    if found.agrees is not None:
        there = ~(found.agrees != found.agrees)
        if there.any():
            shown.append(("Agree with the labels there", f"{float(found.agrees[there].mean()):.0%}"))
    return html.Dl([html.Div([html.Dt(name), html.Dd(value)]) for name, value in shown], className="tiles")


def explained(found: Found, threshold: float) -> str:
    """Say why cells are unassigned."""
    total = int((found.confidence < threshold).sum())
    novel = found.novel(threshold)
    return (
        f"Unassigned: {novel:,} cells whose kind the source seems to lack (they lie apart from it, or their features "
        f"contradict the place they were given), and {total - novel:,} that are not sure enough."
    )


def figures_of(found: Found, threshold: float, look: Style, column: str, code: str) -> html.Div:
    """Draw confidence and, where labels are there, the comparison; ``code`` is where the program of both is."""
    boxes = [
        ("How sure the labels are", CONFIDENCE, confidence_figure(found.confidence, found.agrees, threshold, look))
    ]
    if (confusion := found.confusion(threshold)) is not None:
        boxes.append(("Labels before and after", CONFUSION, confusion_figure(*confusion, look, column)))
    return html.Div(
        [
            html.Div(
                [
                    html.H3(title),
                    html.Div(
                        dcc.Graph(id=name, figure=figure, config=GRAPH, responsive=True, style={"height": "100%"}),
                        className="figure-box labels-figure",
                    ),
                    figure_out(name, name.replace("-", "_"), more=more, title=title),
                ]
            )
            for (title, name, figure), more in zip(boxes, ([code_link(CODE, code)], []), strict=False)
        ],
        className="figure-pair" if len(boxes) > 1 else "",
    )


def table(found: Found, threshold: float) -> html.Table:
    """Show a row for each label."""
    told = found.table(threshold)
    before = "before" in told
    heads = [html.Th(name, scope="col") for name in (*HEADS, *(["Cells before"] if before else []))]
    rows = []
    for row in told.to_dict("records"):
        cells = [
            html.Td(row["label"], className="muted" if row["label"] == UNASSIGNED else ""),
            html.Td(f"{row['cells']:,}"),
            html.Td(f"{row['share']:.1%}"),
            html.Td(f"{row['confidence']:.2f}" if row["cells"] else "–"),
        ]
        if before:
            cells.append(html.Td(f"{row['before']:,}" if row["label"] != UNASSIGNED else ""))
        rows.append(html.Tr(cells))
    return html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)], className="table labels-table")
