"""Follow the cells of a run that is to be bundled: ``python -m monae_app.jobs.sample_trajectory RUN COLUMN GROUP``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from monae_app.jobs.kept_trajectory import KeptTrajectories, asked_for
from monae_app.jobs.short_trajectory import follow_cells
from monae_app.jobs.short_work import Bench

NOBODY = "bundled"


def keep_with_run(run: Path, column: str, group: str) -> None:
    """Follow all cells from a group of a column, and put what is found beside the files of the run.

    A page that shows the run finds it there and has nothing to wait for.

    Parameters
    ----------
    run
        Finished.
    column, group
        That the page begins with.

    Raises
    ------
    InputError
        If the run has no such group.
    """
    asked = asked_for(column, {"group": group})
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(Path(temporary) / "store", NOBODY, Path(temporary), lambda _share, _text: None)
        kept = KeptTrajectories(bench.store, bench.user)
        kept.forget_beside(run, asked)
        follow_cells({"folder": str(run), "asked": asked}, bench)
        kept.copy_beside(run, asked)


if __name__ == "__main__":
    keep_with_run(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
