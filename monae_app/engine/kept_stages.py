"""What a run has worked out is kept in its folder until it is finished: whoever kills it loses one shard of one stage.

    with keeping_in(folder, key, tell):
        components = in_shards("components of rna", n_cells, 20_000, project)
        anchors = kept("anchors of rna and atac", find, made_of=(Anchors, LinearMap))

Each result is a file of ``stages/`` in the folder of the run, whole or absent, and is opened instead of computed where
its key agrees: what was read, with which settings, by which version, and after training by which network. A file that
is damaged or foreign is computed anew. Where there is no folder, such as in ``Monae.fit`` by itself, nothing is kept,
and nothing happens but the computation.

What is computed within a stage belongs to it: its files lie in a folder of the stage's name and go once the stage is
kept as a whole. A name is used once within its stage; the same name twice would be the same result.

One process writes. Others may open what it kept at any time: a file has its name only once it is whole.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from monae_app.engine.folder import is_full, sweep
from monae_app.engine.kept_values import (
    UNREADABLE,
    WRITING_FAILED,
    parts_of,
    read_key,
    read_value,
    value_of,
    write_value,
)
from monae_app.engine.result import STAGES, write_atomically
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ENDING = ".safetensors"
ALONE = 12  # names that are said one by one
KEPT_BY_OTHERS = "Another process keeps the stages."

Value = TypeVar("Value")
Rows = TypeVar("Rows", np.ndarray, tuple[np.ndarray, ...])


@dataclass
class _Stages:
    """Where stages are kept, under which key, and by whom they are told."""

    folder: Path
    key: str
    tell: Telling
    within: tuple[str, ...] = ()
    asked: set[tuple[str, ...]] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)

    def path(self, name: str) -> Path:
        """Of the file, below the stages that it is part of."""
        return self.folder.joinpath(*map(_plain, self.within), _plain(name) + ENDING)

    def ask(self, name: str) -> Path:
        """Of the file, of which the name is taken from now on."""
        if (*self.within, name) in self.asked:
            msg = f"two stages are called {name!r}"
            raise ValueError(msg)
        self.asked.add((*self.within, name))
        return self.path(name)


_now: ContextVar[_Stages | None] = ContextVar("where stages are kept", default=None)


@contextmanager
def keeping_in(run: Path, key: str, tell: Telling = SILENT, *, others: bool = False) -> Iterator[None]:
    """Keep stages in the folder of a run while the body runs.

    Parameters
    ----------
    run
        The folder.
    key
        Stands for all that the stages depend on.
    tell
        Told what is taken from before, and once if nothing can be kept any more.
    others
        Whether it is another process that keeps stages there: they are opened, and none is written.
    """
    for place, _, _ in os.walk(run / STAGES) if not others else ():
        sweep(Path(place))
    with _within(_Stages(run / STAGES, key, tell, failed=[KEPT_BY_OTHERS] if others else [])) as stages:
        _say_what_is_there(stages)
        yield


@contextmanager
def building_on(what: Callable[[], str], tell: Telling = SILENT) -> Iterator[None]:
    """Let all stages of the body depend on one thing more, such as the network that was trained.

    Parameters
    ----------
    what
        Gives its digest; not asked where nothing is kept.
    tell
        As in :func:`keeping_in`.
    """
    stages = _now.get()
    if stages is None:
        yield
        return
    key = hashlib.blake2b(f"{stages.key}\n{what()}".encode(), digest_size=16).hexdigest()
    with _within(_Stages(stages.folder, key, tell, failed=stages.failed)) as built:
        _say_what_is_there(built)
        yield


def forget(run: Path) -> None:
    """Remove all that was kept of a run; what cannot be removed does no harm and stays."""
    shutil.rmtree(run / STAGES, ignore_errors=True)


def kept(name: str, compute: Callable[[], Value], made_of: Sequence[type] = ()) -> Value:
    """Open a result that was kept, or compute it and keep it.

    Parameters
    ----------
    name
        In words, for people; once within its stage.
    compute
        What it is computed by. Results that are kept meanwhile are parts of this one.
    made_of
        Dataclasses that the result may hold beside plain values, arrays, CSR matrices and tables.

    Raises
    ------
    ValueError
        If the name is taken.
    """
    stages = _now.get()
    if stages is None:
        return compute()
    path = stages.ask(name)
    try:
        found: Value = read_value(path, stages.key, made_of)
    except UNREADABLE:
        with _within(_part_of(stages, name)):
            value = compute()
        return _keep(stages, path, value, made_of)
    return found


def in_shards(name: str, n_rows: int, size: int, compute: Callable[[slice], Rows], tell: Telling = SILENT) -> Rows:
    """Compute an array, or several of as many rows, some rows at a time, and keep each of these shards.

    Parameters
    ----------
    name
        As in :func:`kept`.
    n_rows
        N.
    size
        Rows of a shard.
    compute
        Gives these rows: an array (n, ...), or a tuple of arrays.
    tell
        Told how many rows are done.

    Returns
    -------
    numpy.ndarray or tuple
        (N, ...).
    """
    stages = _now.get()
    token = None if stages is None else _now.set(_part_of(stages, name))
    try:
        joined: tuple[np.ndarray, ...] = ()
        # at least once: no rows have a width, too
        for first in range(0, max(n_rows, 1), size):
            rows = slice(first, min(first + size, n_rows))
            if first:
                tell.part(first, n_rows)
            shard = kept(f"{rows.start}-{rows.stop}", partial(compute, rows))
            if n_rows <= size:
                return shard
            parts = shard if isinstance(shard, tuple) else (shard,)
            joined = joined or _room(n_rows, parts)
            for whole, part in zip(joined, parts, strict=True):
                whole[rows.start : rows.stop] = part
    finally:
        if token is not None:
            _now.reset(token)
    return joined if isinstance(shard, tuple) else joined[0]


def _room(n_rows: int, parts: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    return tuple(np.empty((n_rows, *each.shape[1:]), each.dtype) for each in parts)


def last_state(name: str, made_of: Sequence[type] = ()) -> Any | None:
    """Open what :func:`keep_state` wrote last; None if there is nothing."""
    stages = _now.get()
    if stages is None:
        return None
    try:
        return read_value(stages.path(name), stages.key, made_of)
    except UNREADABLE:
        return None


def keep_state(name: str, state: Any) -> None:
    """Keep how far a stage has come that moves one state along, in the place of what was kept of it before.

    Parameters
    ----------
    name
        Of the state.
    state
        Plain values, arrays and dicts of them.
    """
    stages = _now.get()
    if stages is not None:
        _write(stages, stages.path(name), *parts_of(state))


@contextmanager
def _within(stages: _Stages) -> Iterator[_Stages]:
    token = _now.set(stages)
    try:
        yield stages
    finally:
        _now.reset(token)


def _part_of(stages: _Stages, name: str) -> _Stages:
    return _Stages(stages.folder, stages.key, stages.tell, (*stages.within, name), stages.asked, stages.failed)


def _keep(stages: _Stages, path: Path, value: Value, made_of: Sequence[type]) -> Value:
    about, arrays = parts_of(value)
    if _write(stages, path, about, arrays):
        shutil.rmtree(path.with_name(path.name.removesuffix(ENDING)), ignore_errors=True)
    # as it would be read: whoever goes on from a file and whoever was not disturbed compute with the same
    made: Value = value_of(about, arrays, made_of)
    return made


def _write(stages: _Stages, path: Path, about: Any, arrays: dict[str, np.ndarray]) -> bool:
    """Write a file; a disk that does not take it is said once, and no further one is written."""
    if stages.failed:
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # not durable: a loss of power costs a shard, and its digest tells
        write_atomically(path, partial(write_value, key=stages.key, about=about, arrays=arrays), durable=False)
    except WRITING_FAILED as error:
        reason = "the disk is full" if is_full(error) else "its folder cannot be written"
        sentence = (
            f"What was computed so far cannot be kept, since {reason}. The run goes on; if it is stopped now, it will "
            "compute again what is not kept."
        )
        stages.failed.append(sentence)
        stages.tell.warn(sentence)
        return False
    return True


def _say_what_is_there(stages: _Stages) -> None:
    """Name what was kept under this key."""
    parts: dict[str, int] = {}
    for path in sorted(stages.folder.rglob(f"*{ENDING}")) if stages.folder.is_dir() else ():
        if read_key(path) == stages.key:
            first = path.relative_to(stages.folder).parts[0]
            parts[first] = parts.get(first, 0) + 1
    if not parts:
        return
    named = [
        name.removesuffix(ENDING) if name.endswith(ENDING) else f"{name} ({number} part{'s'[: number > 1]})"
        for name, number in parts.items()
    ]
    more = f" and {len(named) - ALONE} more" if len(named) > ALONE else ""
    stages.tell(f"Taken from before: {', '.join(named[:ALONE])}{more}")


def _plain(name: str) -> str:
    """Make a name of a file of a name in words."""
    return re.sub(r"[^\w ,()+-]", "_", name)
