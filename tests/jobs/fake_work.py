"""Long work that only pretends; its order says how it behaves."""

from __future__ import annotations

import time
from pathlib import Path

from monae_app.engine.errors import InputError
from monae_app.jobs import working

NAME = "pretended"


def pretend(order, bench):
    (bench.folder / "half.txt").write_text("half")
    for step in range(order.get("steps", 5)):
        bench.tell(step / order.get("steps", 5), f"Pretending part {step // 100 + 1}")
        time.sleep(0.02)
    if order.get("bad"):
        raise InputError("No counts are there.", "counts.", "train on raw counts.")
    if order.get("broken"):
        raise ZeroDivisionError("by design")
    with (Path(order["folder"]) / f"done-by-{bench.user}.txt").open("a") as out:
        out.write("done\n")
    return {"parts": 5}


def install() -> None:
    """Put it where the worker looks for work."""
    working.WORK[NAME] = "tests.jobs.fake_work:pretend"
