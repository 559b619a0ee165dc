"""A hold-out check that only pretends: it computes until a file beside the run's says that it may end."""

from __future__ import annotations

import time
from pathlib import Path

from monae_app.jobs.kept_holdout import KeptHoldout, version_of_cells

MAY_END = "may-end"


def found_for(run: Path) -> dict:
    """What a check keeps."""
    return {"version": version_of_cells(run), "steps": 10, "cells": {}, "modalities": {"rna": {
        "methods": {"own": "Monae + own counts", "magic": "MAGIC"}, "notes": [], "scored_cells": 120, "features": {},
        "summary": [{"bin": 0, "features": 60, "low": 0.1, "high": 9.0, "ceiling": 0.5, "own": 0.71, "magic": 0.5}],
    }}}  # fmt: skip


def check(order, bench):
    run = Path(order["folder"])
    while not (run / MAY_END).exists():
        bench.tell(0.4, "Pretending to train")
        time.sleep(0.05)
    KeptHoldout(bench.store, bench.user).write(run, found_for(run))
    return {}
