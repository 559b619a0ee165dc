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
import scipy.sparse as sp

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
def quiet() -> Iterator[None]:
    """Silence what umap-learn, scanpy and numba say of neighbours and maps, while the body makes some."""
    with warnings.catch_warnings():
        # umap-learn says that a seed means one thread, which is what we ask for
        warnings.filterwarnings("ignore", message="n_jobs value", category=UserWarning)
        warnings.filterwarnings("ignore", message=".*(?:Spectral|spectral|Graph is not fully connected).*")
        # scanpy sets a diagonal that cells in the very same spot have not filled
        warnings.filterwarnings("ignore", category=sp.SparseEfficiencyWarning)
        # approximate search calls other functions by what it is given; numba compiles it anew in each process
        warnings.filterwarnings("ignore", message="Cannot cache compiled function")
        yield


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
