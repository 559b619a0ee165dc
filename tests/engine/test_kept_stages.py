"""Stages that are kept: opened instead of computed, and no more than a shard is lost."""

from __future__ import annotations

import errno
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from monae_app.engine import kept_stages
from monae_app.engine.kept_stages import building_on, forget, in_shards, keep_state, keeping_in, kept, last_state
from monae_app.engine.result import STAGES
from monae_app.engine.telling import Telling

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Killed(BaseException):
    """What no handler of errors sees, like the end of a process."""


class Counted:
    """Computes, and counts how often."""

    def __init__(self, value: Any = 7) -> None:
        self.value, self.times = value, 0

    def __call__(self) -> Any:
        self.times += 1
        return self.value


def files(run: Path) -> list[str]:
    return sorted(str(path.relative_to(run / STAGES)) for path in (run / STAGES).rglob("*") if path.is_file())


def test_without_a_folder_nothing_is_kept_and_names_do_not_matter():
    compute = Counted()
    assert kept("one", compute) == kept("one", compute) == 7
    assert compute.times == 2
    assert last_state("state") is None
    keep_state("state", {"not kept": object()})
    with building_on(lambda: pytest.fail("not asked")):
        np.testing.assert_array_equal(in_shards("rows", 5, 2, lambda rows: np.arange(10)[rows]), np.arange(5))


def test_a_result_is_computed_once_and_anew_under_another_key(tmp_path):
    compute = Counted()
    for key in ("first", "first", "second"):
        with keeping_in(tmp_path, key):
            assert kept("one", compute) == 7
    assert compute.times == 2
    # the key of what there was before is gone
    assert files(tmp_path) == ["one.safetensors"]
    forget(tmp_path)
    assert not (tmp_path / STAGES).exists()
    forget(tmp_path)


def test_what_builds_on_something_else_is_computed_anew(tmp_path):
    before, after = Counted(), Counted()
    for network in ("a", "a", "b"):
        with keeping_in(tmp_path, "key"):
            kept("before", before)
            with building_on(lambda network=network: network):
                kept("after", after)
    assert (before.times, after.times) == (1, 2)


@pytest.mark.parametrize("damage", [b"", b"no file of ours", None])
def test_a_damaged_file_is_computed_anew(damage, tmp_path):
    compute = Counted(np.arange(100))
    with keeping_in(tmp_path, "key"):
        kept("one", compute)
    path = tmp_path / STAGES / "one.safetensors"
    path.write_bytes(path.read_bytes()[:-3] if damage is None else damage)
    with keeping_in(tmp_path, "key"):
        np.testing.assert_array_equal(kept("one", compute), np.arange(100))
    assert compute.times == 2
    with keeping_in(tmp_path, "key"):
        kept("one", compute)
    assert compute.times == 2


def test_one_name_does_not_stand_for_two_results(tmp_path):
    with keeping_in(tmp_path, "key"):
        kept("one", Counted())
        with pytest.raises(ValueError, match="two stages are called 'one'"):
            kept("one", Counted())
        # within another stage it is another name
        kept("two", lambda: kept("one", Counted()))


def test_parts_of_a_stage_are_opened_until_it_is_whole(tmp_path):
    inner = [Counted(1), Counted(2)]
    broken = [True]

    def outer() -> int:
        found = kept("first", inner[0])
        if broken.pop() if broken else False:
            raise Killed
        return found + kept("second", inner[1])

    with pytest.raises(Killed), keeping_in(tmp_path, "key"):
        kept("whole", outer)
    assert files(tmp_path) == ["whole/first.safetensors"]
    with keeping_in(tmp_path, "key"):
        assert kept("whole", outer) == 3
        assert files(tmp_path) == ["whole.safetensors"]
    with keeping_in(tmp_path, "key"):
        assert kept("whole", outer) == 3
    assert [each.times for each in inner] == [1, 1]


