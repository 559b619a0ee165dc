"""Entries of a matrix in whatever order a file lists them, brought into lines by way of the disk.

An entry goes to the end of the file of its lines, some hundreds or thousands of neighbouring ones; each such file is
then small enough to be sorted in memory. What has gone there is noted after each batch, with the place in the source up
to which it was read: whoever comes after a process that was killed goes on from there. L lines, M places in each.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data import in_blocks
from monae_app.engine.folder import sweep
from monae_app.engine.result import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.store.lines import LineWriter

ENTRY = np.dtype([("line", np.int32), ("place", np.int32), ("value", np.float32)])
NOTE = "scattered.json"


class Scattering:
    """Takes entries in any order, a batch at a time.

    Parameters
    ----------
    folder
        For entries that wait; made if need be. Of one that was left there, what was noted is taken over.
    n_lines
        L.
    n_entries
        How many there will be, about: what is in memory at once follows from it.

    Attributes
    ----------
    position
        Up to where the source has been read, as it was told with the last batch; 0 at first.

    Raises
    ------
    OSError
        Here and in all that follows: if the disk is too full.
    """

    def __init__(self, folder: Path, n_lines: int, n_entries: int) -> None:
        self._folder, self._n_lines = folder, n_lines
        self._each = max(1, n_lines * in_blocks.VALUES_AT_ONCE // max(n_entries, 1))
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        self._lengths = [0] * -(-n_lines // self._each)
        self.position = 0
        self._take_over()

    @property
    def taken(self) -> int:
        """Entries that have been added."""
        return sum(self._lengths)

    def add(self, lines: np.ndarray, places: np.ndarray, values: np.ndarray, position: int) -> None:
        """Add entries, (n,) each, all of them in range; the same place more than once is summed in the end."""
        goes_to = lines // self._each
        order = np.argsort(goes_to, kind="stable")
        entries = np.empty(len(order), ENTRY)
        entries["line"], entries["place"], entries["value"] = lines[order], places[order], values[order]
        ends = np.searchsorted(goes_to[order], np.arange(1, len(self._lengths)))
        for number, mine in enumerate(np.split(entries, ends)):
            if len(mine):
                with self._path(number).open("ab") as file:
                    mine.tofile(file)
                self._lengths[number] += len(mine)
        self.position = position
        write_json(self._folder / NOTE, self._note(), durable=False)

    def hand_over(self, writer: LineWriter, n_places: int) -> None:
        """Write all lines that the writer has not got yet, and take the entries away."""
        while writer.done < self._n_lines:
            number = writer.done // self._each
            first = number * self._each
            last = min(first + self._each, self._n_lines)
            entries = np.fromfile(self._path(number), ENTRY) if self._lengths[number] else np.zeros(0, ENTRY)
            block = sp.csr_matrix(
                (entries["value"], (entries["line"] - first, entries["place"])), shape=(last - first, n_places)
            )
            block.sum_duplicates()
            block.eliminate_zeros()
            writer.append(block)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"entries.{number}"

    def _note(self) -> dict[str, Any]:
        return {"lines": self._n_lines, "each": self._each, "lengths": self._lengths, "position": self.position}

    def _take_over(self) -> None:
        """Go on with what was noted, if all of it is there; else begin anew."""
        try:
            found = json.loads((self._folder / NOTE).read_text(encoding="utf-8"))
            lengths = [int(each) for each in found["lengths"]]
            alike = (found["lines"], found["each"], len(lengths)) == (self._n_lines, self._each, len(self._lengths))
            if alike and all(self._holds(number, length) for number, length in enumerate(lengths)):
                self._lengths, self.position = lengths, int(found["position"])
        except (OSError, ValueError, LookupError, TypeError):
            pass
        for number, length in enumerate(self._lengths):
            if self._path(number).exists():
                os.truncate(self._path(number), length * ENTRY.itemsize)

    def _holds(self, number: int, length: int) -> bool:
        return not length or self._path(number).stat().st_size >= length * ENTRY.itemsize
