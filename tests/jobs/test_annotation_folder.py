from __future__ import annotations

from monae_app.jobs.annotation_files import annotation_folder
from monae_app.jobs.registry import Registry, RunRecord


def test_own_runs_keep_theirs_and_other_runs_are_not_written_into(tmp_path):
    registry = Registry(tmp_path / "store", "u1")
    own = RunRecord("mine", registry.runs / "mine")
    assert annotation_folder(own, registry.runs, 5) == own.folder / "annotations"
    bundled = RunRecord("sample-x", tmp_path / "samples" / "x" / "run", read_only=True)
    elsewhere = annotation_folder(bundled, registry.runs, 5)
    assert elsewhere.is_relative_to(tmp_path / "store" / "users" / "u1" / "annotations")
    moved = RunRecord("sample-x", tmp_path / "update" / "x" / "run", read_only=True)
    assert annotation_folder(moved, registry.runs, 5) == elsewhere
    assert annotation_folder(moved, registry.runs, 6) != elsewhere
    opened = [RunRecord("opened-0", tmp_path / name, read_only=True) for name in ("a", "b")]
    assert len({annotation_folder(each, registry.runs, 5) for each in opened}) == 2
    theirs = tmp_path / "store" / "users" / "u2" / "runs" / "y"
    assert annotation_folder(RunRecord("shared-t", theirs, read_only=True), registry.runs, 5) == theirs / "annotations"
