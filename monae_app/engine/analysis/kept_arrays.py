"""Arrays that were costly to read or compute, kept while there is room: the oldest go first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")
# Of one entry beside its arrays.
OVERHEAD = 200


class KeptArrays:
    """What was made, by owner and name, bounded by bytes.

    Parameters
    ----------
    limit
        Bytes that all entries together may take; one that takes more than half of them is not kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, Hashable], tuple[Any, int]] = OrderedDict()
        self._making: dict[tuple[str, Hashable], threading.Lock] = {}
        self.size = 0

    def get(self, owner: str, name: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept, or make it: once, however many ask at the same time.

        Parameters
        ----------
        owner
            A run.
        name
            Of the entry among its own.
        make
            Makes an array, a column or a small object; nobody may write into it later.
        """
        key = (owner, name)
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key][0]  # type: ignore[no-any-return]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._entries:
                    return self._entries[key][0]  # type: ignore[no-any-return]
            try:
                made = make()
                self._keep(key, made)
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return made

    def drop(self, owner: str) -> None:
        """Forget what belongs to a run."""
        with self._lock:
            for key in [key for key in self._entries if key[0] == owner]:
                self.size -= self._entries.pop(key)[1]

    def _keep(self, key: tuple[str, Hashable], made: Any) -> None:
        size = size_of(made)
        if size > self._limit // 2:
            return
        with self._lock:
            self._entries[key] = (made, size)
            self.size += size
            while self.size > self._limit:
                self.size -= self._entries.popitem(last=False)[1][1]


def size_of(made: Any) -> int:
    """Bytes that an entry takes, its arrays counted and the rest guessed."""
    if isinstance(made, np.ndarray):
        return int(made.nbytes) + OVERHEAD
    if isinstance(made, pd.Series):
        if isinstance(made.dtype, pd.CategoricalDtype):
            return int(made.cat.codes.to_numpy().nbytes) + OVERHEAD * (1 + len(made.cat.categories))
        return int(made.memory_usage(index=False, deep=made.dtype == object)) + OVERHEAD
    return OVERHEAD + int(getattr(made, "nbytes", 0))
