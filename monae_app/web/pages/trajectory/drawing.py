"""What was found, on the map and beside it: pseudotime, branches, and how groups are connected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State, html

from monae_app.web import ids
from monae_app.web.components.notice import alert
from monae_app.web.figures.style import style
from monae_app.web.figures.trajectory import density_figure
from monae_app.web.pages.trajectory import layout as page
from monae_app.web.trajectory_view import SHARED

if TYPE_CHECKING:
    from monae_app.web.trajectory_view import Followed, TrajectoryView


def register(app: Dash, view: TrajectoryView) -> None:
    """Connect it."""
    _register_found(app, view)
    _register_map(app, view)
    _register_standing(app, view)


def _register_found(app: Dash, view: TrajectoryView) -> None:
    @app.callback(
        Output(page.READY, "data"),
        Output(page.NOTE, "children"),
        Output(page.RESULTS, "hidden"),
        Output(page.STANDING, "hidden"),
        Input(page.COLUMN, "value"),
        Input(page.ROOT, "value"),
        Input(page.CELLS, "value"),
        Input(page.SPACE, "value"),
        Input(page.JOB.outcome, "data"),
        State(ids.RUN, "value"),
    )
    def find(
        column: str | None, root: str | None, cells: list[str] | None, space: str | None, _outcome: Any, run: str | None
    ) -> Any:
        found = view.followed(run, column, root, cells or (), space or SHARED)
        if found is not None:
            return {"run": run, "key": found.key}, _told(found), False, False
        begin = (
            "Choose where it begins: a group, a cell by a click on the map, or a marker. Then press 'Follow the cells'."
        )
        todo = "Press 'Follow the cells': it takes up to a minute or two." if root else begin
        return None, alert("Nothing was followed yet.", todo, tone="info"), True, True


def _register_map(app: Dash, view: TrajectoryView) -> None:
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("trajectory", "draw"),
        Output(page.MAP, "data-run"), Input(page.ORDER, "data"), Input(page.SHOWN, "data"),
        Input(page.PICK, "value"),
    )  # fmt: skip

    @app.callback(
        Output(page.ORDER, "data"),
        Output(page.SHOWN, "data"),
        Output(page.CAPTION, "children"),
        Output(page.CELLS_CSV, "href"),
        Output(page.MAP_CODE, "href"),
        Input(page.READY, "data"),
        Input(page.COLOUR, "value"),
        Input(page.COLUMN, "value"),
        State(ids.RUN, "value"),
    )
    def draw(ready: dict[str, Any] | None, colour: str, column: str | None, run: str | None) -> Any:
        groups = f"obs:{column}"
        order = {"run": run, "panel": "joint", "labels": True, "colour": groups}
        found = found_of(view, ready)
        if not run or not column:
            return None, None, "", "", ""
        if found is None:
            return order, None, "Groups; pseudotime comes when the cells were followed.", "", ""
        if colour != "groups":
            order["colour"] = f"trajectory:{found.key}:{colour}"
        caption = "Circles are groups, lines how strongly they are connected (PAGA); the cross is the root."
        where = f"/api/runs/{run}"
        return (order, found.graph(), caption, f"{where}/trajectory/{found.key}/cells.csv",
                f"{where}/code/trajectory.py?key={found.key}")  # fmt: skip


def _register_standing(app: Dash, view: TrajectoryView) -> None:
    @app.callback(
        Output(page.DENSITY, "figure"),
        Output(page.BRANCHES, "children"),
        Input(page.READY, "data"),
        Input(ids.THEME, "data"),
    )
    def stand(ready: dict[str, Any] | None, theme: str | None) -> Any:
        found = found_of(view, ready)
        if found is None:
            return {}, None
        codes, names = found.groups()
        return density_figure(found.time, codes, names, style(theme)), _branches(found)


def found_of(view: TrajectoryView, ready: dict[str, Any] | None) -> Followed | None:
    """Open what is shown."""
    seen = view.services.opened(ready["run"]) if ready else None
    return None if seen is None or ready is None else view.by_key(seen, str(ready["key"]))


def _told(found: Followed) -> Any:
    lost = int((~np.isfinite(found.time)).sum())
    ends = found.ends
    many = f"{len(ends)} branches end in {', '.join(ends)}" if len(ends) > 1 else f"One way leads to {ends[0]}"
    apart = (
        f" {lost:,} cells are not connected with the root, or were left out: they have no pseudotime." if lost else ""
    )
    doubtful = "".join(
        f" An end in {name} was found in only {share:.0%} of random halves of the cells and is left out."
        for name, share in found.doubtful
    )
    return html.P(f"{many}; {len(found.time) - lost:,} cells were followed.{apart}{doubtful}")


def _branches(found: Followed) -> Any:
    codes, names = found.groups()
    support = dict(zip(found.ends, found.support, strict=False)) if len(found.ends) > 1 else {}
    rows = []
    for number, name in enumerate(found.branches):
        mine = found.branch == number
        if not mine.any():
            continue
        sizes = np.bincount(codes[mine & (codes >= 0)], minlength=len(names))
        most = ", ".join(f"{names[each]} ({sizes[each]:,})" for each in np.argsort(-sizes)[:3] if sizes[each])
        low, high = np.nanquantile(found.time[mine], [0.05, 0.95])
        again = f"{support[name]:.0%}" if name in support else "–"
        cells = [name, f"{mine.sum():,}", f"{low:.2f} to {high:.2f}", again, most]
        rows.append(html.Tr([html.Td(each) for each in cells]))
    titles = {
        "Branch": "", "Cells": "", "Pseudotime": "5 % to 95 % of its cells",
        "Found again": "Share of random halves of the cells in which a way ends there too", "Groups": "",
    }  # fmt: skip
    head = html.Thead(html.Tr([html.Th(name, title=told) for name, told in titles.items()]))
    return html.Table([head, html.Tbody(rows)], className="trajectory-branches")
