"""How tables of many rows look: in the colours of the app, which follow the theme of the page."""

from __future__ import annotations

GRID_THEME = (
    "themeQuartz.withParams({backgroundColor: 'var(--surface)', foregroundColor: 'var(--ink)', "
    "borderColor: 'var(--line)', headerBackgroundColor: 'var(--raised)', accentColor: 'var(--accent)', "
    "fontFamily: 'inherit', fontSize: 13, spacing: 5})"
)
