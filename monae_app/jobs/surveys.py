"""What was found out about data sets before any run: asked for, kept, and answered without reading the files again."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from monae_app.engine.config import RunConfig
from monae_app.engine.errors import InputError
from monae_app.engine.result import write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

SURVEYOR = (sys.executable, "-m", "monae_app.jobs.survey")
LIMIT_SECONDS = 900.0
AT_ONCE = 2
KEPT = 40
# Of the tables as they are written: answers that another version of the app kept are not read.
VERSION = 2

What = Literal["places", "quality", "doublets", "alignment"]
State = Literal["running", "done", "failed"]
# What each answer depends on, beside the files and how they are read.
_PLACES = ("genome", "bed", "gtf")
_DEPENDS: dict[str, tuple[str, ...]] = {
    "places": (),
    "quality": _PLACES,
    "doublets": (),
    "alignment": (*_PLACES, "promoter", "window", "paired", "seed"),
}


@dataclass(frozen=True)
class Survey:
    """How far an answer is.

    Parameters
    ----------
    state
        ``running``, ``done`` or ``failed``.
    message
        What is going on, in words.
    folder
        Where the answer stands once it is done.
    said
        What was found, beside the tables.
    error
        Why it failed.
    """

    state: State
    message: str
    folder: Path
    said: dict[str, Any] = field(default_factory=dict)
    error: InputError | None = None


_Children = dict[tuple[Path, What], tuple["subprocess.Popen[bytes]", float]]


class Surveys:
    """Answers on data sets, each found out once by a process of its own.

    Parameters
    ----------
    folder
        Where answers are kept; a file that has changed since is looked at anew.
    command
        Started with the folder of an answer, what is asked, and the settings as JSON.
    """

    def __init__(self, folder: Path, command: Sequence[str] = SURVEYOR) -> None:
        self._folder = folder
        self._command = tuple(command)
        self._lock = threading.Lock()
        self._children: _Children = {}
        # whoever asked may go without a word; what he asked goes with him
        weakref.finalize(self, _end_all, self._children)

    def ask(self, what: What, values: dict[str, Any], *, again: bool = False) -> Survey:
        """Say how far an answer is, and begin to look for it unless that has happened.

        Parameters
        ----------
        what
            ``places`` of the features, ``quality`` of the cells, their ``doublets``, or their ``alignment``: whether
            modalities share structure.
        values
            Settings of a run: at least ``inputs``; cut-offs do not matter.
        again
            Try anew what failed before.
        """
        needed = _needed(what, values)
        folder = self._folder / _key(needed)
        with self._lock:
            self._end_late()
            child = self._children.get((folder, what))
            known = _read_state(folder, what)
            if child is not None and known is not None and known.state == "failed" and again:
                # it has said its last word
                self._children.pop((folder, what))[0].wait()
            elif child is not None:
                return known or Survey("running", "Starting", folder)
            if known is not None and known.state != "running" and not (again and known.state == "failed"):
                return known
            if len(self._children) >= AT_ONCE:
                return Survey("running", "Waiting until other files are read", folder)
            self._start(folder, what, needed)
        return Survey("running", "Starting", folder)

    def wait(self, what: What, values: dict[str, Any], seconds: float = LIMIT_SECONDS) -> Survey:
        """Ask, and wait for the answer.

        Raises
        ------
        InputError
            If the data cannot be read.
        """
        until = time.monotonic() + seconds
        while (found := self.ask(what, values)).state == "running" and time.monotonic() < until:
            time.sleep(0.1)
        if found.error is not None:
            raise found.error
        return found

    def close(self) -> None:
        """End what is still going on."""
        with self._lock:
            _end_all(self._children)

    def _start(self, folder: Path, what: What, values: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / f"{what}.json").unlink(missing_ok=True)
        self._sweep(besides=folder)
        child = subprocess.Popen(  # the command is ours
            [*self._command, str(folder), what, json.dumps(values, default=str)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=True,
        )
        self._children[folder, what] = (child, time.monotonic())

    def _end_late(self) -> None:
        """Take note of processes that have ended, and end those that take too long."""
        for (folder, what), (child, began) in list(self._children.items()):
            late = child.poll() is None and time.monotonic() - began > LIMIT_SECONDS
            if late:
                child.kill()
                child.wait()
            if child.returncode is None:
                continue
            del self._children[folder, what]
            state = _read_state(folder, what)
            if state is None or state.state == "running":
                write_state(folder, what, "failed", error=_unfinished(child.returncode, late=late))

    def _sweep(self, besides: Path) -> None:
        """Forget the answers that were written longest ago."""
        busy = {folder for folder, _ in self._children} | {besides}
        with suppress(OSError):
            old = sorted(self._folder.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
            for folder in old[KEPT:]:
                if folder not in busy:
                    shutil.rmtree(folder, ignore_errors=True)


def _end_all(children: _Children) -> None:
    for child, _ in children.values():
        child.kill()
        child.wait()
    children.clear()


def write_state(
    folder: Path,
    what: str,
    state: State,
    message: str = "",
    *,
    said: dict[str, Any] | None = None,
    error: InputError | None = None,
) -> None:
    """Say how far an answer is."""
    told = None if error is None else {"found": error.found, "expected": error.expected, "todo": error.todo}
    write_json(folder / f"{what}.json", {"state": state, "message": message, "said": said or {}, "error": told})


def _read_state(folder: Path, what: str) -> Survey | None:
    try:
        content = json.loads((folder / f"{what}.json").read_text(encoding="utf-8"))
        error = InputError(**content["error"]) if content["error"] else None
        return Survey(content["state"], content["message"], folder, content["said"], error)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _needed(what: What, values: dict[str, Any]) -> dict[str, Any]:
    """Keep the settings that an answer depends on."""
    reading = {
        name
        for name, setting in RunConfig.model_fields.items()
        if isinstance(setting.json_schema_extra, dict) and setting.json_schema_extra.get("group") in ("reading", "data")
    }
    wanted = reading | {"inputs", *_DEPENDS[what]}
    return {name: value for name, value in values.items() if name in wanted and value is not None}


def _key(values: dict[str, Any]) -> str:
    """Name of the folder of an answer: made of the settings, and of size and time of the files they name."""
    text = json.dumps([VERSION, values, _stamps(values)], default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _stamps(values: Any) -> list[Any]:
    found: list[Any] = []
    for value in values.values():
        if isinstance(value, dict):
            found += _stamps(value)
            continue
        for each in value if isinstance(value, list | tuple) else (value,):
            if isinstance(each, str | Path):
                with suppress(OSError, ValueError):
                    stat = Path(each).stat()
                    found.append((str(each), stat.st_size, stat.st_mtime_ns))
    return found


def _unfinished(code: int, *, late: bool) -> InputError:
    if late:
        return InputError(
            f"Looking over the files took longer than {LIMIT_SECONDS / 60:.0f} minutes.",
            "files that can be read in that time.",
            "copy them to a faster disk, or train from the command line: `monae run`.",
        )
    return InputError(
        f"Looking over the files ended before its time (code {code}).",
        "enough free memory for the files, and files that are whole.",
        "close other programs and try again; `monae check` says whether the files can be read.",
    )
