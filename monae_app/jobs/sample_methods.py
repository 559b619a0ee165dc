"""How other methods do on a run that is to be bundled: ``python -m monae_app.jobs.sample_methods RUN LABEL METHOD...``.

The runs beside it are compared with each other.
"""

from __future__ import annotations

import json
import sys
import tempfile
from itertools import permutations
from pathlib import Path

from monae_app.engine.errors import InputError
from monae_app.engine.result import read_config, write_json
from monae_app.jobs.kept_methods import with_run
from monae_app.jobs.kept_two_runs import beside_first, content_of
from monae_app.jobs.long_methods import MONAE, compute_method
from monae_app.jobs.peers.catalogue import PEERS
from monae_app.jobs.peers.modalities import modalities_of
from monae_app.jobs.short_two_runs import two_runs
from monae_app.jobs.short_work import Bench

NOBODY = "bundled"


def keep_with_run(run: Path, label: str, methods: list[str]) -> None:
    """Compute methods and put their figures beside the files of the run.

    What is not installed here is left out, and what does not take such data.

    Raises
    ------
    InputError
        If a method fails.
    """
    modalities = [str(name) for name in read_config(run).inputs]
    for method in methods:
        if not _can(method, modalities):
            continue
        path = with_run(run, method, label)
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as temporary:
            bench = Bench(Path(temporary) / "store", NOBODY, Path(temporary), lambda _share, _text: None)
            found = compute_method({"folder": str(run), "method": method, "label": label}, bench)
        write_json(path, json.loads(json.dumps(found)))


def _can(method: str, modalities: list[str]) -> bool:
    try:
        names = modalities_of(modalities)
    except InputError:
        return False
    if method == MONAE:
        return True
    peer = PEERS[method]
    return peer.interpreter() is not None and (not peer.beside or peer.beside in names)


def keep_two_runs(first: Path, second: Path, label: str) -> None:
    """Compare two runs and put what was found beside the first."""
    path = beside_first(first, second, label)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content_of(two_runs(first, second, label)))


if __name__ == "__main__":
    for run, other in permutations(sorted(Path(sys.argv[1]).parent.glob("run*")), 2):
        keep_two_runs(run, other, sys.argv[2])
    keep_with_run(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
