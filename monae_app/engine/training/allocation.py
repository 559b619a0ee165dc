"""Keep the memory of one training step for the next.

A step makes and drops hundreds of blocks of some megabytes. The C library of Linux hands each back to the system and
takes it anew, a page at a time, which costs an eighth of the step. Kept, it costs up to 256 MB at the end of a step.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# <malloc.h> of glibc
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT, LARGEST_BLOCK = 256 << 20, 32 << 20
AS_IT_WAS = 128 << 10


@contextmanager
def memory_kept() -> Iterator[None]:
    """Keep freed blocks while the body runs, and give them back after it; nothing happens where this is not glibc."""
    library = _glibc()
    if library is None:
        yield
        return
    library.mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK)
    library.mallopt(M_TRIM_THRESHOLD, KEPT)
    try:
        yield
    finally:
        library.mallopt(M_MMAP_THRESHOLD, AS_IT_WAS)
        library.mallopt(M_TRIM_THRESHOLD, AS_IT_WAS)
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
