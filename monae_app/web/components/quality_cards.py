"""The parts of the quality panel: a card for each measure, with its histogram and the fields of its cut-offs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from dash import dcc, html
from dash._utils import stringify_id

from monae_app.engine.data.cutoffs import CUTOFFS, OF_ANY, SHARES, in_words, left_out
from monae_app.web.components import words
from monae_app.web.components.aria import aria
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.notice import alert
from monae_app.web.modalities import modality_title
from monae_app.web.quality_view import Measured, shown

if TYPE_CHECKING:
    from monae_app.engine.config import ModalityName

FIELD, GRAPH, REMAIN = "quality-cutoff", "quality-graph", "quality-remain"
# Lines can be taken and moved; nothing else can.
GRAPH_CONFIG: Any = {"displayModeBar": False, "edits": {"shapePosition": True}, "doubleClick": False}
PAUSE_SECONDS = 0.4
TITLES = {
    ("rna", "counts"): "Counts of a cell",
    ("rna", "features"): "Genes detected",
    ("rna", "mito_share"): "Mitochondrial counts",
    ("rna", "doublet_score"): "Doublet score",
    ("atac", "counts"): "Counts in peaks",
    ("atac", "features"): "Open peaks",
    ("atac", "tss_share"): "Counts near the start of a gene",
    ("atac", "doublet_score"): "Doublet score",
    ("protein", "counts"): "Counts of a cell",
}
LOGARITHMIC = ("counts", "features")


def shown_measures(measured: Measured) -> list[tuple[str, str]]:
    """List what is drawn: modality and measure."""
    return [(name, each) for name, each in TITLES if name in measured.tables and each in measured.tables[name]]


def axis_title(measure: str) -> str:
    """Say what the axis of a histogram holds, below the heading that names the measure."""
    return "log scale" if measure in LOGARITHMIC else "share of the counts" if measure in SHARES else "score"


def cards(measured: Measured, cutoffs: dict[str, Any]) -> list[Any]:
    """Show all modalities."""
    parts: list[Any] = []
    for name in measured.tables:
        mine = [measure for modality, measure in shown_measures(measured) if modality == name]
        parts.append(
            html.Section(
                [
                    html.H3(modality_title(name)),
                    html.Div(id={"type": REMAIN, "name": name}, className="quality-remain", **aria(live="polite")),
                    html.Div([_card(name, measure, cutoffs) for measure in mine], className="quality-cards"),
                ],
                className="quality-modality",
                **aria(label=f"Quality of {modality_title(name)}"),
            )
        )
    if unparted := [modality_title(name) for name, threshold in measured.thresholds.items() if threshold is None]:
        told = f"{words.listed(unparted)}: the doublet scores form one heap, not two. No cut-off is suggested for them."
        parts.append(html.P(told, className="muted small"))
    if measured.left_aside:
        titles = words.listed([modality_title(name) for name in measured.left_aside])
        parts.append(html.P(f"{titles}: the values are no counts, so that cells are not judged by them.",
                            className="muted small"))  # fmt: skip
    return parts


def _card(name: str, measure: str, cutoffs: dict[str, Any]) -> html.Div:
    unit = " (%)" if measure in SHARES else ""
    # a group of its own: screen readers say which measure the two fields are about
    fields = [
        html.Div(
            [
                html.Label(("At least" if cutoff.side == "min" else "At most") + unit, htmlFor=_field(cutoff.setting)),
                dcc.Input(
                    id={"type": FIELD, "setting": cutoff.setting},
                    type="text",
                    value=shown(cutoff.setting, cutoffs.get(cutoff.setting)),
                    placeholder="any",
                    debounce=PAUSE_SECONDS,
                    autoComplete="off",
                ),
            ],
            className="field",
        )
        for cutoff in CUTOFFS[cast("ModalityName", name)]
        if cutoff.measure == measure
    ]
    known = {"type": GRAPH, "name": name, "measure": measure}
    graph = dcc.Graph(id=known, config=GRAPH_CONFIG, responsive=True, style={"height": "100%"})
    title = f"{TITLES[name, measure]}, {modality_title(name)}"
    return html.Div(
        [
            html.H4(TITLES[name, measure]),
            html.Div(graph, className="quality-figure"),
            figure_out(known, f"quality_{name}_{measure}", title=title),
            html.Div(fields, className="fields"),
        ],
        role="group",
        **aria(label=TITLES[name, measure]),
    )


def _field(setting: str) -> str:
    return str(stringify_id({"type": FIELD, "setting": setting}))


def remaining(measured: Measured, name: str, cutoffs: dict[str, Any]) -> Any:
    """Say how many cells of a modality stay, and why the others do not."""
    total, stay = len(measured.tables[name]), int(measured.kept(cutoffs)[name].sum())
    if not stay:
        return alert(f"None of {total:,} cells stays.", "Lower the smallest values or raise the largest ones.")
    masks = left_out(measured.tables[name], cast("ModalityName", name), cutoffs)
    why = [
        f"{int(masks[cutoff.setting].sum()):,} {in_words(cutoff, cutoffs[cutoff.setting])}"
        for cutoff in (*OF_ANY, *CUTOFFS[cast("ModalityName", name)])
        if cutoff.setting in masks and masks[cutoff.setting].any()
    ]
    told: list[Any] = [html.Strong(f"{stay:,} of {total:,} cells stay")]
    if why:
        told.append(f" ({words.percent(stay / total)}). Left out: {words.listed(why)}.")
    else:
        told.append(".")
    return html.P(told)
