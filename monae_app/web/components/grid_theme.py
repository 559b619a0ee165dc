"""How tables of many rows look and are gone through: in the colours of the app, by arrows and one step of Tab."""

from __future__ import annotations

from typing import Any

GRID_THEME = (
    "themeQuartz.withParams({backgroundColor: 'var(--surface)', foregroundColor: 'var(--ink)', "
    "borderColor: 'var(--line)', headerBackgroundColor: 'var(--raised)', accentColor: 'var(--accent)', "
    "fontFamily: 'inherit', fontSize: 13, spacing: 5})"
)
# Arrows go from cell to cell, Space chooses a row; Tab leaves the table: it would take a step for every cell of it.
GRID_OPTIONS: dict[str, Any] = {
    "animateRows": False,
    "theme": {"function": GRID_THEME},
    "tabToNextCell": {"function": "false"},
    "localeText": {"noRowsToShow": "Nothing to list"},
}
