"""What the app is told on the command line."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError
from monae_app.jobs.run_limits import RunLimits
from monae_app.jobs.upload_limits import GIGABYTE, UploadLimits
from monae_app.web.settings import Settings

if TYPE_CHECKING:
    import argparse


def add_flags(command: argparse.ArgumentParser, *, files: bool) -> None:
    """Declare the flags of ``monae app`` and ``monae demo``.

    Parameters
    ----------
    command
        Takes the flags.
    files
        Whether files may be named, too.
    """
    if files:
        told = "a run to open, or files and folders with data"
        command.add_argument("files", nargs="*", type=Path, metavar="RUN|FILES", help=told)
    command.add_argument("--host", default="127.0.0.1", help="where to listen (default: this machine alone)")
    command.add_argument("--port", type=int, default=8050)
    command.add_argument(
        "--store", type=Path, help="where runs and uploads are kept (default: .monae in the home folder)"
    )
    command.add_argument("--data-root", type=Path, help="folder whose files all users of the app may read")
    users = command.add_mutually_exclusive_group()
    alone = "one user: the default while this machine alone can reach the app"
    users.add_argument("--single-user", action="store_true", default=None, help=alone)
    several = "each browser is a user of its own: the default with another --host"
    users.add_argument("--multi-user", action="store_false", dest="single_user", help=several)
    usual = UploadLimits()
    for flag, size, told in (
        ("--max-upload", usual.file_bytes, "the largest file that may be uploaded"),
        ("--quota", usual.quota_bytes, "what the uploads of one user may take together"),
    ):
        command.add_argument(
            flag, type=float, default=size / GIGABYTE, metavar="GB", help=f"{told} (default: {size / GIGABYTE:.0f})"
        )
    runs = RunLimits()
    for flag, number, told in (
        ("--max-runs", runs.total, "how many trainings may wait and compute"),
        ("--max-runs-per-user", runs.per_user, "how many of one user"),
    ):
        command.add_argument(flag, type=int, default=number, metavar="N", help=f"{told} (default: {number})")
    command.add_argument("--no-browser", action="store_true", help="do not open a browser")


def add_demo_flags(command: argparse.ArgumentParser) -> None:
    """Declare the flags that ``monae demo`` has beside those of ``monae app``."""
    command.add_argument("--keep", action="store_true", help="go on with what the last demo left")
    command.add_argument("--projector", action="store_true", help="begin in the theme for projectors: larger, starker")


def read_flags(parsed: argparse.Namespace) -> Settings:
    """Turn what was typed into settings.

    Raises
    ------
    InputError
        If a named file, or the data root, is not there, or a size makes no sense.
    """
    given = {name: getattr(parsed, name) for name in ("host", "port", "no_browser", "data_root", "single_user")}
    if parsed.store is not None:
        given["store"] = parsed.store
    files = tuple(getattr(parsed, "files", ()))
    missing = [path for path in files if not path.exists()]
    if missing:
        raise InputError(f"There is no {missing[0]}.", "runs, or files and folders with data.", "check the path.")
    if parsed.data_root is not None and not parsed.data_root.is_dir():
        raise InputError(f"{parsed.data_root} is no folder.", "a folder after --data-root.", "check the path.")
    if not all(0 < size < math.inf for size in (parsed.max_upload, parsed.quota)):
        raise InputError(
            "--max-upload or --quota is no size above 0.", "a size in GB.", "leave it out to use the default."
        )
    if min(parsed.max_runs, parsed.max_runs_per_user) < 1:
        raise InputError(
            "--max-runs or --max-runs-per-user is below 1.",
            "a number of trainings.",
            "leave it out to use the default.",
        )
    limits = UploadLimits(file_bytes=int(parsed.max_upload * GIGABYTE), quota_bytes=int(parsed.quota * GIGABYTE))
    run_limits = RunLimits(per_user=parsed.max_runs_per_user, total=parsed.max_runs)
    return Settings(files=files, limits=limits, run_limits=run_limits, **given)
