"""Work out the regulation of a run that is to be bundled: ``python -m monae_app.jobs.sample_regulation RUN COLUMN``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from monae_app.jobs.kept_regulation import EVIDENCE, MOTIFS, PLACES, KeptRegulation, groups_asked
from monae_app.jobs.short_regulation import regulate_run
from monae_app.jobs.short_work import Bench

NOBODY = "bundled"


def keep_with_run(run: Path, column: str) -> None:
    """Work out evidence, places and levels over the groups of a column, and put them beside the files of the run.

    A page that shows the run finds them there and has nothing to wait for.

    Parameters
    ----------
    run
        Finished.
    column
        The one that the page shows first.

    Raises
    ------
    InputError
        If the run has no RNA, or its files are gone.
    """
    groups = {"column": column}
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(Path(temporary) / "store", NOBODY, Path(temporary), lambda _share, _text: None)
        regulate_run({"folder": str(run), "groups": groups}, bench)
        orders = [{"kind": each} for each in (EVIDENCE, MOTIFS, PLACES)]
        KeptRegulation(bench.store, bench.user).copy_beside(run, [*orders, groups_asked(groups)])


if __name__ == "__main__":
    keep_with_run(Path(sys.argv[1]), sys.argv[2])
