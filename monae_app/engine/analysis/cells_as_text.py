"""A small number for every cell, written as text that can stand in a program: a selection, or the groups of a column.

N cells.
"""

from __future__ import annotations

import base64
import zlib

import numpy as np

from monae_app.engine.errors import InputError

LONGEST_LINE = 100


def to_text(codes: np.ndarray) -> str:
    """Write numbers (N,) from 0 to 255 (or booleans) as lines of letters, compressed."""
    packed = base64.b64encode(zlib.compress(np.ascontiguousarray(codes, np.uint8).tobytes(), 9)).decode()
    return "\n".join(packed[start : start + LONGEST_LINE] for start in range(0, len(packed), LONGEST_LINE))


def from_text(text: str) -> np.ndarray:
    """Read what :func:`to_text` wrote, (N,) uint8.

    Raises
    ------
    InputError
        If it is none of that.
    """
    try:
        return np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8).copy()
    except (ValueError, zlib.error) as error:
        raise InputError(
            "The cells in this text cannot be read.", "the whole text, unchanged.", "copy the program again."
        ) from error
