"""Several processes that train together, connected by Gloo: the same step, the same network, one decision."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.data.planted import make_planted
from monae_app.engine.errors import InputError
from monae_app.engine.training import ranks
from monae_app.engine.training.checkpoint import Checkpoint
from monae_app.engine.training.group import FEWEST_CELLS, SOLO, Group
from monae_app.engine.training.threads import thread_count
from tests.engine.training.drawing import anchored, assert_same, rows_of, sampler
from tests.engine.training.group_member import STEPS, STOPPED_AT

if TYPE_CHECKING:
    from monae_app.engine.training.batches import StepSampler

ROOT = Path(__file__).resolve().parents[3]


SIZES = (2, 4)


def try_in(folder: Path, what: str, *sizes: int) -> None:
    """Let so many processes try, by one program that forks: loading it takes most of the time."""
    command = [sys.executable, "-m", "tests.engine.training.group_member", str(folder), what, *map(str, sizes)]
    named = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"}
    tried = subprocess.run(
        command,
        env=os.environ | named,
        capture_output=True,
        text=True,
        timeout=3000,
        start_new_session=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stderr[-3000:]


@pytest.fixture(scope="module")
def members(planted, tmp_path_factory) -> Path:
    """What two and four processes found, each in a file."""
    folder = tmp_path_factory.mktemp("group")
    planted.write(folder)
    try_in(folder, "all", *SIZES)
    return folder


@pytest.mark.parametrize("size", SIZES)
def test_processes_take_one_step_together(members, size):
    found = [json.loads((members / str(size) / f"{rank}.json").read_text()) for rank in range(size)]
    for each in found:
        # terms and gradients, each within rounding of that of one process on the whole batch
        names = {name for name in each["gradients"] if name.startswith("term")}
        assert {"term clusters", "term anchors", "term contrastive", "term discriminator"} <= names
        assert {name: far for name, far in each["gradients"].items() if far > 1e-3} == {}
        # one heard a wish to stop: all stopped at once
        assert each["first"].keys() == {"stopped"}
        assert each["state"] == found[0]["state"]
        assert "prepared other data than the first" in each["refused"]
    assert found[0]["first"] == {"stopped": STOPPED_AT}
    assert found[0]["second"]["steps"] == STEPS
    assert found[0]["second"]["record"]["processes"] == size
    assert all(each["second"] == {"followed": True} for each in found[1:])
    assert Checkpoint.read_head(members / str(size) / "checkpoint.safetensors").step == STEPS


@pytest.mark.long
@pytest.mark.timeout(3100)
def test_several_processes_train_as_well_as_one(tmp_path):
    """Means over seeds lie as near as those of two other sets of seeds may."""
    make_planted(n_cells=600, n_genes=400, n_peaks=1500, seed=3).write(tmp_path)
    try_in(tmp_path, "quality", 1, *SIZES)
    found = {size: json.loads((tmp_path / str(size) / "0.json").read_text()) for size in (1, *SIZES)}
    for name, least in (("foscttm", 0.005), ("label_transfer", 0.01)):
        values = {size: np.array([each[name] for each in of_size]) for size, of_size in found.items()}
        spread = max(3 * values[1].std(ddof=1), least)
        for size in SIZES:
            assert abs(values[size].mean() - values[1].mean()) <= spread, (name, values)


@given(total=st.integers(1, 300), size=st.integers(1, 9))
def test_shares_make_up_the_whole_and_their_means_its_mean(total, size):
    values = np.random.default_rng(total).normal(size=total)
    shares = [Group(rank, size).share(total) for rank in range(size)]
    if size == 1 or total < FEWEST_CELLS * size:
        assert all(rows == slice(0, total) and share.total is None for rows, share in shares)
    else:
        assert np.array_equal(np.concatenate([values[rows] for rows, _ in shares]), values)
        lengths = [rows.stop - rows.start for rows, _ in shares]
        assert max(lengths) - min(lengths) <= 1
    mean = np.mean([share.weight * values[rows].mean() for rows, share in shares])
    assert np.isclose(mean, values.mean())


def drawn_by(own: StepSampler, group: Group):
    own.group = group
    return own.draw(3, 0.0)


def test_processes_draw_what_one_would_and_part_its_cells():
    anchors = [anchored(np.column_stack([np.arange(80), np.arange(80)[::-1]]))]
    whole = drawn_by(sampler(anchors=anchors), SOLO)
    parts = [drawn_by(sampler(anchors=anchors), Group(rank, 3)) for rank in range(3)]
    for name, batch in whole.cells.items():
        mine = [each.cells[name] for each in parts]
        assert np.array_equal(
            np.concatenate([rows_of(each.representation) for each in mine]), rows_of(batch.representation)
        )
        partners = np.concatenate([rows_of(each.partners.representation) for each in mine])
        assert np.array_equal(partners, rows_of(batch.partners.representation))
        assert all(np.array_equal(each.features, batch.features) for each in mine)
        assert all(np.array_equal(each.balance, batch.balance) for each in mine)
        assert sum(len(each.measured.values) for each in mine) == len(batch.measured.values)
    for side in (0, 1):
        rows = np.concatenate([rows_of(each.anchors[0].representations[side]) for each in parts])
        assert np.array_equal(rows, rows_of(whole.anchors[0].representations[side]))
    assert all(np.array_equal(each.anchors[0].not_negative, whole.anchors[0].not_negative) for each in parts)
    assert_same(drawn_by(sampler(anchors=anchors), SOLO), whole)


@pytest.mark.parametrize("said", ["-1", "two", "1.5"])
def test_an_environment_that_makes_no_sense_is_refused_in_words(monkeypatch, said):
    monkeypatch.setenv("WORLD_SIZE", said)
    with pytest.raises(InputError, match="as torchrun sets it"):
        Group.of_environment()


def test_processes_of_one_machine_share_its_cores(monkeypatch):
    monkeypatch.delenv("MONAE_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 32)
    assert thread_count() == 8
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert thread_count() == 4
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "16")
    assert thread_count() == 1
    assert ranks.leads()
