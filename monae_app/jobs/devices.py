"""Stub."""

from __future__ import annotations


def lanes_for(wanted: str) -> tuple[str, ...]:
    """Stub."""
    return ("cpu",)


def environment(lane: str) -> dict[str, str]:
    """Stub."""
    return {}
