"""The history of runs: searched, sorted, some at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from monae_app.web.components import words
from monae_app.web.components.aria import aria
from monae_app.web.components.notice import empty
from monae_app.web.components.progress_panel import state_badge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from monae_app.jobs.listing import Listed
    from monae_app.jobs.outlook import Outlook

SHOWN = 50
SORT, DELETE, CANCEL = "runs-sort", "runs-delete", "runs-cancel"
ORDER = ("running", "cancelling", "queued", "failed", "lost", "cancelled", "done")
# Column: title, what it is sorted by, whether the largest comes first.
COLUMNS: dict[str, tuple[str, Callable[[Listed], Any], bool]] = {
    "name": ("Run", lambda run: run.name.casefold(), False),
    "started": ("Started", lambda run: run.status.created, True),
    "state": ("State", lambda run: ORDER.index(run.status.state), False),
    "steps": ("Steps", lambda run: run.steps, True),
    "foscttm": ("FOSCTTM", lambda run: run.scores.get("foscttm"), False),
    "label_transfer": ("Label transfer", lambda run: run.scores.get("label_transfer"), True),
    "seconds": ("Took", lambda run: run.seconds, True),
}
FIGURES = ("steps", "foscttm", "label_transfer", "seconds")


@dataclass(frozen=True)
class Order:
    """How runs are sorted.

    Parameters
    ----------
    by
        A column; as they come for any other word.
    reverse
        Whether the column's own order is turned round.
    """

    by: str = ""
    reverse: bool = False

    @classmethod
    def from_json(cls, said: Any) -> Order:
        """Read what the browser keeps."""
        if not isinstance(said, dict) or said.get("by") not in COLUMNS:
            return cls()
        return cls(str(said["by"]), bool(said.get("reverse")))

    def pressed(self, column: str) -> dict[str, Any]:
        """Return the order after a column was pressed: by it, or the other way round, or as they come."""
        if column != self.by:
            return {"by": column, "reverse": False}
        return {"by": column, "reverse": True} if not self.reverse else {"by": "", "reverse": False}


def arranged(runs: Sequence[Listed], search: str, order: Order) -> list[Listed]:
    """Return the runs whose name, note or state holds all words of a search, in order; those without a value last."""
    wanted = search.casefold().split()
    found = [run for run in runs if all(word in _text(run) for word in wanted)]
    if order.by not in COLUMNS:
        return found
    _, value, largest_first = COLUMNS[order.by]
    known = [run for run in found if value(run) is not None]
    known.sort(key=value, reverse=largest_first != order.reverse)
    return known + [run for run in found if value(run) is None]


def run_table(
    runs: Sequence[Listed],
    current: str | None,
    *,
    places: Mapping[str, Outlook],
    order: Order,
    shown: int = SHOWN,
    searched: bool = False,
) -> Any:
    """List runs, each with its state, its scores and what can be done with it.

    Parameters
    ----------
    runs
        Found and in order.
    current
        Id of the run that the pages show.
    places
        Of those that wait, by id.
    order
        Said in the heads of the columns.
    shown
        At most this many.
    searched
        Whether runs were left out by a search.
    """
    if not runs and searched:
        return empty("No run is called so", html.P("Search for part of a name, of a note, or for a state."))
    if not runs:
        return empty("No runs yet", html.P("Start a training; it will be listed here."))
    head = html.Tr(
        [*(_head(name, order) for name in COLUMNS), html.Th(html.Span("Actions", className="visually-hidden"))]
    )
    body = [_row(run, current, places.get(run.id)) for run in runs[:shown]]
    table = html.Table([html.Thead(head), html.Tbody(body)], className="table runs")
    return html.Div(table, className="table-scroll")


def _head(name: str, order: Order) -> html.Th:
    title, _, largest_first = COLUMNS[name]
    told, mark = {}, ""
    if name == order.by:
        down = largest_first != order.reverse
        told, mark = aria(sort="descending" if down else "ascending"), " ↓" if down else " ↑"
    button = html.Button(f"{title}{mark}", id={"type": SORT, "name": name}, className="sort-button", type="button")
    return html.Th(button, scope="col", className="figure-cell" if name in FIGURES else "", **told)


def _row(run: Listed, current: str | None, place: Outlook | None) -> html.Tr:
    status = run.status
    badge = state_badge(status.state, waits=place is not None, damaged=bool(run.problem))
    standing = html.Small(f"{words.ordinal(place.position)} of {place.waiting} in line") if place else None
    cells = [
        html.Td([html.Strong(run.name), *_remarks(run)], className="run-name"),
        html.Td([html.Span(part) for part in words.moment(status.created).split()], className="when"),
        html.Td([badge, standing], className="run-state"),
        html.Td(f"{run.steps:,}" if run.steps else "", className="figure-cell"),
        *(html.Td(_score(run.scores.get(name)), className="figure-cell") for name in ("foscttm", "label_transfer")),
        html.Td("" if run.seconds is None else words.duration(run.seconds), className="figure-cell"),
        html.Td(_actions(run), className="links"),
    ]
    marked = {"className": "current", **aria(current="true")} if run.id == current else {}
    return html.Tr(cells, **marked)


def _remarks(run: Listed) -> list[Any]:
    said = []
    if run.id.startswith("sample-"):
        said.append("bundled")
    if run.imported:
        said.append("imported")
    if run.extends:
        said.append(f"extends {run.extends}")
    small: list[Any] = [html.Small(f" {', '.join(said)}")] if said else []
    if run.note:
        small.append(html.P(run.note, className="run-note", title=run.note))
    if run.problem:
        small.append(html.P(run.problem, className="run-problem"))
    return small


def _actions(run: Listed) -> list[Any]:
    links: list[Any] = [dcc.Link("Map", href=f"/?run={run.id}", title=f"Map of {run.name}")] if run.finished else []
    if not run.problem:
        links.append(dcc.Link("Follow" if run.status.active else "Details", href=f"/training?run={run.id}"))
    if not run.record.read_only:
        kind, word = (CANCEL, "Cancel") if run.status.active else (DELETE, "Delete")
        label = aria(label=f"{word} {run.name}")
        links.append(
            html.Button(word, id={"type": kind, "run": run.id}, className="link-button", type="button", **label)
        )
    return links


def _text(run: Listed) -> str:
    return f"{run.name} {run.note} {run.status.state} {run.id}".casefold()


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
