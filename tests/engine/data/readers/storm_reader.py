"""A process of its own that reads damaged files: paths on standard input, one line each of what became of it.

libhdf5 itself may crash or hang on a damaged file; the storm then sees this process end.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from monae_app.engine.data.readers import open_file
from monae_app.engine.errors import InputError

MOST_MEMORY = 6 << 30


def outcome(path: Path) -> str:
    """Read all that a file holds: ``read``, ``refused``, or the name of an error that should not come."""
    try:
        for part in open_file(path).parts:
            for matrix in part.matrices.values():
                matrix.peek()
                matrix.read()
    except InputError as error:
        return "refused" if "\n" not in str(error) else "refused in several lines"
    except Exception as error:  # noqa: BLE001 (any other error is what is looked for)
        return f"{type(error).__name__}: {error!r}"
    return "read"


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    for line in sys.stdin:
        sys.stdout.write(outcome(Path(line.rstrip("\n"))) + "\n")
        sys.stdout.flush()
