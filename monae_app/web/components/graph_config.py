"""What every figure of plotly offers beside itself."""

from __future__ import annotations

from typing import Any

# Pictures are saved by the buttons below a figure. By itself plotly also offers to upload what is shown to its maker.
FIGURE_CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["toImage"],
    "showSendToCloud": False,
}
