"""Processes that end while a matrix is brought to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monae_app.engine.data.store.kept import kept_in, telling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class Killed(Exception):
    """Stands for a process that ends here."""


def killed_after(calls: int) -> Callable[[int, int], None]:
    left = iter(range(calls))

    def tell(_done: int, _total: int) -> None:
        if next(left, None) is None:
            raise Killed

    return tell


def check_what_kills_cost(
    kills: Sequence[int], folder: Path, read: Callable[[], Any], check: Callable[[Any], None]
) -> None:
    """Read a file, killed each time when it has told so often: each kill costs the block that it comes in, and no more.

    Parameters
    ----------
    folder
        For what is kept.
    read
        Opens the file and reads its matrix.
    check
        Told what was read in the end, while it is kept.
    """
    told = 0

    def count(_done: int, _total: int) -> None:
        nonlocal told
        told += 1

    with kept_in(lambda _: folder / "kept", both_sides=True):
        for calls in kills:
            try:
                with telling(killed_after(calls)):
                    read()
            except Killed:
                told += calls
        with telling(count):
            found = read()
        check(found)
    with kept_in(lambda _: folder / "anew", both_sides=True), telling(count):
        before, _ = told, read()
    assert before <= (told - before) + len(kills)
