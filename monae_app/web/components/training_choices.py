"""What a training makes of columns and names: which columns are batches, whether equal names are pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html

from monae_app.web.components.aria import aria
from monae_app.web.components.notice import alert

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BATCHES, PAIRED, PAIRED_TITLE = "choices-batches", "choices-paired", "choices-paired-title"
BATCH_KEY, USE_PAIRS = "batch_key", "paired"
MOST_BATCHES = 1000
ANSWERS = {
    "yes": (
        "Train with that",
        "Known pairs are anchors: the two halves of a cell are drawn together, and cells without a partner follow.",
    ),
    "no": (
        "For checking only",
        "Training takes all cells as different ones; the pairs show afterwards how close the halves came.",
    ),
}
NO_LABELS = (
    "No column names types of cells: whether the batches hold the same kinds is looked at, by clusters, when the "
    "training begins."
)


def training_choices(summary: Mapping[str, Any], settings: Mapping[str, Any]) -> html.Div:
    """Offer the columns that may be batches, and pairs where names coincide.

    Parameters
    ----------
    summary
        Of the data set.
    settings
        What was chosen before, by its name in RunConfig.
    """
    chosen = [str(name) for name in settings.get(BATCH_KEY) or ()]
    offered = list(dict.fromkeys([*chosen, *possible_batches(summary)]))
    batches = html.Div(
        [
            html.Label("Batches", htmlFor=BATCHES),
            dcc.Dropdown(
                [{"label": name, "value": name} for name in offered],
                chosen,
                id=BATCHES,
                multi=True,
                placeholder="none" if offered else "no column that all modalities have looks like one",
            ),
            html.P("Columns whose differences are technical: they are taken out of the map."),
        ],
        className="field",
    )
    same = int(summary.get("coinciding_names") or 0)
    pairs = html.Div(
        [
            html.P("Cells of equal name are the same cell", id=PAIRED_TITLE, className="field-title"),
            dcc.RadioItems(
                [{"label": _answer(*told), "value": value} for value, told in ANSWERS.items()],
                "yes" if settings.get(USE_PAIRS) else "no",
                id=PAIRED,
                className="answers",
            ),
            html.P(f"{same:,} names stand in several modalities." if same else "No name stands in several modalities."),
        ],
        className="field",
        hidden=not same,
        role="group",
        **aria(labelledby=PAIRED_TITLE),
    )
    notes = confounding_notes(summary, chosen)
    return html.Div([batches, pairs, *notes], className="fields choices")


def _answer(title: str, meaning: str) -> html.Span:
    return html.Span([html.Strong(title), html.Small(meaning)])


def confounding_notes(summary: Mapping[str, Any], chosen: Sequence[str]) -> list[Any]:
    """Say which of the chosen batch columns cannot be told from kinds of cells, or that this is not known yet.

    Parameters
    ----------
    summary
        Of the data set.
    chosen
        Batch columns.
    """
    known = summary.get("confounded")
    if not chosen or known is None:
        return []
    told = [sentence for column in chosen for sentence in known.get(column) or ()]
    if told:
        return [html.Div(alert("Batch and cell type go together", *told, tone="warning"), className="whole-line")]
    if not summary.get("labels"):
        return [html.P(NO_LABELS, className="muted small whole-line")]
    return []


def possible_batches(summary: Mapping[str, Any]) -> list[str]:
    """List the columns of few categories that all modalities have; those that look like batches first."""
    tables = [
        {str(column["name"]) for column in said["obs_columns"] if 1 <= column["n_unique"] <= MOST_BATCHES}
        for said in summary["modalities"].values()
    ]
    shared = set.intersection(*tables) if tables else set()
    likely = [str(name) for name in summary.get("batches") or () if name in shared]
    return [*likely, *sorted(shared - set(likely))]


def chosen_settings(settings: Mapping[str, Any], batches: list[str] | None, paired: str | None) -> dict[str, Any]:
    """Put the choices among the settings; what is not chosen is left out."""
    others = {name: value for name, value in settings.items() if name not in (BATCH_KEY, USE_PAIRS)}
    return {
        **others,
        **({BATCH_KEY: list(batches)} if batches else {}),
        **({USE_PAIRS: True} if paired == "yes" else {}),
    }
