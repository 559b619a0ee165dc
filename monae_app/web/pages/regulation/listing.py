"""The table of the targets of a factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dash import Dash, Input, Output, State, ctx, no_update

from monae_app.engine.errors import InputError
from monae_app.web.components.notice import refused
from monae_app.web.pages.regulation.choosing import lacking, tables_of
from monae_app.web.pages.regulation.layout import (
    BACKING,
    CSV,
    FACTOR,
    LINKS,
    MISSING,
    MOST_Q,
    OWN,
    READY,
    SENTENCE,
    SHORTLIST,
    SIGN,
    TABLE,
    TARGET,
    TARGETS_CODE,
    TOP,
    WHICH,
)
from monae_app.web.regulation_tables import Filters, shortlist
from monae_app.web.regulation_view import with_known

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.web.regulation_view import RegulationView, Tables

SURE = 0.05
MOST_PAPERS = 5
PUBMED = "https://pubmed.ncbi.nlm.nih.gov"
TWO, P = "d3.format('.2f')", "d3.format('.2~g')"
# field, title, how it is written, what it is
COLUMNS: tuple[tuple[str, str, str | None, str], ...] = (
    ("target", "Target", None, "Gene"),
    ("rank", "Rank", "d3.format(',')", "1 is the likeliest"),
    ("score", "Score", TWO, "All evidence together: the higher the likelier"),
    ("sign", "Sign", None, "Of the measured correlation with the factor"),
    ("q", "q", P, "False discovery rate among all genes"),
    ("p", "p", P, "Against other genes that vary as much"),
    ("similarity", "Similarity", TWO, "In what the run learned, in standard deviations beyond genes in general"),
    ("correlation", "Correlation", TWO, "With the factor, of what was measured, over metacells"),
    ("motif", "Motif", TWO, "Motifs in the peaks of the target, in standard deviations beyond chance"),
    ("motif_peaks", "Motif peaks", "d3.format(',')", "Candidate peaks with a motif of the factor"),
    ("link_p", "Best peak p", P, "p of the peak that goes with the target most surely"),
    ("mode", "Known", None, "What was reported before"),
    ("papers", "PubMed", None, "Where it was reported"),
)


def register(app: Dash, view: RegulationView) -> None:
    """Connect the table."""

    @app.callback(
        Output(TABLE, "columnDefs"), Output(TABLE, "rowData"), Output(SENTENCE, "children"),
        Output("regulation-title", "children"), Output(MISSING, "children"),
        Output(CSV, "href"), Output(SHORTLIST, "href"), Output(LINKS, "href"),
        Output(TARGETS_CODE, "href"),
        Input(FACTOR, "value"),
        Input(READY, "data"),
        Input(OWN, "data"),
        Input(WHICH, "value"),
        Input(SIGN, "value"),
        Input(MOST_Q, "value"),
        Input(BACKING, "value"),
        Input(TOP, "value"),
    )  # fmt: skip
    def show(factor: str | None, ready: Any, own: str | None, *filters: Any) -> tuple[Any, ...]:
        tables = tables_of(view, ready)
        tf = tables.factor(factor or "") if tables is not None else None
        if tables is None or tf is None:
            return [], [], "", "Targets", None, "", "", "", ""
        try:
            known = view.known(ready["run"], tables, own)
            targets = with_known(view.targets(ready["run"], tables, tf), known, tf)
        except InputError as error:
            return [], [], "", "Targets", refused(error), "", "", "", ""
        chosen = Filters.read(*filters).of(targets)
        route, said = f"/api/runs/{ready['run']}/regulation", {"tf": tf, "groups": ready["groups"]}
        query = urlencode(said | ({"own": own} if own else {}))
        return (
            columns(targets),
            rows(chosen),
            sentence(targets, chosen, tables, tf),
            f"Targets of {tf}",
            lacking(tables, tf),
            f"{route}/targets.csv?{query}",
            f"{route}/shortlist.csv?{query}" if tables.has_peaks else "",
            f"{route}/links.csv?{urlencode({'groups': ready['groups']})}" if tables.has_peaks else "",
            f"/api/runs/{ready['run']}/code/regulation.py?{urlencode({'tf': tf})}",
        )

    @app.callback(
        Output(TARGET, "data"),
        Input(TABLE, "selectedRows"),
        Input(TABLE, "rowData"),
        State(TARGET, "data"),
        State(FACTOR, "value"),
        prevent_initial_call=True,
    )
    def choose(
        chosen: list[dict[str, Any]] | None, listed: list[dict[str, Any]] | None, now: Any, tf: str | None
    ) -> Any:
        before = now or {}
        if f"{TABLE}.selectedRows" in ctx.triggered_prop_ids and chosen:
            name = str(chosen[0]["target"])
        elif listed and (str(before.get("tf")).casefold() != str(tf).casefold() or not before.get("target")):
            # of another factor, the likeliest target is shown first
            name = str(listed[0]["target"])
        else:
            return no_update
        return no_update if before == {"tf": tf, "target": name} else {"tf": tf, "target": name}


def sentence(targets: pd.DataFrame, chosen: pd.DataFrame, tables: Tables, tf: str) -> str:
    """Say how many targets there are, how sure, and how many candidates."""
    sure, known = int((targets["q"] <= SURE).sum()), int(targets["known"].sum())
    told = f"{len(targets):,} genes are ranked, {sure:,} with q ≤ {SURE}; {known:,} are known targets of {tf}. "
    if tables.has_peaks:
        count = len(shortlist(targets, tables, tf)[0])
        told += f"{count:,} others have evidence in both modalities (shortlist). "
    return told + f"{len(chosen):,} are shown."


def columns(targets: pd.DataFrame) -> list[dict[str, Any]]:
    """Describe the columns of the grid; those without any value are left out."""
    found: list[dict[str, Any]] = []
    for name, title, shape, told in COLUMNS:
        if name in targets and name != "mode" and targets[name].isna().all():
            continue
        column: dict[str, Any] = {"field": name, "headerName": title, "headerTooltip": told, "minWidth": 76}
        if name == "target":
            column |= {"pinned": "left", "minWidth": 110, "flex": 0, "width": 120}
        elif name == "papers":
            column |= {"cellRenderer": "markdown", "minWidth": 120, "sortable": False}
        elif shape is not None:
            column |= {
                "filter": "agNumberColumnFilter",
                "type": "rightAligned",
                "minWidth": 92,
                "valueFormatter": {"function": f"params.value == null ? '' : {shape}(params.value)"},
            }
        found.append(column)
    return found


def rows(targets: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of the grid: papers as links, the sign as one."""
    shown = targets.assign(
        id=targets["target"],
        sign=targets["sign"].map({1: "+", -1: "−"}).fillna(""),
        papers=[papers(ids) for ids in targets["pmids"]],
    ).drop(columns=["pmids", "known", "tf"])
    return [
        {str(name): value for name, value in row.items()}
        for row in shown.astype(object).where(shown.notna(), None).to_dict("records")
    ]


def papers(ids: str) -> str:
    """Write PubMed ids as links in Markdown; the first five."""
    every = [each for each in ids.split(";") if each.isdecimal()]
    links = [f"[{each}]({PUBMED}/{each}/)" for each in every[:MOST_PAPERS]]
    return ", ".join(links) + (f" and {len(every) - MOST_PAPERS} more" if len(every) > MOST_PAPERS else "")
