"""A loss as a small picture: SVG of a few kilobytes, so that no page loads plotly for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.web.figures.style import Style

WIDTH, HEIGHT, MARGIN = 360, 96, 6
MOST_POINTS = 200


def loss_spark(losses: pd.DataFrame, look: Style) -> str:
    """Draw a loss over steps, with its last quarter set apart; an empty text where there is nothing to draw.

    Parameters
    ----------
    losses
        ``step`` and ``loss``.
    look
        Light or dark.
    """
    step, loss = losses["step"].to_numpy(float), losses["loss"].to_numpy(float)
    known = np.isfinite(loss)
    step, loss = step[known], loss[known]
    if len(step) < 2:
        return ""
    kept = np.unique(np.linspace(0, len(step) - 1, MOST_POINTS).astype(int))
    x = MARGIN + _scaled(step[kept]) * (WIDTH - 2 * MARGIN)
    y = MARGIN + (1 - _scaled(loss[kept])) * (HEIGHT - 2 * MARGIN)
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    last = MARGIN + 0.75 * (WIDTH - 2 * MARGIN)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">'
        f'<rect x="{last:.1f}" y="0" width="{WIDTH - MARGIN - last:.1f}" height="{HEIGHT}" fill="{look.grid}"/>'
        f'<polyline points="{line}" fill="none" stroke="{look.accent}" stroke-width="2" stroke-linejoin="round"/></svg>'
    )


def _scaled(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-12))
