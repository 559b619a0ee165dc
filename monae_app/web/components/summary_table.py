"""What was read from the input files, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import html

from monae_app.web.components import words
from monae_app.web.components.notice import alert
from monae_app.web.components.shared_cells import shared_cells
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from collections.abc import Callable

FEATURES = {"rna": "genes", "atac": "peaks", "protein": "proteins", "methylation": "regions"}
# Some files have hundreds.
SHOWN_COLUMNS = 24
KINDS = {"counts": "Counts", "levels": "Levels of methylation"}
LIKELIHOODS = {
    "nb": "negative binomial",
    "zinb": "zero-inflated negative binomial",
    "poisson": "Poisson",
    "bernoulli": "Bernoulli",
    "normal": "Normal",
    "binomial": "binomial",
    "beta_binomial": "beta-binomial",
}


def summary_table(summary: dict[str, Any]) -> list[Any]:
    """Show the summary of a data set: a column per modality, the links between them, and what to mind."""
    modalities: dict[str, dict[str, Any]] = summary["modalities"]
    head = html.Tr([html.Th("", scope="col"), *(html.Th(modality_title(name), scope="col") for name in modalities)])
    rows: list[tuple[str, Callable[[str, dict[str, Any]], Any]]] = [
        ("Files", lambda _, said: _files(said)),
        ("Cells", lambda _, said: words.number(said["cells"])),
        ("Features", lambda name, said: f"{said['features']:,} {FEATURES.get(name, 'features')}"),
        ("Values", lambda _, said: _values(said)),
        ("Looks like", lambda _, said: _origin(said)),
        ("Not zero", lambda name, said: _share(name, said)),
        ("Median cell", lambda name, said: _median_cell(name, said)),
        ("Columns", lambda _, said: _columns(said["obs_columns"])),
    ]
    # Runs of earlier versions do not know where their cells come from.
    rows = [row for row in rows if row[0] != "Looks like" or any(said.get("found") for said in modalities.values())]
    body = [
        html.Tr([html.Th(title, scope="row"), *(html.Td(tell(name, said)) for name, said in modalities.items())])
        for title, tell in rows
    ]
    table = html.Table([html.Thead(head), html.Tbody(body)], className="table summary")
    notes = [alert("Worth knowing", *summary.get("warnings", []), tone="warning")] if summary.get("warnings") else []
    shared = shared_cells(summary)
    return [html.Div(table, className="table-scroll"), _links(summary), *([shared] if shared else []), *notes]


def _files(said: dict[str, Any]) -> Any:
    samples = said.get("found", {}).get("samples") or []
    if len(samples) < 2:
        kind = said.get("found", {}).get("format")
        name = html.Div(str(said["path"]).rsplit("/", 1)[-1])
        return [name, html.Small(kind)] if kind else name
    lines = [html.Li(f"{each['name']}: {each['cells']:,} cells × {each['features']:,}") for each in samples]
    return [html.Div(f"{len(samples)} samples, stacked"), html.Ul(lines, className="sample-list")]


def _origin(said: dict[str, Any]) -> Any:
    found = said.get("found") or {}
    guesses = [found.get(what) or {} for what in ("organism", "genome")]
    told = [
        html.Span(f"{each['value']} ({each['certainty']})", title=str(each["because"]), className="chip guess")
        for each in guesses
        if each.get("value")
    ]
    return html.Div(told, className="chips") if told else html.Span("no organism that we know", className="muted")


def _values(said: dict[str, Any]) -> str:
    kind = KINDS.get(said.get("values", ""), "Continuous values")
    if (said.get("found") or {}).get("kind") == "reads":
        kind = "Methylated and covered reads"
    matrix = (said.get("found") or {}).get("matrix")
    layer = f"layers {matrix.replace('+', ' and ')}" if matrix and "+" in matrix else f"layer {matrix}"
    where = f" from {'raw' if matrix == 'raw' else layer}" if matrix not in (None, "X") else ""
    return f"{kind}{where} ({LIKELIHOODS.get(said.get('likelihood', ''), said.get('likelihood', ''))} likelihood)"


def _share(name: str, said: dict[str, Any]) -> Any:
    share = words.percent(said["nonzero_share"])
    if name != "methylation":
        return f"{share} of the matrix"
    contexts = ((said.get("found") or {}).get("coverage") or {}).get("contexts") or {}
    told = [
        html.Li(f"{context}: {each['regions']:,} regions, mean level {each['level']:.2f}")
        for context, each in contexts.items()
        if each["level"] is not None
    ]
    return [html.Div(f"{share} of the matrix is covered"), html.Ul(told, className="sample-list")]


def _median_cell(name: str, said: dict[str, Any]) -> str:
    parts = []
    if name == "methylation":
        return f"{words.number(said['median_features'])} regions covered"
    if said.get("median_counts") is not None:
        parts.append(f"{words.number(said['median_counts'])} counts")
    if said.get("median_features") is not None:
        parts.append(f"{words.number(said['median_features'])} {FEATURES.get(name, 'features')}")
    return ", ".join(parts)


def _columns(columns: list[dict[str, Any]]) -> Any:
    if not columns:
        return html.Span("none", className="muted")
    first = html.Div([_column(column) for column in columns[:SHOWN_COLUMNS]], className="chips")
    more = columns[SHOWN_COLUMNS:]
    if not more:
        return first
    rest = html.Div([_column(column) for column in more], className="chips")
    return [first, html.Details([html.Summary(f"{len(more):,} more"), rest], className="more-columns")]


def _column(column: dict[str, Any]) -> html.Span:
    kind = f" {column['n_unique']:,}" if column["kind"] == "categorical" else " number"
    return html.Span([column["name"], html.Small(kind)], className="chip", title=f"for example {column['example']}")


def _links(summary: dict[str, Any]) -> html.Dl:
    guidance = summary.get("guidance") or {}
    items: list[tuple[str, str]] = []
    if guidance:
        kinds, between = ["genes", "peaks"], f"gene-peak links on {summary.get('genome') or 'your coordinates'}"
        if {"proteins_linked", "regions_linked"} & set(guidance):
            kinds, between = [FEATURES[name] for name in summary["modalities"]], "links between features"
        linked, without = (
            words.listed([f"{guidance[f'{kind}_{which}']:,} {kind}" for kind in kinds])
            for which in ("linked", "without_edge")
        )
        items.append(("Guidance graph", f"{guidance['edges']:,} {between}; {linked} have one, {without} have none"))
    if guidance.get("inferred"):
        items.append(("Inferred", f"{guidance['inferred']:,} of the links come from the data, not from annotation"))
    items.append(("Labels", _listed(summary.get("labels"), "no column looks like a label: the map will show clusters")))
    items.append(("Batches", _listed(summary.get("batches"), "no column looks like a batch")))
    # runs of earlier versions count them and say no more
    if summary.get("coinciding_names") and "shared_cells" not in summary:
        told = f"{summary['coinciding_names']:,} cells have the same name in several modalities"
        items.append(("Same names", told))
    return html.Dl([part for name, text in items for part in (html.Dt(name), html.Dd(text))], className="facts")


def _listed(names: list[str] | None, otherwise: str) -> str:
    return ", ".join(names) if names else otherwise
