"""What a training makes of columns and names: which columns are batches, whether equal names are pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html

if TYPE_CHECKING:
    from collections.abc import Mapping

BATCHES, PAIRED = "choices-batches", "choices-paired"
BATCH_KEY, USE_PAIRS = "batch_key", "paired"
MOST_BATCHES = 1000


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
            html.Label("Cells of the same name", htmlFor=PAIRED),
            dcc.Dropdown(
                [
                    {"label": "Are different cells for the training", "value": "no"},
                    {"label": "Are the same cell: train with these pairs", "value": "yes"},
                ],
                "yes" if settings.get(USE_PAIRS) else "no",
                id=PAIRED,
                clearable=False,
                searchable=False,
            ),
            html.P(f"{same:,} names stand in several modalities." if same else "No name stands in several modalities."),
        ],
        className="field",
        hidden=not same,
    )
    return html.Div([batches, pairs], className="fields choices")


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
