"""Colours and sizes of the figures: light, dark, and for a projector."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from monae_app.engine.analysis.palette import PALETTE

FONT = 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


@dataclass(frozen=True)
class Style:
    """What differs between the themes."""

    ink: str
    muted: str
    grid: str
    surface: str
    accent: str
    # Cells without a value, or of no group.
    missing: str
    # From low to high; the low end stays apart from ``missing``.
    ramp: tuple[str, ...]
    # How much larger than on a desk letters, lines and points are.
    scale: float = 1.0

    def size(self, pixels: float) -> float:
        """Size of a letter, a line or a point that has so many pixels on a desk."""
        return self.scale * pixels

    def muted_font(self, pixels: float) -> dict[str, Any]:
        """Font of what stands back: ticks and titles of axes."""
        return {"size": self.size(pixels), "color": self.muted}

    @property
    def colour_scale(self) -> list[list[Any]]:
        """The ramp as plotly wants it."""
        return [[place / (len(self.ramp) - 1), colour] for place, colour in enumerate(self.ramp)]


LIGHT = Style(
    ink="#16202e",
    muted="#5b6676",
    grid="#e6e9ee",
    surface="#ffffff",
    accent="#0b7a70",
    missing="#dde2e8",
    ramp=("#f6e6c8", "#fbbd77", "#f0795a", "#c83e73", "#7f2380", "#2d1160"),
)
DARK = Style(
    ink="#e7ecf3",
    muted="#9aa6b6",
    grid="#2a323d",
    surface="#171d26",
    accent="#4fd1c5",
    missing="#303946",
    ramp=("#45306b", "#7f2d84", "#c23b75", "#f0705c", "#fdb56f", "#fcf5bd"),
)
# Projectors wash out what is pale, and the last row must be able to read it.
PROJECTOR = replace(
    LIGHT, ink="#000000", muted="#2b3440", grid="#c3cad4", accent="#005f57", missing="#c9d0d9", scale=1.35
)
STYLES = {"light": LIGHT, "dark": DARK, "projector": PROJECTOR}


def style(theme: str | None) -> Style:
    """Pick the style of a theme."""
    return STYLES.get(theme or "", LIGHT)


def group_colour(index: int, look: Style) -> str:
    """Colour of the group of this index; beyond the palette, paler shades of it."""
    colour = PALETTE[index % len(PALETTE)]
    lap = index // len(PALETTE)
    return colour if lap == 0 else _mix(colour, look.surface, min(0.35 * lap, 0.7))


def base_layout(look: Style) -> dict[str, Any]:
    """Layout that all figures share."""
    return {
        "font": {"family": FONT, "color": look.ink, "size": look.size(12)},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {
            "bgcolor": look.surface,
            "bordercolor": look.grid,
            "font": {"family": FONT, "color": look.ink, "size": look.size(12)},
            "align": "left",
        },
    }


def _mix(colour: str, other: str, share: float) -> str:
    pairs = ((int(colour[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(mine * (1 - share) + yours * share):02x}" for mine, yours in pairs)
