"""Runs programs that the app has written, each in a process of its own.

The first program of a kind finds a process that has loaded nothing. Those after it are forked off one process that has
loaded what they import, which takes most of their time; what a program has not imported it does not find there either.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
PYTHON = (sys.executable, "-W", "error::SyntaxWarning")
PROGRAM, SAID = "program.py", "said.txt"


class ProgramRunner:
    """Runs programs in folders; to be closed."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._loaded: subprocess.Popen[str] | None = None

    def run(self, kind: str, folder: Path, *arguments: str) -> None:
        """Run the program of a folder there; fail with what it says if it fails."""
        if kind in self._known:
            code = self._fork(folder, arguments)
            said = (folder / SAID).read_text()
        else:
            self._known.add(kind)
            command = [*PYTHON, PROGRAM, *arguments]
            done = subprocess.run(
                command, cwd=folder, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False
            )
            code, said = done.returncode, done.stderr
        assert code == 0, said

    def _fork(self, folder: Path, arguments: tuple[str, ...]) -> int:
        if self._loaded is None:
            command = [*PYTHON, "-m", "tests.web.program_runner"]
            pipe = subprocess.PIPE
            self._loaded = subprocess.Popen(command, env=os.environ | ENVIRONMENT, stdin=pipe, stdout=pipe, text=True)
        assert self._loaded.stdin is not None
        assert self._loaded.stdout is not None
        self._loaded.stdin.write(json.dumps([str(folder), *arguments]) + "\n")
        self._loaded.stdin.flush()
        return int(self._loaded.stdout.readline())

    def close(self) -> None:
        """End the process that programs are forked off."""
        if self._loaded is not None:
            self._loaded.communicate(timeout=60)


def main() -> None:
    """Fork a process for each line of the input, and tell how it ended."""
    # what programs import
    import plotly.graph_objects  # noqa: F401

    import monae_app.web.live  # noqa: F401

    for line in sys.stdin:
        folder, *arguments = json.loads(line)
        child = os.fork()
        if not child:
            os._exit(run_here(Path(folder), arguments))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


def run_here(folder: Path, arguments: list[str]) -> int:
    """Run the program of a folder in this process and return its exit code."""
    os.chdir(folder)
    with Path(SAID).open("w") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    sys.argv = [PROGRAM, *arguments]
    sys.path[0] = str(folder)
    try:
        runpy.run_path(PROGRAM, run_name="__main__")
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    main()
