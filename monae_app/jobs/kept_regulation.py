"""What was worked out on the regulation of a run for a user: ``<store>/users/<user>/regulation/<key>.npz``, for a week.

The key is worked out from the run, from the files that it was made from, and from what was asked: what is asked for
again is there already, and nothing that a browser says becomes a path.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from monae_app.engine.analysis.regulation.evidence import Regulation
from monae_app.engine.data.known_targets import parse_own_targets
from monae_app.engine.data.motifs.hits import MOTIF_HITS, MotifHits
from monae_app.engine.errors import InputError
from monae_app.engine.result import read_config
from monae_app.jobs.kept_files import identity, key_of, user_folder
from monae_app.jobs.kept_npz import Kept
from monae_app.jobs.private_files import private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from monae_app.engine.data.known_targets import KnownTargets

EVIDENCE, MOTIFS, PLACES, GROUPS, KNOWN = "evidence", "motifs", "places", "groups", "known"
# beside the files of a bundled run: what was worked out when it was made
WITH_RUN = "regulation"


class KeptRegulation:
    """The regulation of one user's runs.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose it is.
    """

    def __init__(self, store: Path, user: str) -> None:
        self._folder = user_folder(store, user, "regulation")

    def evidence(self, run: Path) -> Regulation | None:
        """Return what speaks for links and targets; None if that is not kept."""
        path = self._found(run, {"kind": EVIDENCE})
        with suppress(InputError):
            return Regulation.load(path, self.motifs(run)) if path.exists() else None
        return None

    def motifs(self, run: Path) -> MotifHits | None:
        """Return the motifs in the peaks of a run, in the order of its evidence; None if it has none."""
        path = self._found(run, {"kind": MOTIFS})
        with suppress(InputError):
            return MotifHits.load(path) if path.exists() else None
        return None

    def write_evidence(self, run: Path, found: Regulation) -> None:
        """Keep what speaks for links and targets, motifs included."""
        private_folder(self._folder)
        if found.hits is not None:
            found.hits.save(self._path(run, {"kind": MOTIFS}))
        found.save(self._path(run, {"kind": EVIDENCE}))

    def read(self, run: Path, asked: Mapping[str, Any]) -> Kept | None:
        """Return what was found for an order; None if it is not kept."""
        return Kept.read(self._found(run, asked))

    def write(self, run: Path, asked: Mapping[str, Any], found: Kept) -> None:
        """Keep what was found for an order."""
        private_folder(self._folder)
        write_private(self._path(run, asked), found.content())

    def keep_table(self, text: str) -> str:
        """Keep a user's own table of known targets and return its key."""
        key = key_of([KNOWN, text])
        private_folder(self._folder)
        write_private(self._folder / f"{key}.txt", text.encode())
        return key

    def table(self, key: str) -> str | None:
        """Return the text of a user's own table; None if it is not kept."""
        try:
            # a key of another shape is no name of a file here
            return (self._folder / f"{key_name(key)}.txt").read_text("utf-8")
        except (OSError, ValueError):
            return None

    def own_targets(self, own: str) -> KnownTargets:
        """Read a user's own table of known targets.

        Parameters
        ----------
        own
            Its key and its name, with a colon between them.

        Raises
        ------
        InputError
            If it is not kept any more, or cannot be read.
        """
        key, _, name = own.partition(":")
        text = self.table(key)
        if text is None:
            raise InputError("Your table of known targets is not kept any more.", "one of this week.", "load it again.")
        return parse_own_targets(text, name or "your table")

    def _found(self, run: Path, asked: Mapping[str, Any]) -> Path:
        """Where something is kept for the user or, if it is not, where it would travel with a bundled run."""
        own, bundled = self._path(run, asked), with_run(run, asked)
        return bundled if bundled.exists() and not own.exists() else own

    def copy_beside(self, run: Path, orders: Sequence[Mapping[str, Any]]) -> None:
        """Put what was found for these orders beside the files of a run that is to be bundled."""
        (run / WITH_RUN).mkdir(exist_ok=True)
        for asked in orders:
            if (path := self._path(run, asked)).exists():
                shutil.copyfile(path, with_run(run, asked))

    def _path(self, run: Path, asked: Mapping[str, Any]) -> Path:
        return self._folder / f"{key_of([*identity(run), inputs_of(run), dict(asked)])}.npz"


def with_run(run: Path, asked: Mapping[str, Any]) -> Path:
    """Return where what was found for an order travels with a bundled run."""
    return run / WITH_RUN / f"{key_of(dict(asked))}.npz"


def groups_asked(groups: Mapping[str, Any]) -> dict[str, Any]:
    """Name levels over groups, as :class:`KeptRegulation` takes it.

    Parameters
    ----------
    groups
        ``column`` of the run, or ``bits`` of a selection with its ``name``.
    """
    return {"kind": GROUPS, **groups}


def key_name(key: str) -> str:
    """Return a key that may be the name of a file.

    Raises
    ------
    ValueError
        If it is none.
    """
    if len(key) != 40 or not set(key) <= set("0123456789abcdef"):
        raise ValueError("no key")
    return key


def inputs_of(run: Path) -> list[str]:
    """Return what changes when the files that a run was made from do, or its motifs."""
    config = read_config(run)
    paths = [path for name in sorted(config.inputs) for path in config.inputs[name]]
    return [f"{path.stat().st_mtime_ns:x}" if path.exists() else "gone" for path in [*paths, run / MOTIF_HITS]]
