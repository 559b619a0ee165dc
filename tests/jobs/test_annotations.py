"""Saved selections and annotation columns: what is put in comes out, every change goes back and forth, tabs agree."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.errors import InputError
from monae_app.jobs import annotation_files, bitsets
from monae_app.jobs.annotation_files import STATE
from monae_app.jobs.annotation_state import LEAST_STEPS, MOST_STEPS, NONE
from monae_app.jobs.annotations import Annotations

if TYPE_CHECKING:
    from pathlib import Path

N = 21


def some(*rows: int, cells: int = N) -> bytes:
    chosen = np.zeros(cells, bool)
    chosen[list(rows)] = True
    return bitsets.pack(chosen)


@pytest.fixture
def kept(tmp_path: Path) -> Annotations:
    return Annotations(tmp_path / "run" / "annotations", N)


def plain(kept: Annotations) -> list:
    """What a user sees: names, cells and groups."""
    state = kept.state()
    sets = [(each.name, each.colour, each.count, kept.sets.bits(each.id)) for each in state.sets]
    columns = [(each.name, each.groups, kept.columns.codes(each.id).tolist()) for each in state.columns]
    return [sets, columns]


@pytest.mark.parametrize("bits", [b"", b"\x01\x00", b"\x01\x00\x00\x00", b"\x00\x00\x20"])
def test_bits_of_other_cells_are_refused(bits: bytes, kept):
    with pytest.raises(InputError, match="not one of this run"):
        kept.sets.add("B cells", bits)


def test_a_selection_is_there_after_a_restart(kept):
    made = kept.sets.add(" B \t cells ", some(0, 7, 8, 20))
    again = Annotations(kept._files.folder, N)
    assert [(each.name, each.count) for each in again.state().sets] == [("B cells", 4)]
    assert again.sets.bits(made.id) == some(0, 7, 8, 20)


def test_what_cannot_be_kept_is_refused_and_changes_nothing(kept):
    made = kept.sets.add("B cells", some(1))
    before = kept.state()
    for name, bits, why in (
        ("B cells", some(2), "already a selection"),
        ("", some(2), "empty"),
        ("x\x00", some(2), "seen"),
        ("none", some(), "No cells are selected"),
    ):
        with pytest.raises(InputError, match=why):
            kept.sets.add(name, bits)
    for call in (
        lambda: kept.sets.change("nothing", name="x"),
        lambda: kept.columns.codes(made.id),
        lambda: kept.sets.remove("nothing"),
    ):
        with pytest.raises(InputError, match="not there any more"):
            call()
    assert kept.state() == before


def test_a_column_gets_groups_and_later_ones_win(kept):
    column = kept.columns.add("My types", "B", some(0, 1, 2))
    kept.columns.assign(column.id, some(2, 3), "T", new=True)
    kept.columns.assign(column.id, some(0), None)
    assert kept.columns.codes(column.id).tolist() == [NONE, 0, 1, 1] + [NONE] * (N - 4)
    assert [(each.name, each.count) for each in kept.state().columns[0].groups] == [("B", 1), ("T", 2)]
    with pytest.raises(InputError, match="has no group “NK”"):
        kept.columns.assign(column.id, some(5), "NK")


def test_groups_are_renamed_and_removed(kept):
    column = kept.columns.add("My types", "B", some(0))
    kept.columns.assign(column.id, some(1), "T", new=True)
    kept.columns.assign(column.id, some(2), "NK", new=True)
    kept.columns.rename_group(column.id, "T", "T cells")
    with pytest.raises(InputError, match="already a group"):
        kept.columns.rename_group(column.id, "NK", "B")
    left = kept.columns.remove_group(column.id, "B")
    assert [(each.name, each.count) for each in left.groups] == [("T cells", 1), ("NK", 1)]
    assert kept.columns.codes(column.id)[:4].tolist() == [NONE, 0, 1, NONE]
    groups = kept.columns.categories(column.id)
    assert groups.isna()[:4].tolist() == [True, False, False, True]
    assert groups[1:3].tolist() == groups.categories.tolist() == ["T cells", "NK"]
    kept.columns.rename(column.id, "Types")
    assert kept.state().columns[0].name == "Types"


ACTIONS = ("add", "rename", "recolour", "replace", "remove", "column", "assign", "group", "ungroup", "drop")


def act(kept: Annotations, action: str, number: int) -> None:
    sets, columns = kept.state().sets, kept.state().columns
    bits = some(*{number % N, (3 * number) % N})
    if action in ("group", "ungroup", "assign", "drop") and columns:
        act_on_column(kept, columns, action, number)
        return
    if action == "add" or not sets:
        kept.sets.add(f"s{number}", bits)
    elif action == "column" or not columns:
        kept.columns.add(f"c{number}", "first", bits)
    elif action in ("rename", "recolour"):
        what = {"name": f"r{number}"} if action == "rename" else {"colour": f"#{number:06x}"}
        kept.sets.change(sets[number % len(sets)].id, **what)
    elif action == "replace":
        kept.sets.replace(sets[0].id, bits)
    elif action == "remove":
        kept.sets.remove(sets[-1].id)
    else:
        kept.columns.add(f"c{number}")


def act_on_column(kept: Annotations, columns: list, action: str, number: int) -> None:
    if action == "assign":
        kept.columns.assign(columns[0].id, some(number % N), f"g{number % 3}", new=True)
    elif action in ("group", "ungroup") and columns[0].groups:
        name = columns[0].groups[0].name
        if action == "group":
            kept.columns.rename_group(columns[0].id, name, f"n{number}")
        else:
            kept.columns.remove_group(columns[0].id, name)
    else:
        kept.columns.remove(columns[-1].id)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=14))
def test_every_change_is_undone_and_done_again(tmp_path_factory, actions: list[str]):
    kept = Annotations(tmp_path_factory.mktemp("kept"), N)
    seen = [plain(kept)]
    for number, action in enumerate(actions, start=100):
        act(kept, action, number)
        seen.append(plain(kept))
    for known in reversed(seen[:-1]):
        kept.undo()
        assert plain(Annotations(kept._files.folder, N)) == known
    for known in seen[1:]:
        kept.redo()
        assert plain(kept) == known
    with pytest.raises(InputError, match="nothing to redo"):
        kept.redo()


def test_something_new_ends_what_could_be_done_again(kept):
    kept.sets.add("one", some(1))
    kept.undo()
    kept.sets.add("two", some(2))
    with pytest.raises(InputError, match="nothing to redo"):
        kept.redo()
    assert [step.text for step in kept.state().past] == ["save the selection “two”"]
    with pytest.raises(InputError, match="nothing to undo"):
        _ = [kept.undo() for _ in range(2)]


def test_undo_reaches_back_fifty_steps_and_no_file_is_left_over(kept):
    column = kept.columns.add("c")
    for number in range(MOST_STEPS + 5):
        kept.columns.assign(column.id, some(number % N), f"g{number % 4}", new=True)
    state = kept.state()
    assert len(state.past) == MOST_STEPS
    for _ in range(LEAST_STEPS):
        state = kept.undo()
    assert len(state.future) == LEAST_STEPS
    files = {path.stem for path in kept._files.folder.glob("*.cells")}
    assert files == state.blobs


def replace_often(kept: Annotations, times: int) -> None:
    generator = np.random.default_rng(0)
    first = kept.state().sets[0]
    for _ in range(times):
        kept.sets.replace(first.id, bitsets.pack(generator.random(N) < 0.5))


def test_where_room_is_short_undo_reaches_less_far_back(kept, monkeypatch):
    kept.sets.add("first", some(1))
    # 3 bytes of cells take 11 compressed.
    monkeypatch.setattr(annotation_files, "MOST_BYTES", 11 * (LEAST_STEPS + 4))
    replace_often(kept, LEAST_STEPS + 20)
    assert LEAST_STEPS <= len(kept.state().past) <= LEAST_STEPS + 4


def test_too_much_is_refused_and_what_was_there_stays(kept, monkeypatch):
    kept.sets.add("first", some(1))
    monkeypatch.setattr(annotation_files, "MOST_BYTES", 11 * 20)
    with pytest.raises(InputError, match="too much room"):
        replace_often(kept, 30)
    files = {path.stem for path in kept._files.folder.glob("*.cells")}
    assert files == kept.state().blobs
    assert len(kept.sets.bits(kept.state().sets[0].id)) == 3
    assert len(kept.state().past) == 20


def test_two_tabs_lose_nothing(kept):
    tabs = [Annotations(kept._files.folder, N) for _ in range(2)]
    column = tabs[0].columns.add("types")

    def work(tab: int) -> None:
        for number in range(8):
            tabs[tab].sets.add(f"{tab} {number}", some(number))
            tabs[tab].columns.assign(column.id, some(8 * tab + number), f"group {tab}", new=True)

    threads = [threading.Thread(target=work, args=(tab,)) for tab in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept.state().sets) == 16
    assert {group.name: group.count for group in kept.state().columns[0].groups} == {"group 0": 8, "group 1": 8}
    assert kept.state().version == 33


def test_the_second_writer_is_told(kept):
    made = kept.sets.add("mine", some(1))
    seen = kept.state()
    kept.sets.change(made.id, name="yours")
    for late in (
        lambda: kept.sets.change(made.id, name="his", version=seen.version),
        lambda: kept.sets.remove(made.id, version=seen.version),
    ):
        with pytest.raises(InputError, match="“yours” was changed meanwhile: another tab"):
            late()
    with pytest.raises(InputError, match="another tab: rename “mine” to “yours”"):
        kept.undo(seen.past[-1].id)
    kept.undo(kept.state().past[-1].id)
    assert kept.state().sets[0].name == "mine"


def test_another_number_of_cells_and_damage_are_said(kept):
    made = kept.sets.add("mine", some(1))
    with pytest.raises(InputError, match="belongs to 21 cells"):
        Annotations(kept._files.folder, N + 1).state()
    next(kept._files.folder.glob("*.cells")).write_bytes(b"nothing")
    with pytest.raises(InputError, match="damaged or gone"):
        kept.sets.bits(made.id)
    (kept._files.folder / STATE).write_text(json.dumps({"cells": N, "items": {"x": {"kind": "odd"}}}))
    with pytest.raises(InputError, match="cannot be read"):
        kept.state()


def test_the_files_are_for_the_owner_alone(kept):
    kept.sets.add("mine", some(1))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in kept._files.folder.iterdir() if path.name != ".lock"}
    assert modes == {0o600}
    assert stat.S_IMODE(kept._files.folder.stat().st_mode) == 0o700


WRITER = """
import sys
from pathlib import Path
from monae_app.jobs.annotations import Annotations
kept = Annotations(Path(sys.argv[1]), 21)
print("ready", flush=True)
for number in range(10_000):
    kept.sets.add(f"w{number}", bytes([number % 255 + 1, 0, 0]))
    kept.sets.remove(kept.state().sets[-1].id)
"""


def test_a_killed_writer_leaves_a_whole_state_that_others_go_on_from(kept, from_here):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(kept._files.folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout.readline() == "ready\n"
        while not kept.state().version > 3:
            pass
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()
    plain(kept)
    kept.sets.add("after", some(2))
    assert kept.state().sets[-1].name == "after"
