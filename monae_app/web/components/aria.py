"""Attributes that Python has no names for: what screen readers are told, and our scripts."""

from __future__ import annotations

from typing import Any


def aria(**values: str) -> dict[str, Any]:
    """Write ``label="Run"`` as the attribute ``aria-label``, for Dash's components."""
    return {f"aria-{name}": value for name, value in values.items()}


def data(**values: str) -> dict[str, Any]:
    """Write ``slice="16"`` as the attribute ``data-slice``, for scripts of our own."""
    return {f"data-{name}": value for name, value in values.items()}
