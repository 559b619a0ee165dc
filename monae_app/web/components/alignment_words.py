"""Whether there was anything to align, and whether it is aligned, in words: for the report of a run and before it."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from monae_app.web.components.notice import Tone, alert
from monae_app.web.modalities import modality_title

TONES: dict[str, Tone] = {"shared": "good", "weak": "warning", "chance": "warning", "unknown": "info"}


def evidence_notice(evidence: dict[str, Any]) -> html.Div:
    """Show the answer for two modalities: what it is, then what it rests on."""
    # reports of earlier versions say no more than whether it is so
    answer = evidence.get("answer", "shared" if evidence.get("aligned") else "chance")
    head, _, rest = str(evidence["verdict"]).partition(": ")
    return alert(f"{head}.", f"{rest[:1].upper()}{rest[1:]}", tone=TONES.get(answer, "info"))


def alignment_list(report: dict[str, Any], run: str | None = None) -> list[Any]:
    """Show for every two modalities whether they share structure, and whether linked features vary together."""
    parts: list[Any] = []
    for key, evidence in report.items():
        if key == "alignment" or key.startswith("alignment_"):
            parts.append(evidence_notice(evidence))
        if key == "consistency" or key.startswith("consistency_"):
            names = " and ".join(map(modality_title, evidence.get("modalities", ())))
            said = [html.Strong(f"After training, {names}: " if names else "After training: "), evidence["verdict"]]
            parts.append(html.P(said, className="small alignment-after"))
    counterparts = report.get("counterparts")
    return [html.Div([*parts, *([counterpart_box(counterparts, run)] if counterparts else [])], className="alignment")]


def counterpart_box(counted: dict[str, Any], run: str | None = None) -> html.Details:
    """Show for every cluster how many cells of each modality have no counterpart in the others."""
    rows: list[dict[str, Any]] = counted["clusters"]
    modalities = list(dict.fromkeys(str(row["modality"]) for row in rows))
    found = {(str(row["cluster"]), str(row["modality"])): row for row in rows}
    lacking = sum(min(row["without"].values(), default=0) for row in rows)
    heads = ["Cluster"]
    for name in modalities:
        heads.append(f"{modality_title(name)} cells")
        heads += [f"not in {modality_title(other)}" for other in modalities if other != name]
    body = []
    for cluster in dict.fromkeys(str(row["cluster"]) for row in rows):
        cells: list[Any] = [html.Th(cluster, scope="row")]
        for name in modalities:
            row = found.get((cluster, name))
            cells.append(html.Td(f"{row['cells']:,}" if row else "0"))
            cells += [_number(row, other) for other in modalities if other != name]
        body.append(html.Tr(cells))
    head = html.Thead(html.Tr([html.Th(each, scope="col") for each in heads]))
    colour = dcc.Link("Show them on the map", href=f"/?run={run}&colour=obs:has_counterpart") if run else None
    return html.Details(
        [
            html.Summary(f"Cells without a counterpart: {lacking:,} of {sum(row['cells'] for row in rows):,}"),
            html.P(str(counted["verdict"]), className="small"),
            colour,
            html.Div(
                html.Table([head, html.Tbody(body)], className="table counterparts"),
                className="table-scroll tall", tabIndex="0",
            ),
        ],
        className="fold",
    )  # fmt: skip


def _number(row: dict[str, Any] | None, other: str) -> html.Td:
    if row is None:
        return html.Td("–")
    without = int(row["without"].get(other, 0))
    # half of the cells of a cluster is worth a look
    return html.Td(html.Strong(f"{without:,}") if without > row["cells"] / 2 else f"{without:,}")
