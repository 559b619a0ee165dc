"""What the input files of a run hold together, asked of a process that is bounded in memory and time."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from monae_app.engine.errors import InputError
from monae_app.jobs.isolation import with_own_temporary_files
from monae_app.jobs.looking import how_it_ended

INSPECTOR = (sys.executable, "-m", "monae_app.jobs.inspector")
INSPECT_SECONDS = 900.0


def inspect(values: dict[str, Any], *, seconds: float = INSPECT_SECONDS) -> dict[str, Any]:
    """Read the input files of a run in a process of its own and say what they hold together.

    Parameters
    ----------
    values
        Settings of a run: at least ``inputs``, and ``genome`` or ``bed``.
    seconds
        Give up after this long.

    Returns
    -------
    The summary as report.json keeps it under "dataset".

    Raises
    ------
    InputError
        If a file cannot be used, or reading takes too long.
    """
    try:
        with with_own_temporary_files() as environment:
            done = subprocess.run(  # the command is ours
                [*INSPECTOR, json.dumps(values, default=str)],
                capture_output=True,
                timeout=seconds,
                check=False,
                text=True,
                env=environment,
            )
    except subprocess.TimeoutExpired:
        raise InputError(
            f"Reading the files took longer than {seconds:.0f} seconds.",
            "files that can be read in that time.",
            "copy them to a faster disk, or train from the command line: `monae run`.",
        ) from None
    lines = done.stdout.strip().splitlines()
    answer = _parsed(lines[-1]) if lines else None
    if answer is None:
        raise InputError(
            f"The files could not be read: they ended the program that reads them ({how_it_ended(done.returncode)}).",
            "whole files of a known kind that fit into memory.",
            "write or download them anew: one is damaged, or too large for this machine.",
        )
    if "error" in answer:
        raise InputError(**answer["error"])
    summary: dict[str, Any] = answer["summary"]
    return summary


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
