"""What becomes of a run from the command line that ended too early."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monae_app.engine.result import CHECKPOINT, CONFIG, STAGES
from monae_app.jobs.destination import Destination
from monae_app.jobs.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An old run."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / CONFIG).write_text("old")
    return tmp_path / "run"


def test_what_was_worked_out_is_kept_of_a_run_that_was_stopped(out):
    destination = Destination(out, overwrite=True)
    (out / STAGES).mkdir()
    assert RunFolder(out).has_begun
    assert not RunFolder(out).has_checkpoint
    assert RunFolder(out).goes_on == "It had no checkpoint yet. What it had worked out is kept."
    kept = destination.settle(done=False, stopped=True)
    assert (out / STAGES).is_dir()
    assert kept is not None
    assert (kept / CONFIG).read_text() == "old"


def test_nothing_stays_of_a_run_that_failed_before_training(out):
    destination = Destination(out, overwrite=True)
    (out / STAGES).mkdir()
    assert destination.settle(done=False) is None
    assert (out / CONFIG).read_text() == "old"
    assert not (out / STAGES).exists()


def test_an_overwritten_run_takes_its_stages_along(out):
    (out / STAGES).mkdir()
    destination = Destination(out, overwrite=True)
    assert not RunFolder(out).has_begun
    (out / CHECKPOINT).touch()
    assert RunFolder(out).goes_on == "It can go on from its last checkpoint."
    destination.settle(done=True)
    assert [path.name for path in out.parent.iterdir()] == ["run"]