@pytest.mark.parametrize("several", [False, True])
def test_killed_between_shards_it_loses_the_shard_it_was_in(several, tmp_path):
    values = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
    computed: list[int] = []

    def compute(rows: slice, kill_at: int | None) -> Any:
        if rows.start == kill_at:
            raise Killed
        computed.append(rows.start)
        return (values[rows], np.arange(10)[rows]) if several else values[rows]

    for kill_at in (4, 8):
        with pytest.raises(Killed), keeping_in(tmp_path, "key"):
            in_shards("rows", 10, 2, lambda rows, at=kill_at: compute(rows, at))
    told: list[dict] = []
    tell = Telling("preprocess", told.append)
    with keeping_in(tmp_path, "key", tell):
        found = in_shards("rows", 10, 2, lambda rows: compute(rows, None), tell)
    assert computed == [0, 2, 4, 6, 8]
    np.testing.assert_array_equal(found[0] if several else found, values)
    if several:
        np.testing.assert_array_equal(found[1], np.arange(10))
    assert told[0]["message"] == "Taken from before: rows (4 parts)"
    assert [event["done"] for event in told[1:]] == [2, 4, 6, 8]


def test_no_rows_have_a_width(tmp_path):
    with keeping_in(tmp_path, "key"):
        assert in_shards("rows", 0, 5, lambda _: np.empty((0, 4), np.float32)).shape == (0, 4)


def test_a_state_takes_the_place_of_the_one_before(tmp_path):
    with keeping_in(tmp_path, "key"):
        assert last_state("state") is None
        for step in range(3):
            keep_state("state", (step, {"vectors": np.full(3, step)}))
    with keeping_in(tmp_path, "key"):
        step, state = last_state("state")
    assert step == 2
    assert state["vectors"].tolist() == [2, 2, 2]
    with keeping_in(tmp_path, "other"):
        assert last_state("state") is None


def full(after: int) -> Callable[..., None]:
    write, left = kept_stages.write_atomically, [after]

    def fails(path: Path, content: Callable[[Path], object], **settings: bool) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, content, **settings)

    return fails


def test_a_full_disk_is_said_once_and_the_run_goes_on(tmp_path, monkeypatch):
    told: list[dict] = []
    monkeypatch.setattr(kept_stages, "write_atomically", full(after=1))
    with keeping_in(tmp_path, "key", Telling("preprocess", told.append)):
        assert [kept(name, Counted(name)) for name in "abc"] == ["a", "b", "c"]
        with building_on(lambda: "network"):
            assert kept("d", Counted("d")) == "d"
    (warning,) = [event["warning"] for event in told if "warning" in event]
    assert "the disk is full" in warning
    assert files(tmp_path) == ["a.safetensors"]


def test_a_file_in_the_place_of_the_folder_ends_nothing(tmp_path):
    (tmp_path / STAGES).write_text("in the way")
    told: list[dict] = []
    with keeping_in(tmp_path, "key", Telling("preprocess", told.append)):
        assert kept("one", Counted()) == 7
    assert len([event for event in told if "warning" in event]) == 1


def test_many_names_are_told_in_one_short_sentence(tmp_path):
    told: list[dict] = []
    for _ in range(2):
        with keeping_in(tmp_path, "key", Telling("preprocess", told.append)):
            for number in range(kept_stages.ALONE + 3):
                kept(f"stage {number:02}", Counted())
    (event,) = told
    assert event["message"].startswith("Taken from before: stage 00, stage 01,")
    assert event["message"].endswith("and 3 more")


def test_what_a_dead_process_had_half_written_goes(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with keeping_in(tmp_path, "key"):
        in_shards("rows", 4, 2, lambda rows: np.arange(4)[rows])
    halves = [tmp_path / STAGES / place / f".4-6.safetensors.{dead.pid}.tmp" for place in ("rows", ".")]
    for half in halves:
        half.write_bytes(b"half of it")
    with keeping_in(tmp_path, "key"):
        assert not any(half.exists() for half in halves)
    assert len(files(tmp_path)) == 2


def test_a_name_never_leaves_the_folder(tmp_path):
    with keeping_in(tmp_path / "run", "key"):
        kept("../../outside", Counted())
    assert {path.name for path in tmp_path.iterdir()} == {"run"}


def test_what_another_process_keeps_is_opened_and_nothing_is_written(tmp_path):
    told = []
    with keeping_in(tmp_path, "key"):
        first = kept("numbers", lambda: np.arange(3))
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with keeping_in(tmp_path, "key", Telling("preprocess", told.append), others=True):
        np.testing.assert_array_equal(kept("numbers", lambda: np.zeros(3)), first)
        assert kept("more", lambda: 5) == 5
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert not any("warning" in each for each in told)
