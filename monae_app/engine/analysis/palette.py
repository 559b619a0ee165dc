"""The colours of groups, in figures, on the map and in the report."""

from __future__ import annotations

# Twenty colours at least 0.108 apart in OKLab for normal sight, and 0.08 for deutan, protan and tritan sight
# (Machado et al. 2009, severity 1), found by farthest-point search among colours of middling lightness and chroma.
PALETTE = (
    "#00aa9b", "#ff8b0f", "#641fb2", "#2e4d7c", "#d82e00", "#aae017", "#c174ff", "#a25d5d", "#3ef0d1", "#8b0f55",
    "#b2b274", "#8383c9", "#c18355", "#ff9bff", "#2e8393", "#e0d193", "#aa0008", "#645daa", "#9355e0", "#74c1c1",
)  # fmt: skip
