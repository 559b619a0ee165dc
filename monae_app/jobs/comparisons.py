"""Groups of cells that were compared for a user: ``<store>/users/<user>/comparisons/<key>.csv``, and what was compared.

The key is worked out from what was asked, so that what is asked for again is there already.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from monae_app.engine.errors import InputError
from monae_app.jobs.kept_files import user_folder
from monae_app.jobs.private_files import private_folder, write_private

if TYPE_CHECKING:
    from pathlib import Path

KEY = re.compile(r"[0-9a-f]{40}")


class Comparisons:
    """The comparisons of one user.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose they are.
    """

    def __init__(self, store: Path, user: str) -> None:
        self._folder = user_folder(store, user, "comparisons")

    def about(self, key: str) -> dict[str, Any] | None:
        """Return what was compared; None if that is not kept."""
        try:
            found = json.loads(self._path(key, "json").read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and self._path(key, "csv").exists() else None

    def table(self, key: str) -> pd.DataFrame:
        """Return the table.

        Raises
        ------
        InputError
            If it is not kept.
        """
        try:
            # a gene may be called NA
            return pd.read_csv(self._path(key, "csv"), dtype={"feature": str}, keep_default_na=False, na_values=[""])
        except (OSError, ValueError) as error:
            raise gone() from error

    def text(self, key: str) -> str:
        """Return the table as CSV that says first what was compared.

        Raises
        ------
        InputError
            If it is not kept.
        """
        about = self.about(key)
        if about is None:
            raise gone()
        return "".join(f"# {line}\n" for line in about["lines"]) + self._path(key, "csv").read_text("utf-8")

    def write(self, key: str, about: dict[str, Any], table: pd.DataFrame) -> None:
        """Keep a comparison."""
        private_folder(self._folder)
        write_private(self._path(key, "csv"), table.to_csv(index=False, float_format="%.8g").encode())
        write_private(self._path(key, "json"), json.dumps(about).encode())

    def _path(self, key: str, ending: str) -> Path:
        if not KEY.fullmatch(key):
            raise gone()
        return self._folder / f"{key}.{ending}"


def gone() -> InputError:
    """Say that a comparison is not kept."""
    return InputError("This comparison is not kept any more.", "one of the last week.", "compare the groups again.")
