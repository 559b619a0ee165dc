"""Alerts and empty states: what is the matter, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dash import dcc, html

if TYPE_CHECKING:
    from monae_app.engine.errors import InputError

# What stands behind it is to be run, not read.
IN_R = " in R and give export.zip: "

Tone = Literal["error", "warning", "info", "good"]


def alert(title: str, *lines: Any, tone: Tone = "error") -> html.Div:
    """Show a message with a heading."""
    children = [html.P(title, className="notice-title"), *(html.P(line) for line in lines if line)]
    return html.Div(children, className=f"notice notice-{tone}", role="alert" if tone == "error" else "status")


def failure(found: str, expected: str = "", todo: str = "") -> html.Div:
    """Show what was found, what was expected and what to do."""
    rows = [("Expected", expected), ("To do", todo)]
    told = [[html.Strong(f"{name}: "), *_with_code(_sentence(text))] for name, text in rows if text]
    return alert(found, *told)


def refused(error: InputError) -> html.Div:
    """Show an InputError."""
    return failure(error.found, error.expected, error.todo)


def empty(title: str, *children: Any) -> html.Div:
    """Stand where there is nothing yet, and say how something gets there."""
    return html.Div([html.H2(title), *children], className="empty")


def no_run(purpose: str) -> html.Div:
    """Stand where a run would be shown if there were one; ``purpose`` says what comes of one."""
    return empty("No run yet", html.P(purpose), dcc.Link("Choose data", href="/data", className="button primary"))


def not_finished(title: str, run: str, error: InputError) -> html.Div:
    """Stand where a run would be shown if it could be opened."""
    link = dcc.Link("Go to Training", href=f"/training?run={run}", className="button primary")
    return empty(title, html.P(f"{error.found} {error.todo}"), link)


def _with_code(text: str) -> list[Any]:
    """Set lines of R apart, ready to be copied."""
    told, found, code = text.partition(IN_R)
    if not found:
        return [text]
    return [
        f"{told}{found.rstrip()}",
        html.Code([dcc.Clipboard(content=code, title="Copy"), code], className="to-copy"),
    ]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
