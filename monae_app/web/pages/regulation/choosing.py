"""Groups, the work, and the choice of a factor: by name, or from those that are most active in a group."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import alert, empty, no_run, not_finished
from monae_app.web.pages.regulation.layout import (
    ASKED,
    BACKING,
    FACTOR,
    FORM,
    GROUP,
    GROUPS,
    HINT,
    JOB,
    MOST_Q,
    NOTE,
    READY,
    REGION,
    REGULATORS,
    REMEMBERED,
    SHOWN,
    SIGN,
    TARGET,
    WHICH,
)

if TYPE_CHECKING:
    from monae_app.web.regulation_view import RegulationView, Tables
    from monae_app.web.services import Services

# A run of so few cells is worked out in seconds: nobody needs to ask for it.
AT_ONCE = 30_000
SHAPE = "params.value == null ? '' : d3.format('.2f')(params.value)"
MOST_REGULATORS = 200


def register(app: Dash, services: Services, view: RegulationView) -> None:
    """Connect it."""
    JOB.register(app, services, view.order, [State(ids.RUN, "value"), State(GROUPS, "value")])

    @app.callback(
        Output(GROUPS, "options"), Output(GROUPS, "value"), Output(NOTE, "children"),
        Input(ids.RUN, "value"),
        State(ASKED, "data"),
        State(GROUPS, "value"),
    )  # fmt: skip
    def offer(run: str | None, asked: dict[str, str] | None, now: str | None) -> tuple[Any, ...]:
        note = why_not(services, run)
        if note is not None or run is None:
            return [], None, html.Section(note, className="card")
        options = view.offered(run)
        known = [each["value"] for each in options]
        wanted = [now, (asked or {}).get("groups")]
        return options, next((each for each in wanted if each in known), next(iter(known), None)), None

    @app.callback(
        Output(READY, "data"), Output(JOB.start, "hidden"),
        Input(GROUPS, "value"),
        Input(JOB.outcome, "data"),
        State(ids.RUN, "value"),
        prevent_initial_call=True,
    )  # fmt: skip
    def ready(groups: str | None, _outcome: Any, run: str | None) -> tuple[Any, bool]:
        found = groups is not None and view.tables(run, groups) is not None
        return {"run": run, "groups": groups, "time": time.time()} if found else None, found or groups is None

    @app.callback(
        Output(JOB.start, "n_clicks"), Input(GROUPS, "value"), State(ids.RUN, "value"), State(JOB.start, "n_clicks"),
        prevent_initial_call=True,
    )  # fmt: skip
    def begin(groups: str | None, run: str | None, clicks: int | None) -> Any:
        opened = view.view(run)
        if opened is None or groups is None or opened.n_cells > AT_ONCE or view.tables(run, groups) is not None:
            return no_update
        return (clicks or 0) + 1

    _register_factors(app, view)
    _register_taking(app, view)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("regulation", "remember"),
        Output(REMEMBERED, "children"),
        *[Input(name, "value") for name in (FACTOR, GROUPS, WHICH, SIGN, MOST_Q, BACKING)],
        Input(TARGET, "data"),
        Input(REGION, "data"),
    )


def _register_factors(app: Dash, view: RegulationView) -> None:
    @app.callback(
        Output(FORM, "hidden"), Output(GROUP, "options"), Output(GROUP, "value"),
        Output(FACTOR, "options"), Output(FACTOR, "value"),
        Input(READY, "data"),
        State(GROUP, "value"),
        State(FACTOR, "value"),
        State(ASKED, "data"),
    )  # fmt: skip
    def begin(ready: Any, group: str | None, factor: str | None, asked: dict[str, str] | None) -> tuple[Any, ...]:
        tables = tables_of(view, ready)
        if tables is None:
            return True, [], None, no_update, no_update
        names = [str(name) for name in dict.fromkeys(tables.regulators["group"]) if name]
        best = tables.regulators.nlargest(1, "difference")["group"].tolist()
        first = next((each for each in (group, *best, *names) if each in names), None)
        wanted = (factor or (asked or {}).get("tf"), strongest(tables))
        chosen = next((found for name in wanted if name and (found := tables.factor(name))), None)
        return False, names, first, options(tables, "", chosen), chosen

    @app.callback(Output(SHOWN, "hidden"), Output(HINT, "children"), Input(READY, "data"), Input(FACTOR, "value"))
    def begun(ready: Any, factor: str | None) -> tuple[bool, Any]:
        tables = tables_of(view, ready)
        if tables is None or (factor and tables.factor(factor)):
            return tables is None, None
        text = (
            "Type the name of a factor, or of any gene of the run: its targets, their peaks and a network appear here."
        )
        none = "" if tables.factors else "None of its genes is listed as a transcription factor of human or mouse. "
        return True, html.Section(empty("No factor is chosen", html.P(none + text)), className="card")

    @app.callback(
        Output(REGULATORS, "columnDefs"), Output(REGULATORS, "rowData"),
        Input(GROUP, "value"),
        Input(READY, "data"),
    )  # fmt: skip
    def rank(group: str | None, ready: Any) -> tuple[Any, ...]:
        tables = tables_of(view, ready)
        if tables is None:
            return [], []
        table = tables.regulators[tables.regulators["group"] == (group or "")].head(MOST_REGULATORS)
        shown = table[["tf", "difference", "activity", "expression", "motif_peaks"]].assign(id=table["tf"])
        number = {
            "filter": "agNumberColumnFilter",
            "minWidth": 52,
            "valueFormatter": {"function": SHAPE},
            "type": "rightAligned",
        }
        columns = [
            {"field": "tf", "headerName": "Factor", "minWidth": 84},
            {"field": "difference", "headerName": "More", "headerTooltip": "Activity beyond other cells, in SD"}
            | number,
            {"field": "activity", "headerName": "Activity", "headerTooltip": "Mean in these cells, 0 to 1"} | number,
            {"field": "expression", "headerName": "RNA", "headerTooltip": "Mean ln(1 + CP10k) of its gene"} | number,
        ]
        if shown["motif_peaks"].notna().any():
            told = "Peaks of the run with a motif of the factor"
            columns.append(
                {"field": "motif_peaks", "headerName": "Peaks", "headerTooltip": told, "type": "rightAligned"}
            )
        return columns, shown.astype(object).where(shown.notna(), None).to_dict("records")


def _register_taking(app: Dash, view: RegulationView) -> None:
    @app.callback(
        Output(FACTOR, "options", allow_duplicate=True),
        Output(FACTOR, "value", allow_duplicate=True),
        Input(REGULATORS, "selectedRows"),
        State(READY, "data"),
        prevent_initial_call=True,
    )
    def take(rows: list[dict[str, Any]] | None, ready: Any) -> tuple[Any, Any]:
        tables = tables_of(view, ready)
        name = str(rows[0]["tf"]) if rows else None
        return (no_update, no_update) if name is None or tables is None else (options(tables, "", name), name)

    @app.callback(
        Output(FACTOR, "options", allow_duplicate=True),
        Input(FACTOR, "search_value"),
        State(FACTOR, "value"),
        State(READY, "data"),
        prevent_initial_call=True,
    )
    def search(text: str | None, chosen: str | None, ready: Any) -> Any:
        tables = tables_of(view, ready)
        return no_update if tables is None else options(tables, text or "", chosen)


def tables_of(view: RegulationView, ready: Any) -> Tables | None:
    """Return what the page shows; None as long as it is not there."""
    return view.tables(ready["run"], ready["groups"]) if ready else None


def options(tables: Tables, text: str, chosen: str | None) -> list[str]:
    """Offer names that begin so, and what is chosen: a value that is not among the options is thrown away."""
    return list(dict.fromkeys([*tables.search(text), *([chosen] if chosen else [])]))


def strongest(tables: Tables) -> str | None:
    """Return the factor that is most active in any group beside the others: what is shown until somebody chooses."""
    table = tables.regulators.dropna(subset=["difference"])
    return str(table.nlargest(1, "difference")["tf"].iloc[0]) if len(table) else None


def why_not(services: Services, run: str | None) -> Any:
    """Say why there is nothing to show, and what to do; None if there is."""
    if not run:
        return no_run("Train on the bundled sample or on your own files; what regulates what is told by the run.")
    try:
        opened = services.view(run)
    except InputError as error:
        return not_finished("This run has nothing to show yet", run, error)
    if "rna" not in opened.modalities:
        lacking = "Targets are genes: a run needs RNA, and says most with RNA and ATAC."
        return empty("This run has no RNA", html.P(lacking))
    return None


def lacking(tables: Tables, tf: str) -> list[Any]:
    """Say which evidence is missing, and how to add it."""
    found: list[Any] = []
    if not len(tables.evidence.peaks):
        told = (
            "Targets are told by expression alone. With ATAC of the same tissue, peaks that go with them are told too."
        )
        found.append(alert("This run has no ATAC", told, tone="info"))
    elif not tables.has_peaks:
        found.append(alert("Peaks are not linked to genes", *tables.evidence.notes, tone="info"))
    elif tables.evidence.hits is None:
        lines = [
            "Whether the factor can bind the peaks that go with a target is not known. ",
            html.Code("monae motifs RUN --fasta GENOME.fa --out RUN/motif_hits.npz"),
            " adds it: docs/motifs.md says what is needed.",
        ]
        found.append(alert("This run has no motifs", lines, tone="info"))
    elif tables.with_motif(tf) is None:
        found.append(alert(f"No motif of {tf} is known", "Its targets are told without motifs.", tone="info"))
    if tables.factor(tf) is not None and tf.casefold() not in tables.evidence.numbers:
        told = "Its targets are told by its motifs alone, and have no sign."
        found.append(alert(f"{tf} was not measured", told, tone="info"))
    return found
