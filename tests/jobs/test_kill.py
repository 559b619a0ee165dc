"""A worker that is killed at any moment leaves a run that goes on to the same result."""

from __future__ import annotations

import pytest

from tests.jobs.storm import assert_equal, assert_whole, finish, kill_when, make_run, storm, while_writing


@pytest.mark.long
def test_a_worker_that_is_killed_three_times_comes_to_the_same_result(data, tmp_path, reference):
    run, whole = reference
    assert storm(make_run(tmp_path / "run", data), run, 3, seed=1, whole=whole) == 3


@pytest.mark.long
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(5))
def test_a_storm_of_kills(data, tmp_path, reference, seed):
    run, whole = reference
    storm(make_run(tmp_path / "run", data), run, 4, seed=10 + seed, whole=whole)


@pytest.mark.long
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", ["checkpoint.safetensors", "cells.h5ad", "features.h5ad", "report.json"])
def test_a_worker_that_is_killed_while_it_writes(data, tmp_path, reference, name):
    run = make_run(tmp_path / "run", data)
    assert kill_when(run, while_writing(run, name), resume=False), "it ended before it could be killed"
    assert_whole(run)
    if not run.finished:
        finish(run, resume=True)
    assert_equal(run, reference[0])
