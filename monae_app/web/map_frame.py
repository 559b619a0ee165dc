"""What the map of the cells is sent as: two bytes a coordinate, one byte a colour. N cells.

A colour frame is the length of a JSON header (uint32, little-endian, a multiple of 4), the header, padded by spaces,
and one byte a cell. 255 is "no value".
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

NO_VALUE = 255
# The byte of the highest value of a continuous colour; groups have the bytes below 254.
TOP = 254
MOST_GROUPS = 254
# Steps of each of the two features of a blend.
BLEND_TOP = 14
LEAST_EXTENT = 1e-30
COORDINATE_TOP = 65535


def bounds_of(xy: np.ndarray) -> list[float]:
    """Return [x0, x1, y0, y1] of all finite coordinates (N, 2), never of no extent."""
    found: list[float] = []
    for axis in range(2):
        finite = xy[:, axis][np.isfinite(xy[:, axis])]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        found += [low, high if high > low else low + 1.0]
    return found


def coordinates(xy: np.ndarray, bounds: list[float]) -> bytes:
    """Write coordinates (N, 2) as uint16, interleaved; a cell without a place lies at the lower bound.

    The error is at most half of 1 / 65535 of the extent.
    """
    low = np.array([bounds[0], bounds[2]])
    extent = np.array([bounds[1], bounds[3]]) - low
    steps = (np.asarray(xy, np.float64) - low) * (COORDINATE_TOP / extent)
    np.nan_to_num(steps, copy=False, nan=0.0)
    return bytes(np.clip(np.rint(steps), 0, COORDINATE_TOP).astype("<u2").tobytes())


def frame(header: dict[str, Any], codes: np.ndarray) -> bytes:
    """Join a header and one byte a cell (N,)."""
    text = json.dumps(header, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text + codes.astype(np.uint8, copy=False).tobytes()


def groups(codes: np.ndarray, names: list[str]) -> tuple[dict[str, Any], np.ndarray]:
    """Code groups.

    Parameters
    ----------
    codes
        Index of each cell's group, (N,) integers; negative where it has none.
    names
        Of the groups. Beyond 254 the largest keep their own, and the others are one.
    """
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    if len(names) > MOST_GROUPS:
        codes, names, counts = _largest(codes, names, counts)
    header = {
        "kind": "groups",
        "unit": "",
        "groups": [{"name": name, "count": int(count)} for name, count in zip(names, counts, strict=True)],
        "missing": int((codes < 0).sum()),
    }
    return header, np.where(codes < 0, NO_VALUE, codes).astype(np.uint8)


def _largest(codes: np.ndarray, names: list[str], counts: np.ndarray) -> tuple[np.ndarray, list[str], np.ndarray]:
    kept = np.sort(np.argsort(-counts, kind="stable")[: MOST_GROUPS - 1])
    new = np.full(len(names) + 1, MOST_GROUPS - 1)
    new[kept] = np.arange(len(kept))
    # a negative code finds the last place
    new[-1] = -1
    others = f"{len(names) - len(kept):,} other groups"
    return new[codes], [*(names[i] for i in kept), others], np.append(counts[kept], counts.sum() - counts[kept].sum())


def values(
    numbers: np.ndarray, low: float = 1.0, high: float = 99.0, *, nonzero: bool = False
) -> tuple[dict[str, Any], np.ndarray]:
    """Code continuous values by their percentiles.

    Parameters
    ----------
    numbers
        (N,) floats; what is not finite has no value.
    low, high
        Percentiles that the lowest and the highest byte stand for. Where both are one number, the extremes take
        their place.
    nonzero
        Percentiles of those that are not zero; zeros keep the byte 0 for themselves if nothing is negative.
    """
    finite = np.isfinite(numbers)
    known = numbers if finite.all() else numbers[finite]
    zeros = len(known) - int(np.count_nonzero(known))
    least, most = (float(known.min()), float(known.max())) if len(known) else (None, None)
    span = _span(known[known != 0] if nonzero and zeros else known, low, high)
    codes = _coded(numbers, finite, span, TOP)
    if nonzero and least is not None and least >= 0:
        np.maximum(codes, 1, out=codes, where=finite)
        codes[numbers == 0] = 0
    header = {
        "kind": "values",
        "low": span[0],
        "high": span[1],
        "least": least,
        "most": most,
        "missing": len(numbers) - len(known),
        "zeros": zeros,
    }
    return header, codes


def blend(
    first: np.ndarray, second: np.ndarray, low: float = 1.0, high: float = 99.0
) -> tuple[dict[str, Any], np.ndarray]:
    """Code two features (N,) in one byte, 16 * first + second, 0..14 each; both are needed."""
    finite = np.isfinite(first) & np.isfinite(second)
    spans = [_span(numbers[finite], low, high) for numbers in (first, second)]
    steps = [_coded(numbers, finite, span, BLEND_TOP) for numbers, span in zip((first, second), spans, strict=True)]
    codes = np.where(finite, 16 * steps[0] + steps[1], NO_VALUE).astype(np.uint8)
    lows, highs = zip(*spans, strict=True)
    header = {"kind": "blend", "low": list(lows), "high": list(highs), "missing": int((~finite).sum())}
    return header, codes


def _span(known: np.ndarray, low: float, high: float) -> tuple[float | None, float | None]:
    if not len(known):
        return None, None
    found = np.percentile(known, [low, high])
    if found[0] < found[1]:
        return float(found[0]), float(found[1])
    return float(known.min()), float(known.max())


def _coded(numbers: np.ndarray, finite: np.ndarray, span: tuple[float | None, float | None], top: int) -> np.ndarray:
    low, high = span
    if low is None or high is None:
        low, high = 0.0, 1.0
    extent = high - low
    # The quick way is too coarse for the smallest of numbers: their factor would be infinite.
    quick = numbers.dtype == np.float32 and extent > LEAST_EXTENT
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.subtract(numbers, low, dtype=np.float32 if quick else np.float64)
        if extent > LEAST_EXTENT:
            steps *= top / extent
        else:
            steps = steps / extent * top if extent > 0 else np.zeros_like(steps)
        np.rint(steps, out=steps)
        np.clip(steps, 0, top, out=steps)
    steps[~finite] = NO_VALUE
    return np.asarray(steps, dtype=np.uint8)
