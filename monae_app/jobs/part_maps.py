"""Maps of some cells that were made for a user: ``<store>/users/<user>/maps/<key>.npz``, for a week.

The key is worked out from the run, the cells and the resolution: what is asked for again is there already, and a key
that a browser sends is looked at before it becomes a path.
"""

from __future__ import annotations

import io
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.analysis.part_map import PartMap
from monae_app.jobs import bitsets
from monae_app.jobs.kept_files import identity, key_of, user_folder
from monae_app.jobs.private_files import private_folder, write_private

if TYPE_CHECKING:
    from pathlib import Path

KEY = re.compile(r"[0-9a-f]{40}")
# Maps that a link shows: not cleared away after a week.
SHOWN_BY_LINKS = "linked"


@dataclass(frozen=True)
class KeptMap:
    """A map, what its cells are called, and the resolution of its clusters."""

    part: PartMap
    title: str
    resolution: float


def order_of(folder: Path, chosen: np.ndarray, resolution: float, title: str) -> dict[str, Any]:
    """Write an order for :func:`monae_app.jobs.short_maps.map_some_cells` that keeps no clusters.

    Parameters
    ----------
    folder
        Of the run.
    chosen
        (N,) booleans: the cells.
    resolution
        Of the clusters.
    title
        What the cells are called.
    """
    cells = bitsets.written(chosen)
    return {"folder": str(folder), "cells": cells, "resolution": float(resolution), "title": title}


class PartMaps:
    """The maps of one user.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose they are.
    owner
        Of the run that is looked at, whose links may show maps of theirs.
    """

    def __init__(self, store: Path, user: str, owner: str | None = None) -> None:
        self._folder = user_folder(store, user, "maps")
        owners = [user, owner] if owner else [user]
        self._linked = [user_folder(store, each, "maps") / SHOWN_BY_LINKS for each in owners]

    @staticmethod
    def key(run: Path, rows: np.ndarray, resolution: float) -> str:
        """Return the key of a map that may or may not be there."""
        cells = sha256(np.ascontiguousarray(rows, np.int64).tobytes()).hexdigest()
        return key_of([*identity(run), cells, float(resolution)])

    def read(self, run: Path, key: str) -> KeptMap | None:
        """Return a map; None if it is of another run, was not made, or is not kept any more."""
        if not KEY.fullmatch(key):
            return None
        for folder in (self._folder, *self._linked):
            with (
                suppress(OSError, ValueError, LookupError, EOFError),
                np.load(folder / f"{key}.npz", allow_pickle=False) as file,
            ):
                about = json.loads(bytes(file["about"]))
                if about["run"] == identity(run):
                    part = PartMap(file["rows"], file["xy"], file["clusters"])
                    return KeptMap(part, str(about["title"]), float(about["resolution"]))
        return None

    def write(self, run: Path, key: str, made: KeptMap) -> None:
        """Keep a map."""
        content = io.BytesIO()
        said = {"run": identity(run), "title": made.title, "resolution": made.resolution}
        about = json.dumps(said, ensure_ascii=False).encode()
        np.savez_compressed(
            content,
            rows=made.part.rows.astype(np.int64),
            xy=made.part.xy.astype(np.float32),
            clusters=made.part.clusters.astype(np.int32),
            about=np.frombuffer(about, np.uint8),
        )
        write_private(private_folder(self._folder) / f"{key}.npz", content.getvalue())

    def keep_for_link(self, key: str) -> None:
        """Keep a map of this user for as long as a link may show it."""
        if KEY.fullmatch(key) and (known := self._folder / f"{key}.npz").is_file():
            write_private(private_folder(self._linked[0]) / known.name, known.read_bytes())
