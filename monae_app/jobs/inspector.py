"""Reads input files away from the web process: ``python -m monae_app.jobs.inspector JSON`` prints one line of JSON."""

from __future__ import annotations

import json
import sys

from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError


def main(arguments: list[str]) -> int:
    """Summarise the inputs that the first argument names.

    Prints {"summary": ...}, or {"error": {"found", "expected", "todo"}} when they cannot be used.
    """
    try:
        config = make_config(**json.loads(arguments[0]))
        # Imported here: it brings readers that take seconds to load, and wrong settings need none of them.
        from monae_app.engine.data.summary import summarise

        answer: dict[str, object] = {"summary": summarise(config)}
    except InputError as error:
        answer = {"error": {"found": error.found, "expected": error.expected, "todo": error.todo}}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 2 if "error" in answer else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
