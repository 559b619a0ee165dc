"""How well each cell type was integrated, the worst first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from monae_app.engine.analysis.by_type import scores_by_type
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from monae_app.engine.analysis.verdict import RunFacts

TOLD = (
    "Overlap: do the modalities put the cells of a group into the same clusters? 1 is alike, 0 none. Mixing: "
    "neighbours of other modalities, beside as many as the group's composition would bring; 1 is chance, 0 is none."
)


def type_scores(facts: RunFacts, run: str) -> list[Any]:
    """Show a row a type; nothing where the run has no label or one modality.

    Parameters
    ----------
    facts
        Of the run.
    run
        Its id, for the link to the map.
    """
    if facts.labels.empty or len(facts.modalities) < 2:
        return []
    table = scores_by_type(facts.labels, facts.modalities)
    heads = [str(facts.label), *(modality_title(name) for name in facts.modalities), "Overlap", "Mixing"]
    rows = [
        html.Tr(
            [
                html.Th(row["label"], scope="row"),
                *(html.Td(f"{int(row[f'cells_{name}']):,}", className="figure-cell") for name in facts.modalities),
                *(html.Td(_number(row[name]), className="figure-cell") for name in ("overlap", "mixing")),
            ]
        )
        for row in table.to_dict("records")
    ]
    head = html.Thead(html.Tr([html.Th(title, scope="col") for title in heads]))
    return [
        html.Details(
            [
                html.Summary(f"By {facts.label}"),
                html.P(TOLD, className="score-note"),
                html.Div(
                    html.Table([head, html.Tbody(rows)], className="table type-scores"),
                    className="table-scroll tall", tabIndex="0",
                ),
                dcc.Link("Colour the map by local mixing", href=f"/?run={run}&colour=obs:local_mixing"),
            ],
            className="fold",
        )
    ]  # fmt: skip


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"
