"""In which order the bundled samples stand: the first one is what a new user sees."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DESCRIPTION = "sample.json"
LAST = 1_000


def sample_folders(root: Path) -> list[Path]:
    """List the folders below ``root`` that describe themselves, by ``order`` in their sample.json, then by name."""
    found = (path.parent for path in root.glob(f"*/{DESCRIPTION}"))
    return sorted(found, key=lambda folder: (_order(folder), folder.name))


def _order(folder: Path) -> int:
    return int(json.loads((folder / DESCRIPTION).read_text(encoding="utf-8")).get("order", LAST))
