"""The report of a run as one file: made for a page to download, or where the command line says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monae_app.engine.analysis.run_report import write_report
from monae_app.engine.errors import InputError
from monae_app.engine.result import write_atomically
from monae_app.engine.telling import Telling
from monae_app.jobs.run_folder import RunFolder
from monae_app.jobs.sample_folders import DESCRIPTION
from monae_app.jobs.short_files import offered

if TYPE_CHECKING:
    from monae_app.engine.telling import Event
    from monae_app.jobs.short_work import Bench

ENDING = "_report.html"


def make_report(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Write the report of a run for its page.

    Parameters
    ----------
    order
        ``folder`` and ``name`` of the run.
    bench
        Where.

    Returns
    -------
    dict
        ``token``, ``name`` and ``size`` of the download.
    """

    def told(event: Event) -> None:
        done, total = event.get("done"), event.get("total")
        bench.tell(done / total if total else None, str(event.get("message", "")))

    folder, path = Path(order["folder"]), bench.folder / "report.html"
    write_report(folder, path, name=str(order["name"]), data=_cited(folder), tell=Telling("report", told))
    return offered(bench, path, f"{order['name']}{ENDING}")


def report_to(run: Path, out: Path | None) -> Path:
    """Write the report of a run for the command line, and return where it is.

    Parameters
    ----------
    run
        Its folder.
    out
        The file; beside the run if left out, under its name.

    Raises
    ------
    InputError
        If the folder is no finished run, or the file would lie in it.
    """
    folder = run.resolve()
    path = folder.parent / f"{folder.name}{ENDING}" if out is None else out.resolve()
    if path.is_dir() or path.parent == folder:
        raise InputError(
            f"{path} {'is a folder' if path.is_dir() else 'lies in the run, which stays as it was written'}.",
            "a file to write, elsewhere.",
            "name another one: --out FILE.",
        )
    name = _sample(folder).get("title") or RunFolder(folder).written_status().name or folder.name
    write_atomically(path, lambda temporary: write_report(folder, temporary, name=str(name), data=_cited(folder)))
    return path


def _cited(folder: Path) -> str:
    return str(_sample(folder).get("citation", ""))


def _sample(folder: Path) -> dict[str, Any]:
    """Read the description of the bundled sample that a run belongs to; empty of any other run."""
    try:
        return dict(json.loads((folder.parent / DESCRIPTION).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
