"""What was found about two runs of the same data: ``<store>/users/<user>/methods/<key>.npz``, for a week.

That of two bundled runs travels with the first of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.jobs.kept_files import identity, key_of, user_folder
from monae_app.jobs.kept_methods import FORMAT, METHODS, WITH_RUN
from monae_app.jobs.kept_npz import Kept
from monae_app.jobs.private_files import private_folder, write_private

if TYPE_CHECKING:
    from pathlib import Path

# byte of a cell that is not in both runs, or was not drawn
NO_OVERLAP = 255
TOP = 250


@dataclass(frozen=True)
class TwoRuns:
    """How far two runs agree.

    Parameters
    ----------
    overlap
        Share of the neighbours in common, of every cell of the first run, (N,), NaN where it is not known.
    about
        ``chance``, ``clusters_ari``, ``overlap`` (its mean), ``label`` and ``types``, a record a type.
    """

    overlap: np.ndarray
    about: dict[str, Any]


class KeptTwoRuns:
    """What was found for one user.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose it is.
    """

    def __init__(self, store: Path, user: str) -> None:
        self._folder = user_folder(store, user, METHODS)

    def read(self, first: Path, second: Path, label: str | None) -> TwoRuns | None:
        """Return what was found; None if nobody computed it."""
        for path in (self._path(first, second, label), beside_first(first, second, label)):
            if (kept := Kept.read(path)) is not None and "overlap" in kept.arrays:
                steps = kept.arrays["overlap"]
                return TwoRuns(np.where(steps == NO_OVERLAP, np.nan, steps / TOP).astype(np.float32), kept.about)
        return None

    def write(self, first: Path, second: Path, label: str | None, found: TwoRuns) -> None:
        """Keep what was found; shares are kept to half of a 250th."""
        private_folder(self._folder)
        write_private(self._path(first, second, label), content_of(found))

    def _path(self, first: Path, second: Path, label: str | None) -> Path:
        return self._folder / f"{key_of([*identity(first), *identity(second), label, FORMAT])}.npz"


def content_of(found: TwoRuns) -> bytes:
    """Write what was found, as :meth:`KeptTwoRuns.read` takes it."""
    known = np.isfinite(found.overlap)
    steps = np.full(len(known), NO_OVERLAP, np.uint8)
    steps[known] = np.rint(found.overlap[known] * TOP).astype(np.uint8)
    return Kept({"overlap": steps}, found.about).content(allow_nan=False)


def beside_first(first: Path, second: Path, label: str | None) -> Path:
    """Return where it travels with the first of two bundled runs, which stand in one folder."""
    near = second.name if second.resolve().parent == first.resolve().parent else "elsewhere"
    return first / WITH_RUN / f"two-{key_of([near, label, FORMAT])[:12]}.npz"
