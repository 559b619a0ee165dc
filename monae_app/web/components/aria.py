"""Attributes that Python has no names for: what screen readers are told, and our scripts."""

from __future__ import annotations

from typing import Any

from dash import html
from dash._utils import stringify_id


def aria(**values: str) -> dict[str, Any]:
    """Write ``label="Run"`` as the attribute ``aria-label``, for Dash's components."""
    return {f"aria-{name}": value for name, value in values.items()}


def data(**values: str) -> dict[str, Any]:
    """Write ``slice="16"`` as the attribute ``data-slice``, for scripts of our own."""
    return {f"data-{name}": value for name, value in values.items()}


def with_label(control: Any, text: str) -> html.Div:
    """Give a control a label that only screen readers get."""
    known = control.id if isinstance(control.id, str) else stringify_id(control.id)
    return html.Div([html.Label(text, htmlFor=known, className="visually-hidden"), control])
