"""What screen readers are told."""

from __future__ import annotations

from typing import Any


def aria(**values: str) -> dict[str, Any]:
    """Write ``label="Run"`` as the attribute ``aria-label``, for Dash's components."""
    return {f"aria-{name}": value for name, value in values.items()}
