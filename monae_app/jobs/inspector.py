"""Reads input files away from the web process, bounded in memory and time.

``python -m monae_app.jobs.inspector JSON`` says what the inputs of a run hold, in one line of JSON.
``python -m monae_app.jobs.inspector --look`` takes a request from standard input and writes one line of JSON a file.
``python -m monae_app.jobs.inspector --archive`` opens the files of a run that came in an archive.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError
from monae_app.jobs.archive_import import ARCHIVE
from monae_app.jobs.looking import LOOK

if TYPE_CHECKING:
    from collections.abc import Callable

CPU_SECONDS = 3600


def main(arguments: list[str]) -> int:
    """Answer one question.

    Parameters
    ----------
    arguments
        The settings of a run as JSON: prints {"summary": ...}, or {"error": {"found", "expected", "todo"}} when its
        inputs cannot be used. Or ``--look``: reads {"paths", "options", "thoroughly"} from standard input and prints
        one line a path, {"look": ...} or {"error": ...}. Or ``--archive``: reads {"folder"} and prints {"archive": ...}
        or {"error": ...}.
    """
    if arguments == [ARCHIVE]:
        return _check_archive(Path(json.loads(sys.stdin.read())["folder"]))
    if arguments == [LOOK]:
        return _look(json.loads(sys.stdin.read()))
    answer = _guarded("The files", lambda: {"summary": _summary(json.loads(arguments[0]))})
    _say(answer)
    return 2 if "error" in answer else 0


def _summary(settings: dict[str, Any]) -> dict[str, Any]:
    config = make_config(**settings)
    # Imported here: it brings readers that take seconds to load, and wrong settings need none of them.
    from monae_app.engine.data.summary import summarise

    return summarise(config)


def _check_archive(folder: Path) -> int:
    from monae_app.jobs.archive_check import check_run

    answer = _guarded("The files of the archive", lambda: {"archive": check_run(folder)})
    _say(answer)
    return 2 if "error" in answer else 0


def _look(request: dict[str, Any]) -> int:
    from monae_app.engine.data.contents import ReadingOptions
    from monae_app.engine.data.understanding.appearance import look_into

    options = dict(request.get("options") or {})
    if options.get("peaks"):
        options["peaks"] = Path(options["peaks"])
    thoroughly = bool(request.get("thoroughly"))
    for path in map(Path, request["paths"]):

        def look(path: Path = path) -> dict[str, Any]:
            return {"look": look_into(path, ReadingOptions(**options), thoroughly=thoroughly)}

        _say(_guarded(path.name, look))
    return 0


def _guarded(called: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return ask()
    except InputError as error:
        found = error
    except MemoryError:
        found = InputError(
            f"{called} would take more memory than there is.",
            "data that fit into the memory of this machine.",
            "close other programs, take a machine with more memory, or split the data; a small file that asks for so "
            "much is damaged.",
        )
    except Exception as error:  # noqa: BLE001 - this process is there to turn whatever a damaged file raises into words
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        found = InputError(
            f"{called} could not be read ({reason}).", "a whole file of a known kind.", "write or download it anew."
        )
    return {"error": {"found": found.found, "expected": found.expected, "todo": found.todo}}


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    from monae_app.jobs.isolation import bound_this_process, memory_bound

    bound_this_process(memory_bound(), CPU_SECONDS)
    raise SystemExit(main(sys.argv[1:]))
