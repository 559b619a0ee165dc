"""UMAP without the wait: what numba compiles of it is kept on disk, where the next process finds it.

umap-learn and pynndescent compile some twenty functions when they are imported and three more for a first map, and keep
few of them. In a process that draws one map of few cells that is most of its time.
"""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numba

if TYPE_CHECKING:
    from collections.abc import Iterator


def import_umap() -> None:
    """Import umap-learn so that its functions are compiled once an installation, not once a process.

    numba keeps them beside their source, in a folder of the user's where that may not be written to, or in
    ``NUMBA_CACHE_DIR``. They are compiled anew when the source, numba or the processor is another.
    """
    if "umap" in sys.modules:
        return
    with _kept(), warnings.catch_warnings():
        # it misses a package that it needs for a map of another kind
        warnings.filterwarnings("ignore", message="Tensorflow", category=ImportWarning)
        import umap  # noqa: F401


@contextmanager
def _kept() -> Iterator[None]:
    """Let ``numba.njit`` keep what it compiles, of functions that are declared in the meantime."""
    declare = numba.njit

    def declare_kept(*given: Any, **options: Any) -> Any:
        return declare(*given, **{"cache": True} | options)

    # neither numba nor umap-learn has a setting for it
    numba.njit = declare_kept
    try:
        yield
    finally:
        numba.njit = declare
