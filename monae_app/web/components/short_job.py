"""A button for work of seconds to minutes: what is being done, how far it is, cancel, and what came of it.

A page says what is ordered (in the request, where it is known who asks) and how the outcome is shown; the work itself
stands in ``monae_app.jobs.short_work``. Each press has a ticket of its own, so that neither two tabs nor two presses
share work, and a page that is loaded anew begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.jobs.short_work import Tickets, perform
from monae_app.web.components.aria import aria
from monae_app.web.components.notice import alert, failure, refused
from monae_app.web.short_work import MANAGER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monae_app.web.services import Services

INTERVAL_MS = 500


@dataclass(frozen=True)
class ShortJob:
    """One kind of work that a page offers.

    Parameters
    ----------
    name
        Prefix of its ids.
    work
        A name in ``monae_app.jobs.short_work.WORK``.
    button
        What stands on the button.
    primary
        Whether it is what the page is about.
    """

    name: str
    work: str
    button: str
    primary: bool = False

    @property
    def start(self) -> str:
        """Id of the button."""
        return f"{self.name}-start"

    @property
    def outcome(self) -> str:
        """Id of what came of it: ``data`` is the outcome that ``perform`` returns, None while there is none."""
        return f"{self.name}-outcome"

    def layout(self) -> html.Div:
        """Build button, progress and place of the outcome."""
        progress = html.Div(
            [
                html.Progress(id=f"{self.name}-share", max="1", **aria(label=self.button)),
                html.Span("Starting …", id=f"{self.name}-text", className="muted small", role="status"),
                html.Button("Cancel", id=f"{self.name}-cancel", className="link-button", type="button"),
            ],
            id=f"{self.name}-progress",
            className="short-progress",
            hidden=True,
        )
        look = "button primary" if self.primary else "button"
        return html.Div(
            [
                dcc.Store(id=f"{self.name}-ticket"),
                dcc.Store(id=self.outcome),
                html.Button(self.button, id=self.start, className=look, type="button"),
                progress,
                html.Div(id=f"{self.name}-shown", className="short-shown"),
            ],
            className="short-job",
        )

    def register(
        self,
        app: Dash,
        services: Services,
        order: Callable[..., dict[str, Any]],
        states: Sequence[State] = (),
        show: Callable[[Any], Any] = lambda _result: None,
    ) -> None:
        """Connect it.

        Parameters
        ----------
        app, services
            Of the page.
        order
            Called in the request with the values of ``states``: checks what the user may see and returns the order in
            plain values, or raises an InputError.
        states
            What the order depends on.
        show
            Turns the result into components.
        """
        store = services.settings.store
        tickets = Tickets(store)

        @app.callback(
            Output(f"{self.name}-ticket", "data"),
            Output(f"{self.name}-shown", "children"),
            Input(self.start, "n_clicks"),
            *states,
            prevent_initial_call=True,
        )
        def issue(clicks: int | None, *values: Any) -> tuple[Any, Any]:
            if not clicks:
                return no_update, no_update
            try:
                return tickets.issue(self.work, services.users.current(), order(*values)), None
            except InputError as error:
                return no_update, refused(error)

        name = self.name

        @app.callback(
            Output(self.outcome, "data"),
            Input(f"{name}-ticket", "data"),
            background=True,
            interval=INTERVAL_MS,
            progress=[Output(f"{name}-text", "children"), Output(f"{name}-share", "value")],
            progress_default=["Starting …", None],
            running=[
                (Output(self.start, "disabled"), True, False),
                (Output(f"{name}-progress", "hidden"), False, True),
            ],
            cancel=[Input(f"{name}-cancel", "n_clicks")],
            prevent_initial_call=True,
        )
        def work(set_progress: Callable[[list[Any]], None], ticket: str | None) -> dict[str, Any]:
            return perform(store, str(ticket), lambda share, text: set_progress([text, share]))

        @app.callback(
            Output(f"{name}-shown", "children", allow_duplicate=True),
            Input(self.outcome, "data"),
            prevent_initial_call=True,
        )
        def tell(outcome: dict[str, Any] | None) -> Any:
            return told(outcome, show)

        @app.callback(
            Output(f"{name}-shown", "children", allow_duplicate=True),
            Input(f"{name}-cancel", "n_clicks"),
            State(f"{name}-ticket", "data"),
            prevent_initial_call=True,
        )
        def cancel(_clicks: int | None, ticket: str | None) -> Any:
            # Dash cancels what its page knows the job of; before the first answer came, it knows none.
            app.server.extensions[MANAGER].terminate_job(ticket)
            return told(None, show)


def told(outcome: dict[str, Any] | None, show: Callable[[Any], Any]) -> Any:
    """Show what came of a piece of work."""
    state = (outcome or {}).get("state")
    if outcome is not None and state == "done":
        return show(outcome["result"])
    if outcome is not None and state == "failed":
        return failure(*(str(outcome.get(name, "")) for name in ("found", "expected", "todo")))
    return alert("Cancelled.", tone="info")
