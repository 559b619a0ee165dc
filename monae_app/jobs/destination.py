"""Where a run from the command line is written: a new folder, or the place of an old run that is kept until the end."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError
from monae_app.engine.result import CHECKPOINT, CONFIG, STAGES

if TYPE_CHECKING:
    from pathlib import Path


class Destination:
    """A folder to write a run into, made at once.

    Parameters
    ----------
    folder
        Where the run shall be.
    overwrite
        Whether a run that is there already may be replaced.

    Raises
    ------
    InputError
        If something is there that must not be replaced.
    """

    def __init__(self, folder: Path, *, overwrite: bool) -> None:
        self.folder = folder.resolve()
        self._aside = self.folder.with_name(f".{self.folder.name}.replaced")
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            self._refuse(overwrite=overwrite)
            shutil.rmtree(self._aside, ignore_errors=True)
            self.folder.rename(self._aside)
        self._made = [each for each in (self.folder, *self.folder.parents) if not each.exists()]
        self.folder.mkdir(parents=True, exist_ok=True)

    def _refuse(self, *, overwrite: bool) -> None:
        if not (self.folder / CONFIG).is_file():
            raise InputError(
                f"{self.folder} is there already and is no run.", "a new folder.", "name another with --out."
            )
        if not overwrite:
            raise InputError(
                f"{self.folder} holds a run already.",
                "a new folder.",
                "name another with --out, go on with --resume RUN, or replace it with --overwrite.",
            )

    def settle(self, *, done: bool, stopped: bool = False) -> Path | None:
        """Tidy up after the run has ended.

        A run that ended without a result and with nothing to go on from is taken away, and what was there before stands
        there again. An old run beside one that can go on is kept under another name.

        Parameters
        ----------
        done
            Whether there is a result.
        stopped
            Whether somebody stopped it: what it had worked out before training is worth something then.

        Returns
        -------
        Where the old run lies now, if it was moved and is still there.
        """
        if done:
            shutil.rmtree(self._aside, ignore_errors=True)
            return None
        if (self.folder / CHECKPOINT).exists() or (stopped and (self.folder / STAGES).is_dir()):
            if not self._aside.exists():
                return None
            kept = self.folder.with_name(f"{self.folder.name}.previous")
            shutil.rmtree(kept, ignore_errors=True)
            return self._aside.rename(kept)
        shutil.rmtree(self.folder)
        if self._aside.exists():
            self._aside.rename(self.folder)
        elif not self._made:
            self.folder.mkdir()
        for parent in self._made[1:]:
            parent.rmdir()
        return None
