"""Results as files: plain values, arrays, sparse matrices, tables, and records of classes that are named beforehand.

What a file may become is decided by who opens it: a class that is not in the list given is never made, and nothing is
ever executed (no pickle). The arrays lie in a safetensors file; what they are parts of stands in it as JSON.

A digest of all that a file holds stands in it, so that one that was cut off, or that lost a page with the power, is
told from a whole one, and no file has to wait for the disk.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import safetensors
import safetensors.numpy
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

# whatever a damaged or foreign file leads to
UNREADABLE = (safetensors.SafetensorError, OSError, KeyError, ValueError, TypeError, IndexError, RecursionError)
WRITING_FAILED = (OSError, safetensors.SafetensorError)
ABOUT, DIGEST, KEY = "about", "digest", "key"
NUMBERS = "biuf"


class NotKept(TypeError):
    """A value of a kind that no file is made of: a mistake in the program."""


def parts_of(value: Any) -> tuple[Any, dict[str, np.ndarray]]:
    """Take a value apart.

    Returns
    -------
    tuple
        What it is, as JSON holds it, and its arrays by name.

    Raises
    ------
    NotKept
        If it holds anything but None, numbers, texts, lists, tuples, dicts, arrays, CSR matrices, categoricals, tables
        and dataclasses of these.
    """
    arrays: dict[str, np.ndarray] = {}
    return _taken_apart(value, arrays), arrays


def value_of(about: Any, arrays: Mapping[str, np.ndarray], made_of: Iterable[type] = ()) -> Any:
    """Put together what :func:`parts_of` took apart.

    Parameters
    ----------
    about, arrays
        The parts.
    made_of
        Dataclasses that it may hold.

    Raises
    ------
    KeyError, ValueError, TypeError, IndexError
        If these are no parts of a value, or of one that holds another class.
    """
    return _Builder(arrays, {each.__name__: each for each in made_of}).build(about)


def write_value(path: Path, key: str, about: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Write the parts of a value.

    Parameters
    ----------
    path
        Of the file.
    key
        What it was worked out from; see :func:`read_value`.
    about, arrays
        From :func:`parts_of`.

    Raises
    ------
    OSError, safetensors.SafetensorError
        If the disk is full or cannot be written.
    """
    text = json.dumps(about)
    metadata = {KEY: key, ABOUT: text, DIGEST: _digest(key, text, arrays)}
    safetensors.numpy.save_file(dict(arrays), path, metadata=metadata)


