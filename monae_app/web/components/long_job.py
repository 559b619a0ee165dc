"""A button for work of minutes to an hour: it stands in the line of runs, and the page may be left meanwhile.

What is shown is read from the folder of the work, so that a page that comes back, and one in another tab, find it. A
browser names no work: which there can be follows from the run and the choices of the page.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.jobs.outlook import seconds_left
from monae_app.jobs.progress import STOPPED
from monae_app.web.components import words
from monae_app.web.components.aria import aria
from monae_app.web.components.notice import refused
from monae_app.web.components.progress_panel import in_line, outcome
from monae_app.web.long_work import works_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monae_app.jobs.outlook import Outlook
    from monae_app.jobs.progress import Status
    from monae_app.jobs.works import Asked, Works
    from monae_app.web.services import Services

POLL_MILLISECONDS = 1000
MAY_LEAVE = "You may leave this page or close the browser: it goes on, and the result will be here."
# Of each piece of work: what is shown of it, and by which property.
PARTS = {"row": "hidden", "title": "children", "bar": "hidden", "share": "value", "text": "children",
         "cancel": "disabled", "progress": "hidden", "ended": "children", "again": "hidden"}  # fmt: skip
NOTHING = {"row": True, "title": "", "bar": True, "share": None, "text": "", "cancel": True, "progress": True,
           "ended": None, "again": True}  # fmt: skip


@dataclass(frozen=True)
class LongJob:
    """Long work that a card offers.

    Parameters
    ----------
    name
        Prefix of its ids.
    button
        What stands on the button.
    slots
        How many pieces of work there can be at once.
    """

    name: str
    button: str
    slots: int = 1

    @property
    def start(self) -> str:
        """Id of the button."""
        return f"{self.name}-start"

    @property
    def outcome(self) -> str:
        """Id of a store that changes when some work has ended."""
        return f"{self.name}-outcome"

    def layout(self) -> html.Div:
        """Build the button and what stands below it."""
        return html.Div([self.starter(), self.standing()], className="short-job")

    def starter(self) -> html.Button:
        """Build the button."""
        return html.Button(self.button, id=self.start, className="button primary", type="button")

    def standing(self) -> html.Div:
        """Build progress and place of what went wrong."""
        return html.Div(
            [
                dcc.Interval(id=f"{self.name}-clock", interval=POLL_MILLISECONDS, disabled=True),
                *(dcc.Store(id=f"{self.name}-{what}") for what in ("watched", "outcome", "touched")),
                *(self._slot(number) for number in range(self.slots)),
                html.P(MAY_LEAVE, id=f"{self.name}-may-leave", className="muted small", hidden=True),
                html.P(id=f"{self.name}-standing", className="visually-hidden", **aria(live="polite")),
                html.Div(id=f"{self.name}-message", className="short-shown"),
            ],
            className="short-job",
        )

    def _slot(self, number: int) -> html.Div:
        def name(what: str) -> str:
            return self._id(number, what)

        progress = html.Div(
            [
                html.Div(
                    html.Progress(id=name("share"), max="1", **aria(labelledby=name("title"))), id=name("bar"),
                    className="long-bar",
                ),
                html.Span(id=name("text"), className="muted small"),
                html.Button("Cancel", id=name("cancel"), className="link-button", type="button",
                            **aria(describedby=name("title"))),
            ],
            id=name("progress"), className="short-progress", hidden=True,
        )  # fmt: skip
        again = html.Button(
            "Try again", id=name("again"), className="button", type="button", hidden=True,
            **aria(describedby=name("title")),
        )  # fmt: skip
        return html.Div(
            [
                html.Strong(id=name("title"), className="small" if self.slots > 1 else "visually-hidden"),
                progress,
                html.Div(id=name("ended")),
                again,
            ],
            id=name("row"), className="long-row", hidden=True,
        )  # fmt: skip

    def _id(self, number: int, what: str) -> str:
        return f"{self.name}-{number}-{what}"

    def register(
        self,
        app: Dash,
        services: Services,
        inputs: Sequence[str],
        every: Callable[..., list[Asked]],
        chosen: Callable[..., Asked],
        lasts: Callable[..., float | None] = lambda *_values: None,
    ) -> None:
        """Connect it.

        Parameters
        ----------
        app, services
            Of the page.
        inputs
            Ids of what the work depends on, by their ``value``.
        every
            Called in the request with these values: the work that can be seen here, at most as many as there are slots,
            a piece always in the same place.
        chosen
            The one that the button orders, or an InputError.
        lasts
            How many seconds that may take.
        """
        self._register_looking(app, services, inputs, every, chosen)
        self._register_doing(app, services, inputs, every, chosen, lasts)

    def _register_looking(self, app: Dash, services: Services, inputs: Sequence[str], every: Any, chosen: Any) -> None:
        name = self.name

        @app.callback(
            {
                "slots": [[Output(self._id(number, part), shown) for part, shown in PARTS.items()]
                          for number in range(self.slots)],
                "said": Output(f"{name}-standing", "children"),
                "no_leaving": Output(f"{name}-may-leave", "hidden"),
                "idle": Output(f"{name}-clock", "disabled"),
                "watched": Output(f"{name}-watched", "data"),
                "outcome": Output(self.outcome, "data"),
                "busy": Output(self.start, "disabled"),
                "stopped": Output(self.start, "hidden"),
            },
            Input(f"{name}-clock", "n_intervals"),
            Input(f"{name}-touched", "data"),
            State(f"{name}-watched", "data"),
            *(Input(each, "value") for each in inputs),
        )  # fmt: skip
        def look(_clock: int | None, _touched: Any, watched: Any, *values: Any) -> dict[str, Any]:
            works, slots, said, active = works_of(services), [], [], []
            for asked in _or_none(every, *values) or []:
                status, place = _standing(works, asked)
                slots.append(_shown(asked, status, place))
                if status is not None and status.active:
                    active.append(asked.key)
                if status is not None and (status.active or asked.key in (watched or ())):
                    said.append(f"{asked.title}: {_in_words(status)}")
            slots += [NOTHING] * (self.slots - len(slots))
            mine = _or_none(chosen, *values)
            status = _standing(works, mine)[0] if mine is not None else None
            ended = [key for key in watched or () if key not in active]
            return {
                "slots": [[slot[part] for part in PARTS] for slot in slots],
                "said": " ".join(said),
                "no_leaving": not active,
                "idle": not active,
                "watched": active,
                "outcome": {"ended": ended, "nonce": time.time()} if ended else no_update,
                "busy": status is not None and status.active,
                # what can be tried again needs no second button
                "stopped": status is not None and status.state in STOPPED,
            }

    def _register_doing(
        self, app: Dash, services: Services, inputs: Sequence[str], every: Any, chosen: Any, lasts: Any
    ) -> None:
        name = self.name
        buttons = {
            self._id(number, what): (number, what) for number in range(self.slots) for what in ("cancel", "again")
        }

        @app.callback(
            Output(f"{name}-touched", "data"),
            Output(f"{name}-message", "children"),
            Input(self.start, "n_clicks"),
            *(Input(each, "n_clicks") for each in buttons),
            *(State(each, "value") for each in inputs),
            prevent_initial_call=True,
        )
        def do(*given: Any) -> tuple[Any, Any]:
            clicks, values = given[: 1 + len(buttons)], given[1 + len(buttons) :]
            if not any(clicks):
                return no_update, no_update
            works = works_of(services)
            number, what = buttons.get(str(ctx.triggered_id), (None, "start"))
            try:
                asked = chosen(*values) if number is None else every(*values)[number]
                if what == "cancel":
                    works.cancel(works.find(asked))
                else:
                    works.order(asked, lasts(*values))
            except InputError as error:
                return time.time(), refused(error)
            except IndexError:
                # another run is shown meanwhile
                return time.time(), None
            return time.time(), None


def _or_none(ask: Callable[..., Any], *values: Any) -> Any:
    try:
        return ask(*values)
    except InputError:
        return None


def _standing(works: Works, asked: Asked) -> tuple[Status | None, Outlook | None]:
    """Return where work stands, and its place in line; None for what nobody ordered."""
    work = _or_none(works.find, asked)
    if work is None or not work.ordered:
        return None, None
    status = work.read_status()
    return status, works.outlook(work) if status.state == "queued" else None


def _shown(asked: Asked, status: Status | None, place: Outlook | None) -> dict[str, Any]:
    if status is None or status.state == "done":
        return NOTHING
    share = status.done / status.total if status.done is not None and status.total and status.active else None
    ended = None if status.active else outcome(status)
    return {
        "row": False, "title": asked.title, "bar": status.state == "queued", "share": share,
        "text": _text(status, place) if status.active else "", "cancel": status.state == "cancelling",
        "progress": not status.active, "ended": ended, "again": status.active,
    }  # fmt: skip


def _text(status: Status, place: Outlook | None) -> str:
    if status.state == "queued":
        return in_line(place) if place else "Starting …"
    if status.state == "cancelling":
        return "Stopping …"
    parts = [status.message]
    if status.started:
        parts.append(f"{words.duration(time.time() - status.started)} so far")
    if (left := seconds_left(status)) is not None:
        parts.append(f"{words.estimate(left)} left")
    return " · ".join(parts)


def _in_words(status: Status) -> str:
    """Say what a page that is listened to shall hear: it changes seldom."""
    if status.state == "running":
        return f"{status.message}."
    return {"queued": "waiting.", "cancelling": "stopping.", "done": "done."}.get(status.state, f"{status.state}.")
