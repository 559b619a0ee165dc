from __future__ import annotations

import json
import time

import pytest

from monae_app.engine.data.duration import expected_seconds
from monae_app.jobs.experience import LAST, Experience

SUMMARY = {
    "modalities": {name: {"cells": 1000, "features": 500, "nonzero_share": 0.1} for name in ("rna", "atac")},
    "guidance": {"edges": 100},
}


@pytest.fixture
def finished(registry, config):
    def make(ratio: float, lane: str = "cpu", *, resumed: bool = False, **options):
        record = registry.create(config, "run", **options)
        taken = ratio * expected_seconds(SUMMARY, config)
        began = time.time() + 10_000 * len(registry.list()) - taken
        record.files.append_event({"time": began - 500 * resumed, "stage": "read"})
        done = {"state": "done", "lane": lane, "started": began, "updated": began + taken}
        record.files.write_status(record.status.model_copy(update=done))
        record.files.report_path.write_text(json.dumps({"dataset": SUMMARY, "metrics": {}}))
        return record

    return make


def factor(registry, lane="cpu"):
    return Experience(registry.runs.parents[2]).factor(lane)


def test_nothing_is_known_of_a_device_that_never_trained(registry, finished):
    assert factor(registry) is None
    finished(1.5)
    assert factor(registry, "cuda:0") is None


def test_the_median_of_the_last_runs_counts(registry, finished):
    for _ in range(LAST):
        finished(9.0)
    for ratio in (2.0, 3.0, 4.0, 100.0, 3.0) * 2:
        finished(ratio)
    finished(0.01, "cuda:0")
    assert factor(registry) == pytest.approx(3.0)
    assert factor(registry, "cuda:0") == pytest.approx(0.01)


def test_runs_that_were_not_computed_in_one_go_teach_nothing(registry, finished):
    finished(0.1, resumed=True)
    parent = finished(2.0)
    finished(0.1, extends=parent.id)
    broken = finished(0.1)
    broken.files.report_path.write_text("{")
    assert factor(registry) == pytest.approx(2.0)


def test_what_is_learned_does_not_feed_on_itself(registry, finished):
    record = finished(2.0)
    corrected = record.status.model_copy(
        update={"expected_s": 2.0 * expected_seconds(SUMMARY, record.files.read_config())}
    )
    record.files.write_status(corrected)
    assert factor(registry) == pytest.approx(2.0)
