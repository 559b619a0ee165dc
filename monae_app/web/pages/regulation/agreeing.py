"""Whether the targets that a run ranks are those that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, html

from monae_app.web import ids
from monae_app.web.components.short_job import ShortJob
from monae_app.web.pages.regulation.layout import OWN

if TYPE_CHECKING:
    from monae_app.web.services import Services

JOB = ShortJob("regulation-agreement", "agreement", "Measure the agreement")
METRICS = {
    "auroc": ("AUROC", "chance that a known pair of factor and target ranks before another one"),
    "auprc": ("AUPRC", "area under precision and recall"),
    "auprc_ratio": ("AUPRC, times the base rate", "1 where the order says nothing"),
    "early_precision": ("Early precision", "share of known pairs among as many first ones as there are known"),
    "early_precision_ratio": ("Early precision, times the base rate", "1 where the order says nothing"),
}
EXPLAINED = (
    "All factors with known targets at once, beside random tables in which every factor has as many targets and every "
    "gene as many factors. Known targets are from many tissues: little agreement need not mean wrong targets."
)


def section() -> html.Div:
    """Build it."""
    return html.Div([html.P(EXPLAINED, className="muted small"), JOB.layout()], className="regulation-agreement")


def register(app: Dash, services: Services) -> None:
    """Connect it."""

    def order(run: str | None, own: str | None) -> dict[str, Any]:
        return {"folder": str(services.view(run or "").folder), "own": own}

    JOB.register(app, services, order, [State(ids.RUN, "value"), State(OWN, "data")], shown)

    @app.callback(
        Output(f"{JOB.name}-shown", "children", allow_duplicate=True),
        Input(ids.RUN, "value"),
        Input(OWN, "data"),
        prevent_initial_call=True,
    )
    def clear(_run: Any, _own: Any) -> Any:
        # of another run, or another table
        return None


def shown(result: dict[str, Any]) -> list[Any]:
    """Say plainly how well both agree, and show the figures."""
    rows = {row["metric"]: row for row in result["rows"]}
    head = html.Thead(html.Tr([html.Th(each, scope="col") for each in ("", "Here", "Random, 95 %", "p")]))
    body = [
        html.Tr(
            [
                html.Th(title, scope="row", title=meaning),
                html.Td(figure(rows[name]["value"])),
                html.Td(f"{figure(rows[name]['low'])} to {figure(rows[name]['high'])}"),
                html.Td(f"{rows[name]['p']:.2g}"),
            ]
        )
        for name, (title, meaning) in METRICS.items()
        if name in rows
    ]
    return [html.P(sentence(result)), html.Table([head, html.Tbody(body)], className="table small")]


def sentence(result: dict[str, Any]) -> str:
    """Say it in words."""
    area = next(row for row in result["rows"] if row["metric"] == "auroc")
    where = "above" if area["value"] > area["high"] else "below" if area["value"] < area["low"] else "within"
    return (
        f"{result['known']:,} known pairs of {result['factors']:,} factors ({result['source']}): AUROC "
        f"{area['value']:.3f}, {where} what {result['draws']:,} random tables have ({area['low']:.3f} to "
        f"{area['high']:.3f})."
    )


def figure(value: float) -> str:
    """Write a figure with three digits that say something."""
    return f"{value:.3g}"
