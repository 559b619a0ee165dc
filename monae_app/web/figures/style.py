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
LEAST_CONTRAST = 3.0
STYLES = {"light": LIGHT, "dark": DARK, "projector": PROJECTOR}


def style(theme: str | None) -> Style:
    """Pick the style of a theme."""
    return STYLES.get(theme or "", LIGHT)


def group_colour(index: int, look: Style) -> str:
    """Colour of the group of this index; beyond the palette, paler shades of it."""
    colour = PALETTE[index % len(PALETTE)]
    lap = index // len(PALETTE)
    return colour if lap == 0 else _mix(colour, look.surface, min(0.35 * lap, 0.7))


def line_colour(index: int, look: Style) -> str:
    """Colour of a line or a mark that stands alone: that of the group; on dark ground drawn to the ink until it shows.

    Graphics need a contrast of three to one against what they stand on (WCAG 2.2, 1.4.11). The palette is made for
    light ground, where its pale colours stay as they are: they are told apart by their hue.
    """
    colour, share = group_colour(index, look), 0.0
    if _luminance(look.surface) > _luminance(look.ink):
        return colour
    while _contrast(_mix(colour, look.ink, share), look.surface) < LEAST_CONTRAST:
        share += 0.1
    return _mix(colour, look.ink, share)


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


def _contrast(one: str, other: str) -> float:
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of a colour of sRGB, as WCAG 2.2 defines it."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _mix(colour: str, other: str, share: float) -> str:
    pairs = ((int(colour[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(mine * (1 - share) + yours * share):02x}" for mine, yours in pairs)
