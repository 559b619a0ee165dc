"""Says what files hold, by a process of its own that may crash, hang or run out of memory without harm."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from monae_app.jobs.isolation import with_own_temporary_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from monae_app.engine.data.contents import ReadingOptions

LOOK = "--look"
INSPECTOR = (sys.executable, "-m", "monae_app.jobs.inspector")
# for each file; the process itself takes some to start
LOOK_SECONDS, START_SECONDS = 600.0, 60.0

Answer = dict[str, Any]


def look(
    paths: Sequence[Path],
    options: ReadingOptions | None = None,
    *,
    thoroughly: bool = False,
    seconds: float = LOOK_SECONDS,
) -> list[Answer]:
    """Say what each file or folder holds.

    Parameters
    ----------
    paths
        The files.
    options
        What their readers are told.
    thoroughly
        Read all values, as a run would, instead of looking at some.
    seconds
        Give up on a file after this long.

    Returns
    -------
    list
        One dict a path, in order: ``path``, and what
        :func:`~monae_app.engine.data.understanding.appearance.look_into` says of it, or ``error`` with ``found``,
        ``expected`` and ``todo``. A file that breaks the reader costs no other file its answer.
    """
    return list(look_at_each(paths, options, thoroughly=thoroughly, seconds=seconds))


def look_at_each(
    paths: Sequence[Path],
    options: ReadingOptions | None = None,
    *,
    thoroughly: bool = False,
    seconds: float = LOOK_SECONDS,
) -> Iterator[Answer]:
    """Say what each file or folder holds as soon as it is known; see :func:`look`."""
    done = 0
    while done < len(paths):
        for answer in _ask(paths[done:], options, thoroughly=thoroughly, seconds=seconds):
            yield {"path": str(paths[done]), **answer}
            done += 1


def _ask(
    paths: Sequence[Path], options: ReadingOptions | None, *, thoroughly: bool, seconds: float
) -> Iterator[Answer]:
    """Answers of one process; where it ends before its time, the last is why. At least one."""
    request = {
        "paths": [str(path) for path in paths],
        "options": asdict(options) if options else {},
        "thoroughly": thoroughly,
    }
    with tempfile.TemporaryFile() as complaints, with_own_temporary_files() as environment:
        child = subprocess.Popen(  # the command is ours
            [*INSPECTOR, LOOK],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            close_fds=True,
            env=environment,
        )
        lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=_pass_on, args=(child, request, lines), daemon=True, name="look").start()
        try:
            for number, path in enumerate(paths):
                answer = _next_answer(lines, seconds + START_SECONDS * (number == 0))
                if answer is None:
                    # Either it ended, and its status says how, or it is still busy.
                    yield {"name": path.name, "error": _why(child, path, seconds)}
                    return
                yield answer.get("look") or {"name": path.name, "error": answer["error"]}
        finally:
            child.kill()
            child.wait()


def _pass_on(child: subprocess.Popen[bytes], request: Answer, lines: queue.Queue[bytes | None]) -> None:
    """Hand the request over and the lines of the answer on; None at the end."""
    assert child.stdin is not None
    assert child.stdout is not None
    # where it ends before it has read all, the end of its output says so
    with contextlib.suppress(OSError), child.stdin:
        child.stdin.write(json.dumps(request, default=str).encode())
    with child.stdout:
        for line in child.stdout:
            lines.put(line)
    lines.put(None)


def _next_answer(lines: queue.Queue[bytes | None], seconds: float) -> Answer | None:
    """Wait for the next line that is an answer; None where none comes. Whatever else libraries print is passed over."""
    while True:
        try:
            line = lines.get(timeout=seconds)
        except queue.Empty:
            return None
        if line is None:
            return None
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        if isinstance(answer, dict) and ("look" in answer or "error" in answer):
            return answer


def _why(child: subprocess.Popen[bytes], path: Path, seconds: float) -> dict[str, str]:
    try:
        status = child.wait(timeout=0.5)
    except subprocess.TimeoutExpired:
        return {
            "found": f"Reading {path.name} took longer than {seconds:.0f} seconds.",
            "expected": "a file that can be read in that time.",
            "todo": "check that it is whole and lies on a fast disk, or give a smaller one.",
        }
    return {
        "found": f"{path.name} ended the program that reads it ({how_it_ended(status)}).",
        "expected": "a whole file of a known kind that fits into memory.",
        "todo": "write or download it anew: it is damaged, or too large for this machine.",
    }


def how_it_ended(status: int) -> str:
    """Say in words how a process ended."""
    if status >= 0:
        return f"code {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = str(-status)
    return f"{name}; perhaps for want of memory" if name in ("SIGKILL", "SIGABRT") else name
