from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from monae_app.engine.errors import InputError
from monae_app.web.flags import add_flags, read_flags
from monae_app.web.settings import Settings


def settings(*arguments: str, files: bool = True) -> Settings:
    parser = argparse.ArgumentParser()
    add_flags(parser, files=files)
    return read_flags(parser.parse_args(arguments))


def test_without_flags_the_app_serves_one_user_on_this_machine():
    assert settings() == Settings()
    assert settings(files=False).single


def test_users_are_told_apart_when_asked_or_when_others_can_come():
    assert not settings("--multi-user").single
    assert not settings("--host", "0.0.0.0").single
    assert settings("--host", "0.0.0.0", "--single-user").single
    with pytest.raises(SystemExit):
        settings("--single-user", "--multi-user")


def test_files_and_folders_are_taken(tmp_path):
    (tmp_path / "mtx").mkdir()
    given = settings(str(tmp_path / "mtx"), "--data-root", str(tmp_path), "--store", "s")
    assert given.offered_files == (tmp_path / "mtx",)
    assert (given.data_root, given.store) == (tmp_path, Path("s"))


@pytest.mark.parametrize("arguments", [["nothing.h5ad"], ["--data-root", "nothing"]])
def test_what_is_not_there_is_said(arguments):
    with pytest.raises(InputError, match="nothing"):
        settings(*arguments)


def test_limits_are_said_in_gigabytes():
    limits = settings("--max-upload", "0.5", "--quota", "2").limits
    assert (limits.file_bytes, limits.quota_bytes) == (500_000_000, 2_000_000_000)
    for wrong in ("0", "-1", "nan", "inf"):
        with pytest.raises(InputError, match="no size above 0"):
            settings("--quota", wrong)
