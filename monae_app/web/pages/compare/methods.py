"""A run beside other methods: what was computed, what can be, and the tables of the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dash import Dash, Input, Output, dcc, html

from monae_app.engine.analysis.run_comparison.score_rows import IDEALS
from monae_app.engine.errors import InputError
from monae_app.jobs.peers.catalogue import HOW_TO_INSTALL, PEERS
from monae_app.jobs.peers.modalities import modalities_of
from monae_app.jobs.works import Asked
from monae_app.web import compare_tables as tables
from monae_app.web import ids
from monae_app.web.components.compared import compared_table, download
from monae_app.web.components.notice import alert
from monae_app.web.figures.methods import methods_figure
from monae_app.web.figures.style import style
from monae_app.web.long_work import there_or_auto
from monae_app.web.modalities import modality_title
from monae_app.web.pages.compare import layout as page

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.web.explore import RunView
    from monae_app.web.services import Services

THIS = "This run, with neighbour conservation"
NO_LABEL = html.P(
    "Without a label only what needs none is shown: mixing of the modalities and, where pairs are known, FOSCTTM. A "
    "column of cell types would add biology conservation, label transfer, ARI and the overall score.",
    className="muted",
)
NO_PAIRS = "No pairs of cells are known here, so FOSCTTM and imputation across modalities cannot be measured."
NEEDED = "The tables of integration and imputation make no sense for this run. They take"
NOTHING: tuple[Any, ...] = ([], None, None, None, None, None, {}, True, True, True)
ALL_THERE = "Everything that can be computed here is in the tables."


def register(app: Dash, services: Services) -> None:
    """Connect it."""

    @app.callback(
        Output(page.METHODS_NOTE, "children"),
        Output(page.METHOD, "options"),
        Output(page.METHOD, "value"),
        Output(page.NOT_HERE, "children"),
        Output(page.INTEGRATION, "children"),
        Output(page.IMPUTATION, "children"),
        Output(page.RECOVERY, "children"),
        Output(page.FIGURE, "figure"),
        Output(f"{page.FIGURE}-box", "hidden"),
        Output(page.METHOD_FIELD, "hidden"),
        Output(page.TABLES, "hidden"),
        Input(ids.RUN, "value"),
        Input(page.SECOND, "value"),
        Input(page.LABEL, "value"),
        Input(page.METHOD_JOB.outcome, "data"),
        Input(ids.THEME, "data"),
    )
    def show(run: str | None, second: str | None, label: str | None, _outcome: Any, theme: str | None) -> Any:
        view = services.opened(run)
        if view is None or run is None:
            return None, *NOTHING
        try:
            modalities_of(view.modalities)
        except InputError as error:
            held = " and ".join(map(modality_title, view.modalities))
            note = alert(
                "No tables of integration and imputation", f"{held} alone. {NEEDED} {error.expected}", tone="info"
            )
            return note, *NOTHING
        rows = tables.method_rows(services, run, second if second != run else None, label)
        options, absent = _offered(rows, view)
        asked = urlencode({name: value for name, value in (("second", second), ("label", label)) if value})
        integration = tables.integration_table(rows)
        drawn = {"biology_conservation", "omics_mixing"} <= set(integration.columns)
        figure = methods_figure(integration.dropna(subset=["biology_conservation"]), style(theme)) if drawn else {}
        base = f"/api/runs/{run}/compare"
        return (
            _notes(rows, label), options, options[0]["value"] if options else None, absent,
            _integration(integration, f"{base}/integration.csv?{asked}"),
            _imputation(tables.imputation_table(rows), f"{base}/imputation.csv?{asked}"),
            _recovery(tables.recovery_table(services, run), run),
            figure, not drawn, not options, False,
        )  # fmt: skip

    def every(run: str | None, label: str | None, _method: str | None) -> list[Asked]:
        return [_asked(services, run or "", label, name) for name in (tables.MONAE, *tables.OFFERED)]

    def chosen(run: str | None, label: str | None, method: str | None) -> Asked:
        if method not in (tables.MONAE, *tables.OFFERED):
            raise InputError("No method is chosen.", "one of the list.", "choose one.")
        return _asked(services, run or "", label, method)

    page.METHOD_JOB.register(app, services, [ids.RUN, page.LABEL, page.METHOD], every, chosen)


def _asked(services: Services, run: str, label: str | None, method: str) -> Asked:
    """Order a method on the data of a run; it leaves the GPUs to the trainings."""
    view, peer = services.view(run), PEERS.get(method)
    order = {"folder": str(view.folder), "method": method, "label": label}
    title = f"{peer.title if peer else 'Scores'} of {services.registry.get(run).name}"
    return Asked("method", order, title, there_or_auto(services, "cpu"))


def _offered(rows: list[tables.Row], view: RunView) -> tuple[list[dict[str, str]], Any]:
    """List the methods that can be computed, and say which are not installed."""
    options, absent = [], []
    for name in tables.missing_methods(rows, view):
        peer = PEERS.get(name)
        if peer is not None and peer.interpreter() is None:
            absent.append(f"{peer.title} (package {peer.package})")
            continue
        told = THIS if peer is None else f"{peer.title}: {peer.told} ({peer.lasts})"
        options.append({"value": name, "label": told})
    if absent:
        return options, f"Not installed here: {', '.join(absent)}. To add them: {HOW_TO_INSTALL}."
    return options, None if options else ALL_THERE


def _notes(rows: list[tables.Row], label: str | None) -> list[Any]:
    notes: list[Any] = [] if label else [NO_LABEL]
    scored = [row.found["scores"] for row in rows if row.found.get("scores")]
    if scored and not any("foscttm" in each for each in scored):
        notes.append(html.P(NO_PAIRS, className="muted"))
    return notes


def _integration(table: pd.DataFrame, href: str) -> Any:
    if table.empty:
        return html.P("Nothing was computed yet: choose a method above.", className="muted")
    names = [name for name in table.columns if name not in ("method", "cpu_s")]
    best = {name: IDEALS.get(name, 0.5 if name == "same_modality" else 1.0) for name in names}
    titles = {"method": "Method", "cpu_s": "CPU s"} | {name: tables.title_of(name) for name in names}
    scaled = [name for name in names if name.endswith("_scaled")]
    return [compared_table(table, titles, best=best, quiet=scaled), download(href)]


def _imputation(table: pd.DataFrame, href: str) -> Any:
    if table.empty:
        return html.P("No computed method imputes across yet: this run, CCA and scglue do.", className="muted")
    titles = {"method": "Method"} | {
        name: " → ".join(map(modality_title, name.split(">"))) for name in table.columns if name != "method"
    }
    return [compared_table(table, titles), download(href)]


def _recovery(table: pd.DataFrame | None, run: str) -> Any:
    to_check = dcc.Link("hold-out check on the page Imputation", href=f"/imputation?{urlencode({'run': run})}")
    if table is None:
        return html.P(["This run was not checked yet. Start the ", to_check, "; it takes minutes."], className="muted")
    titles = {"method": "Method"} | {name: modality_title(name) for name in table.columns if name != "method"}
    best = dict.fromkeys([name for name in table.columns if name != "method"], 1.0)
    more = html.P(["By level, and feature by feature: ", to_check, "."], className="muted small")
    return [compared_table(table, titles, best=best), more, download(f"/api/runs/{run}/compare/recovery.csv")]
