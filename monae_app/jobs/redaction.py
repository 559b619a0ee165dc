"""What leaves this machine names no folder of it: paths in texts become plain file names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monae_app.engine.config import RunConfig

# Folders of an absolute path, POSIX and Windows (whose backslashes are doubled in JSON); the last name stays.
POSIX = re.compile(r"(?<![\w:/.\-~<])/{1,2}(?:[^\s/\\\"'`<>|:*?,;()\[\]{}]+/)+")
WINDOWS = re.compile(r"(?<!\w)[A-Za-z]:\\{1,2}(?:[^\s\\/:*?\"<>|]+\\{1,2})+")


class Redaction:
    """Takes the folders out of texts.

    Parameters
    ----------
    folders
        Known by name, so that those with spaces in their names are found as well.
    """

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        spelled = {spelling for folder in folders for spelling in (str(folder), str(folder.resolve()))}
        quoted = {json.dumps(each)[1:-1] for each in spelled}
        # A short name would be found in words.
        known = sorted((each for each in spelled | quoted if len(each) > 3), key=len, reverse=True)
        spellings = "|".join(map(re.escape, known)) or r"(?!)"
        self._known = re.compile(rf"(?<![\w.-])(?:{spellings})(?:[/\\]+|(?![\w.-]))")

    @classmethod
    def of_run(cls, folder: Path, config: RunConfig | None) -> Redaction:
        """Know the folders of a run: its own, those around it, those of its files, and the home folder."""
        paths = [] if config is None else [path for paths in config.inputs.values() for path in paths]
        paths += [] if config is None else config.files().values()
        around = [folder, *folder.absolute().parents]
        return cls([*around, *(each for path in paths for each in path.absolute().parents), Path.home()])

    def text(self, text: str) -> str:
        """Return a text in which each path is the name of a file."""
        return WINDOWS.sub("", POSIX.sub("", self._known.sub("", text)))
