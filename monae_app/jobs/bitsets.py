"""Selections of cells as bits: ceil(N / 8) bytes, least significant bit first, row = 8 * byte + bit. N cells."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def bytes_for(cells: int) -> int:
    """Return how many bytes a selection among so many cells takes."""
    return (cells + 7) // 8


def pack(chosen: NDArray[np.bool_]) -> bytes:
    """Write (N,) booleans as bits."""
    return np.packbits(chosen, bitorder="little").tobytes()


def unpack(bits: bytes, cells: int) -> NDArray[np.bool_]:
    """Read bits as (N,) booleans.

    Raises
    ------
    InputError
        If they are not bits of exactly so many cells.
    """
    check(bits, cells)
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=cells, bitorder="little").view(np.bool_)


def written(chosen: NDArray[np.bool_]) -> str:
    """Write (N,) booleans as text (bits in base64), for orders in JSON."""
    return base64.b64encode(pack(chosen)).decode()


def read(text: str, cells: int) -> NDArray[np.bool_]:
    """Read what :func:`written` wrote; refused as :func:`unpack` refuses."""
    return unpack(base64.b64decode(text), cells)


def check(bits: bytes, cells: int) -> None:
    """Refuse bits that are not those of so many cells.

    Raises
    ------
    InputError
        If there are more or fewer, or bits beyond the last cell are set.
    """
    if len(bits) != bytes_for(cells) or (cells % 8 and bits[-1] >> cells % 8):
        raise InputError(
            f"The selection is not one of this run ({len(bits):,} bytes).",
            f"one bit for each of its {cells:,} cells, {bytes_for(cells):,} bytes.",
            "reload the page, and select again.",
        )


def count(bits: bytes) -> int:
    """Return how many cells are chosen."""
    return int(np.bitwise_count(np.frombuffer(bits, np.uint8)).sum(dtype=np.int64))


def some(bits: bytes, cells: int) -> int:
    """Return how many of so many cells are chosen, at least one.

    Raises
    ------
    InputError
        If none is, or they are not bits of so many cells.
    """
    check(bits, cells)
    chosen = count(bits)
    if not chosen:
        raise InputError(
            "No cells are selected.", "a selection of at least one cell.", "draw around some cells, then try again."
        )
    return chosen
