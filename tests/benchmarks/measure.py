"""Measures one method on one data set: runs it, scores its answer, keeps the result."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.benchmarks import store
from tests.benchmarks.execution import run_child
from tests.benchmarks.scoring import SCORES
from tests.benchmarks.truth import Truth

if TYPE_CHECKING:
    from tests.benchmarks.datasets import Data
    from tests.benchmarks.methods import Method


def measure(method: Method, data: Data, work: Path) -> store.Record:
    """Run, score and store.

    ``cpu_s`` is what it took to integrate or to impute: of Monae the whole command, reading, map and report included;
    of a peer its process until the answer was known, start-up and reading included. Decoding for the score and the
    scoring itself are left out for all.

    Raises
    ------
    ChildFailedError
        If the method fails.
    """
    scratch = work / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix=f"{data.name}-{data.seed}-{method.name}-") as folder:
        out = Path(folder)
        content = _ceiling(data, out) if method.kind == "ceiling" else _run(method, data, out)
        scoring = [sys.executable, "-m", "tests.benchmarks.scoring", data.name, str(data.seed), str(data.folder)]
        run_child([*scoring, str(out)], out / "scoring-log.txt")
        content["scores"] = _read(out / SCORES)
        return store.write(work, data, method.name, content)


def _ceiling(data: Data, out: Path) -> dict[str, Any]:
    np.savez(out / "embedding.npz", **Truth(data).latent)  # type: ignore[arg-type]
    return {"cpu_s": 0.0, "versions": store.our_versions()}


def _run(method: Method, data: Data, out: Path) -> dict[str, Any]:
    """Run a method; its answer stands in ``out`` afterwards."""
    state = store.engine_state()
    used = run_child(method.command(data.inputs, out, data.seed, data.place), out / "log.txt")
    cost = {"cpu_s": used.cpu_s, "wall_s": used.wall_s, "peak_memory_mb": used.peak_memory_mb}
    if method.kind == "peer":
        return cost | {"cpu_whole_s": used.cpu_s} | _read(out / "about.json")
    answering = [sys.executable, "-m", "tests.benchmarks.monae_answer", str(out / "run"), str(data.inputs), str(out)]
    run_child(answering, out / "answer-log.txt")
    report = _read(out / "run" / "report.json")
    return cost | {"versions": store.our_versions(), "engine": state, "timings": report["timings"]}


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))