def read_key(path: Path) -> str | None:
    """Return the key of a file without reading the rest; None where it is none of ours."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            return (file.metadata() or {}).get(KEY)
    except UNREADABLE:
        return None


def read_value(path: Path, key: str, made_of: Iterable[type] = ()) -> Any:
    """Read a value whose file is whole and has this key.

    Its arrays are in memory of their own and lie there as those that were written did: the last digits of a product
    depend on how its factors lie in memory, and a run that goes on shall end like one that nobody disturbed.

    Raises
    ------
    KeyError, ValueError, TypeError, IndexError, OSError, safetensors.SafetensorError
        If it is damaged, of another key, or holds a class that is not in ``made_of``.
    """
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata() or {}
        if metadata[KEY] != key:
            raise KeyError(key)
        arrays = {name: np.array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118 - not a dict
    if metadata[DIGEST] != _digest(key, metadata[ABOUT], arrays):
        raise ValueError("damaged")
    return value_of(json.loads(metadata[ABOUT]), arrays, made_of)


def _digest(key: str, about: str, arrays: Mapping[str, np.ndarray]) -> str:
    found = hashlib.blake2b(f"{key}\n{about}\n".encode(), digest_size=16)
    for name in sorted(arrays):
        found.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}\n".encode())
        found.update(np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def _taken_apart(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, np.generic)):
        return value
    for kind, take in _KINDS:
        if isinstance(value, kind):
            return take(value, arrays)
    if is_dataclass(value) and not isinstance(value, type):
        held = {each.name: _taken_apart(getattr(value, each.name), arrays) for each in fields(value) if each.init}
        return {"is": "record", "name": type(value).__name__, "of": held}
    msg = f"a {type(value).__name__} is not kept"
    raise NotKept(msg)


def _of_array(value: np.ndarray, arrays: dict[str, np.ndarray]) -> Any:
    if value.dtype.kind not in NUMBERS:
        texts = value.tolist()
        if value.ndim != 1 or not all(isinstance(each, str) for each in texts):
            msg = f"an array of {value.dtype} is not kept"
            raise NotKept(msg)
        return {"is": "texts", "of": texts, "object": value.dtype.kind == "O"}
    # a file holds arrays row by row; one that lies column by column shall do so again
    turned = value.flags.f_contiguous and not value.flags.c_contiguous
    held = np.asarray(value.T if turned else value, order="C")
    # what stands in two places is written once
    name = next((known for known, each in arrays.items() if each is held), str(len(arrays)))
    arrays[name] = held
    return {"is": "array", "of": name, "turned": bool(turned)}


def _of_matrix(value: sp.csr_matrix, arrays: dict[str, np.ndarray]) -> Any:
    held = {name: _of_array(getattr(value, name), arrays) for name in ("data", "indices", "indptr")}
    return {"is": "matrix", "of": held, "shape": list(map(int, value.shape)), "array": isinstance(value, sp.csr_array)}


def _of_table(value: pd.DataFrame, arrays: dict[str, np.ndarray]) -> Any:
    if not isinstance(value.index, pd.RangeIndex):
        raise NotKept("a table with names of rows is not kept")
    columns = [value[name].array for name in value]
    held = [each if isinstance(each, pd.Categorical) else np.asarray(each) for each in columns]
    return {"is": "table", "names": list(map(str, value)), "of": [_taken_apart(each, arrays) for each in held]}


def _of_categories(value: pd.Categorical, arrays: dict[str, np.ndarray]) -> Any:
    codes = _of_array(np.asarray(value.codes), arrays)
    return {"is": "categories", "of": codes, "names": list(map(str, value.categories)), "ordered": bool(value.ordered)}


def _of_many(value: list[Any] | tuple[Any, ...], arrays: dict[str, np.ndarray]) -> Any:
    return {"is": type(value).__name__, "of": [_taken_apart(each, arrays) for each in value]}


def _of_dict(value: dict[Any, Any], arrays: dict[str, np.ndarray]) -> Any:
    pairs = [[_taken_apart(name, arrays), _taken_apart(each, arrays)] for name, each in value.items()]
    return {"is": "dict", "of": pairs}


def _of_scalar(value: np.generic, arrays: dict[str, np.ndarray]) -> Any:
    if value.dtype.kind == "U":
        return str(value)
    return {"is": "scalar", "of": _of_array(np.asarray(value), arrays)}


_KINDS: tuple[tuple[type, Callable[[Any, dict[str, np.ndarray]], Any]], ...] = (
    (np.generic, _of_scalar),
    (np.ndarray, _of_array),
    (sp.csr_matrix, _of_matrix),
    (sp.csr_array, _of_matrix),
    (pd.Categorical, _of_categories),
    (pd.DataFrame, _of_table),
    (list, _of_many),
    (tuple, _of_many),
    (dict, _of_dict),
)


class _Builder:
    """Makes a value of its parts."""

    def __init__(self, arrays: Mapping[str, np.ndarray], classes: Mapping[str, type]) -> None:
        self._arrays, self._classes = arrays, classes

    def build(self, about: Any) -> Any:
        """Make what is described; each kind has a method of its name."""
        if not isinstance(about, dict):
            return about
        kind = about["is"]
        if kind in ("list", "tuple", "dict", "record", "array", "scalar", "texts", "matrix", "categories", "table"):
            return getattr(self, f"_{kind}")(about)
        raise KeyError(kind)

    def _list(self, about: Any) -> list[Any]:
        return [self.build(each) for each in about["of"]]

    def _tuple(self, about: Any) -> tuple[Any, ...]:
        return tuple(self._list(about))

    def _dict(self, about: Any) -> dict[Any, Any]:
        return {self.build(name): self.build(each) for name, each in about["of"]}

    def _record(self, about: Any) -> Any:
        return self._classes[about["name"]](**{name: self.build(each) for name, each in about["of"].items()})

    def _array(self, about: Any) -> np.ndarray:
        found = self._arrays[about["of"]]
        return found.T if about["turned"] else found

    def _scalar(self, about: Any) -> Any:
        return self._array(about["of"])[()]

    def _texts(self, about: Any) -> np.ndarray:
        return np.array(about["of"], dtype=object if about["object"] else np.str_)

    def _matrix(self, about: Any) -> sp.csr_matrix | sp.csr_array:
        held = tuple(self._array(about["of"][name]) for name in ("data", "indices", "indptr"))
        found = (sp.csr_array if about["array"] else sp.csr_matrix)(held, shape=tuple(about["shape"]))
        # an index beyond the shape would be read from foreign memory
        found.check_format(full_check=True)
        return found

    def _categories(self, about: Any) -> pd.Categorical:
        return pd.Categorical.from_codes(
            self._array(about["of"]), categories=pd.Index(about["names"], dtype=object), ordered=about["ordered"]
        )

    def _table(self, about: Any) -> pd.DataFrame:
        return pd.DataFrame(dict(zip(about["names"], map(self.build, about["of"]), strict=True)))
