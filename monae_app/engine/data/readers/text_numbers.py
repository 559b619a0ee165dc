"""Blocks of a text table, parsed without a Python object a value.

A table of counts is mostly zeros: the places of the separators are found for a whole block at once, fields that are
``0`` are passed over, and the others are added up digit by digit, all fields together.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

NEWLINE, ZERO, MINUS, POINT, QUOTE = b'\n0-."'
# a decimal of 15 digits is the quotient of two numbers that doubles hold exactly, so it is rounded once
MOST_DIGITS = 15
LONGEST_FIELD = 64
MISSING = frozenset([b"", b"NA", b"N/A", b"NaN", b"nan", b"NAN", b"null", b"NULL", b"None", b"."])
INNER = "\x1f"


@dataclass(frozen=True)
class Fields:
    """How the lines of a table are to be cut.

    Parameters
    ----------
    delimiter
        One character.
    count
        Fields a line.
    text
        Which fields are text, in order.
    numbers
        Which fields are numbers, in order.
    decimal_comma
        Whether 1,5 is one and a half.
    """

    delimiter: str
    count: int
    text: tuple[int, ...]
    numbers: np.ndarray
    decimal_comma: bool = False


class Block(NamedTuple):
    """Lines of a table: texts by field, and the numbers, shape (lines, numbers)."""

    texts: dict[int, list[str]]
    values: sp.csr_matrix


class BadNumberError(ValueError):
    """A field that is no number: its line in the block, its field, and what stands there."""

    def __init__(self, line: int, column: int, found: str) -> None:
        super().__init__(f"{found!r} is no number")
        self.line, self.column, self.found = line, column, found


def parse(block: bytes, fields: Fields) -> Block:
    """Parse whole lines.

    Raises
    ------
    BadNumberError
        If a field that should be a number is none.
    ValueError
        If a line has more or fewer fields.
    """
    block = block.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"
    found = _cut(block, fields.delimiter.encode(), fields.count)
    if found is not None:
        try:
            return _taken(block, *found, fields)
        except BadNumberError:
            if QUOTE not in block:
                raise
    block = _unquoted(block, fields)
    found = _cut(block, INNER.encode(), fields.count)
    if found is None:
        raise ValueError("lines of the table differ in their number of fields")
    return _taken(block, *found, fields)


def _cut(block: bytes, delimiter: bytes, count: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Return where each field begins and ends, shapes (lines, count); None if the lines have not all so many."""
    array = np.frombuffer(block, np.uint8)
    separators = np.flatnonzero((array == delimiter[0]) | (array == NEWLINE))
    if len(separators) % count:
        return None
    ends = separators.reshape(-1, count)
    if (array[ends[:, -1]] != NEWLINE).any() or (array[ends[:, :-1]] == NEWLINE).any():
        return None
    starts = np.empty_like(ends)
    starts.flat[0], starts.flat[1:] = 0, separators[:-1] + 1
    return starts, ends


def _unquoted(block: bytes, fields: Fields) -> bytes:
    """Cut quoted and ragged lines properly, slower."""
    text = block.decode("utf-8", "replace")
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=fields.delimiter) if row]
    for row in rows:
        if len(row) != fields.count:
            raise ValueError(
                f"the line that begins with {row[0][:40]!r} has {len(row)} fields, others have {fields.count}"
            )
    clean = [[field.replace("\n", " ").replace(INNER, " ") for field in row] for row in rows]
    return ("\n".join(INNER.join(row) for row in clean) + "\n").encode()


def _taken(block: bytes, starts: np.ndarray, ends: np.ndarray, fields: Fields) -> Block:
    texts = {
        column: [
            _plain(block[start:end])
            for start, end in zip(starts[:, column].tolist(), ends[:, column].tolist(), strict=True)
        ]
        for column in fields.text
    }
    array = np.frombuffer(block, np.uint8)
    begin, length = starts[:, fields.numbers], (ends - starts)[:, fields.numbers]
    lines, columns = np.nonzero((length != 1) | (array[begin] != ZERO))
    try:
        values = _numbers(array, begin[lines, columns], length[lines, columns], decimal_comma=fields.decimal_comma)
    except _NoNumberError as error:
        place = error.place
        raise BadNumberError(int(lines[place]), int(fields.numbers[columns[place]]), error.found) from error
    kept = values != 0
    shape = (len(starts), len(fields.numbers))
    whole = sp.csr_matrix((values[kept], (lines[kept], columns[kept])), shape=shape)
    return Block(texts, whole)


def _plain(field: bytes) -> str:
    text = field.decode("utf-8", "replace").strip()
    return text[1:-1].replace('""', '"') if len(text) > 1 and text[0] == text[-1] == '"' else text


class _NoNumberError(ValueError):
    def __init__(self, place: int, found: str) -> None:
        super().__init__(found)
        self.place, self.found = place, found


def _numbers(array: np.ndarray, begin: np.ndarray, length: np.ndarray, *, decimal_comma: bool) -> np.ndarray:
    """Read the numbers that begin at some places of a text, shape (n,)."""
    total, digits, decimals = np.zeros(len(begin)), np.zeros(len(begin), np.int16), np.zeros(len(begin), np.int16)
    plain = (length > 0) & (length <= MOST_DIGITS + 2)
    negative = np.zeros(len(begin), bool)
    pointed = np.zeros(len(begin), bool)
    point = ord(",") if decimal_comma else POINT
    for i in range(int(length[plain].max(initial=0))):
        inside = i < length
        char = array[np.minimum(begin + i, len(array) - 1)]
        digit = inside & (char >= ZERO) & (char <= ZERO + 9)
        total = np.where(digit, total * 10 + (char - np.uint8(ZERO)), total)
        digits += digit
        decimals += digit & pointed
        is_point = inside & (char == point) & ~pointed
        pointed |= is_point
        is_minus = inside & (char == MINUS) if i == 0 else np.zeros(len(begin), bool)
        negative |= is_minus
        plain &= ~inside | digit | is_point | is_minus
    plain &= (digits > 0) & (digits <= MOST_DIGITS)
    values = total / 10.0**decimals
    values[negative] *= -1
    for place in np.flatnonzero(~plain).tolist():
        start = int(begin[place])
        values[place] = _odd(array[start : start + int(length[place])].tobytes(), place, decimal_comma=decimal_comma)
    return values


def _odd(field: bytes, place: int, *, decimal_comma: bool) -> float:
    """Read what is no plain decimal: 1e-5, NA, a quoted number is none."""
    text = field.strip()
    if text in MISSING:
        return float("nan")
    if decimal_comma:
        text = text.replace(b",", b".")
    try:
        if len(text) > LONGEST_FIELD or b"_" in text:
            raise ValueError
        return float(text)
    except ValueError as error:
        raise _NoNumberError(place, text[:LONGEST_FIELD].decode("utf-8", "replace")) from error
