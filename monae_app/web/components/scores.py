"""How well a run integrated, one line a score, each with what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dash import html


@dataclass(frozen=True)
class Score:
    """One score of report.json.

    Parameters
    ----------
    key
        In "metrics".
    title, meaning
        In words; ``{label}`` stands for the label column.
    best, chance
        Value of a perfect integration, and of none.
    """

    key: str
    title: str
    meaning: str
    best: float
    chance: float


MAIN = (
    Score(
        "foscttm", "FOSCTTM",
        "Share of cells that lie closer to a cell than its true partner does. 0 is perfect, 0.5 is chance.", 0.0, 0.5,
    ),
    Score(
        "same_modality", "Same-modality neighbours",
        "Do neighbours come from the cell's own modality? 0.5 is fully mixed, 1 is unmixed.", 0.5, 1.0,
    ),
    Score(
        "label_transfer", "Label transfer",
        "Share of cells of the second modality that get their own {label} from their nearest cells of the first.",
        1.0, 0.0,
    ),
    Score(
        "label_transfer_balanced", "Label transfer, balanced",
        "The same, every {label} counting alike: shows whether rare groups are found.", 1.0, 0.0,
    ),
)  # fmt: skip
MORE = (
    Score(
        "ari", "ARI, best resolution", "Agreement of clusters with {label}; the resolution is chosen by it.", 1.0, 0.0
    ),
    Score("ari_res1", "ARI, resolution 1", "Agreement of clusters at resolution 1 with {label}.", 1.0, 0.0),
    Score("nmi", "NMI", "Information that clusters and {label} share.", 1.0, 0.0),
    Score("map", "Mean average precision", "Are the nearest cells of the same {label}?", 1.0, 0.0),
    Score("graph_connectivity", "Connectivity of {label}", "Do the cells of a group hang together?", 1.0, 0.0),
    Score("sas", "Alignment score", "Do neighbours come from both modalities as in a random mix?", 1.0, 0.0),
    Score("asw_label", "Silhouette of {label}", "How compact the groups are; 0.5 is none.", 1.0, 0.5),
    Score("asw_modality", "Silhouette of modality", "How mixed the modalities are within a group.", 1.0, 0.0),
    Score("ilisi", "Mixing of batches, iLISI", "How many batches are around a cell; 1 is all alike.", 1.0, 0.0),
    Score("kbet", "Mixing of batches, kBET", "Share of neighbourhoods with as many of each as there are.", 1.0, 0.0),
)


def score_list(report: dict[str, Any]) -> list[Any]:
    """Show the scores of a report, the telling ones first, the rest in a fold."""
    metrics, label = report.get("metrics", {}), report.get("label") or "label"
    main = [_row(score, metrics[score.key], label) for score in MAIN if score.key in metrics]
    more = [_row(score, metrics[score.key], label) for score in MORE if score.key in metrics]
    if not main and not more:
        return [html.P("This run was not scored: that takes known pairs of cells, or a label.", className="muted")]
    if not main:
        # of one modality: nothing stands above the fold, which would hide all there is
        return more
    fold = [html.Details([html.Summary("More scores"), *more], className="fold")] if more else []
    return [*main, *fold, *_of_some(metrics)]


def _of_some(metrics: dict[str, Any]) -> list[Any]:
    """Say so where not all cells were scored."""
    if "scored_cells" not in metrics:
        return []
    some = f"Scores are of {metrics['scored_cells']:,} of the {metrics['cells']:,} cells; both halves of a pair are in."
    return [html.P(some, className="muted small")]


def _row(score: Score, value: float, label: str) -> html.Div:
    # How far from chance towards perfect, for the little bar.
    share = (value - score.chance) / (score.best - score.chance)
    width = f"{100 * min(max(share, 0.0), 1.0):.0f}%"
    head = [
        html.Span(score.title.format(label=label), className="score-title"),
        html.Span(f"{value:.3f}", className="score-value"),
    ]
    bar = html.Div(html.Div(style={"width": width}), className="score-bar", title="Left: chance. Right: perfect.")
    return html.Div(
        [
            html.Div(head, className="score-head"),
            bar,
            html.P(score.meaning.format(label=label), className="score-note"),
        ],
        className="score",
    )
