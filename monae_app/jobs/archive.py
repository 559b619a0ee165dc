"""One run as one zip file: written whole or not at all, and without the paths of this machine."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
import zipfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError, MonaeError
from monae_app.engine.result import CELLS, CHECKPOINT, CONFIG, FEATURES, REPORT, WEIGHTS
from monae_app.jobs.about import ABOUT
from monae_app.jobs.redaction import Redaction
from monae_app.jobs.registry import RunRecord
from monae_app.jobs.upload_names import safe_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from monae_app.engine.config import RunConfig

STATUS, PROGRESS, LOG = "status.json", "progress.jsonl", "log.txt"
TABLES = (CELLS, FEATURES)
# The order in the archive: what says what it is comes first.
TEXTS = (CONFIG, ABOUT, STATUS, REPORT, PROGRESS, LOG)
BINARIES = (*TABLES, WEIGHTS, CHECKPOINT)
MEMBERS = (*TEXTS, *BINARIES)
# Of status.json; the rest tells of processes of this machine.
KEPT_STATUS = ("state", "name", "stage", "message", "created", "started", "updated", "step", "steps", "warnings")
BLOCK = 1 << 20
OLDEST = (1980, 1, 1, 0, 0, 0)


class Halted(MonaeError):
    """Asked to stop: nothing is left behind."""


def _ignore(_done: int, _total: int) -> None:
    return


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Watch:
    """Who follows a copy.

    Parameters
    ----------
    on_bytes
        Told how many bytes are done, and of how many.
    should_stop
        Asked after each block.
    """

    on_bytes: Callable[[int, int], None] = _ignore
    should_stop: Callable[[], bool] = _never

    def copied(self, blocks: Iterable[bytes], into: IO[bytes], done: int, total: int) -> int:
        """Copy blocks and return how many bytes are done now.

        Raises
        ------
        Halted
            If it should stop.
        """
        for block in blocks:
            if self.should_stop():
                raise Halted("Stopped.")
            into.write(block)
            done += len(block)
            self.on_bytes(min(done, total), total)
        return done


WATCH = Watch()


def export_run(folder: Path, path: Path, *, checkpoint: bool = False, log: bool = True, watch: Watch = WATCH) -> int:
    """Write a run into a zip file.

    Tables and weights are compressed already and stored as they are; texts are deflated.

    Parameters
    ----------
    folder
        Of the run.
    path
        Of the file; one that is there is replaced.
    checkpoint
        Also take what training goes on from, where it is there.
    log
        Also take what the run said while it computed, and the note to it.
    watch
        Told the progress.

    Returns
    -------
    int
        Bytes of the file.

    Raises
    ------
    InputError
        If the folder is no run, or it is computing.
    Halted
        If it was asked to stop.
    """
    status = RunRecord(folder.name, folder).status
    if status.active:
        raise InputError(
            f"The run {status.name!r} is still {status.state}.", "a run that has ended.", "wait until it is done."
        )
    config = RunRecord(folder.name, folder).files.read_config()
    left_out = {*(() if checkpoint else (CHECKPOINT,)), *(() if log else (LOG, PROGRESS, ABOUT))}
    names = [name for name in MEMBERS if name not in left_out and (folder / name).is_file()]
    total = sum((folder / name).stat().st_size for name in names)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    redaction, done = Redaction.of_run(folder, config), 0
    try:
        with zipfile.ZipFile(temporary, "w", allowZip64=True) as archive:
            for name in names:
                source = folder / name
                with archive.open(_member(source), "w", force_zip64=True) as into:
                    done = watch.copied(_content(source, config, redaction), into, done, total)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    watch.on_bytes(total, total)
    return path.stat().st_size


def archive_name(name: str) -> str:
    """Return what the archive of a run of this name is called."""
    return f"{safe_name(name).removesuffix('.zip')}.monae.zip"


def _member(source: Path) -> zipfile.ZipInfo:
    changed = max(time.localtime(source.stat().st_mtime)[:6], OLDEST)
    about = zipfile.ZipInfo(source.name, changed)
    about.compress_type = zipfile.ZIP_STORED if source.name in BINARIES else zipfile.ZIP_DEFLATED
    about.external_attr = 0o600 << 16
    return about


def _content(source: Path, config: RunConfig, redaction: Redaction) -> Iterator[bytes]:
    if source.name in BINARIES:
        with source.open("rb") as file:
            while block := file.read(BLOCK):
                yield block
    elif source.name == CONFIG:
        yield _json(plain_config(config))
    elif source.name == STATUS:
        yield redaction.text(_json(_plain_status(source)).decode()).encode()
    elif source.name == ABOUT:
        said = _read(source)
        yield redaction.text(_json({key: said[key] for key in ("name", "note") if key in said}).decode()).encode()
    else:
        # A line at a time: a log has no bounds.
        with source.open("r", encoding="utf-8", errors="replace", newline="\n") as file:
            for line in file:
                yield redaction.text(line).encode()


def plain_config(config: RunConfig, below: str = "") -> dict[str, Any]:
    """Return the settings of a run as JSON, with plain names in place of paths.

    Parameters
    ----------
    config
        Of the run.
    below
        Put before each name, such as ``folder/``.
    """
    inputs = {
        modality: tuple(f"{below}{_numbered(paths, place)}" for place in range(len(paths)))
        for modality, paths in config.inputs.items()
    }
    files = {name: f"{below}{safe_name(path.name)}" for name, path in config.files().items()}
    return make_config(**(config.model_dump() | files | {"inputs": inputs})).model_dump(mode="json", exclude_none=True)


def _numbered(paths: tuple[Path, ...], place: int) -> str:
    # Samples may have one name in several folders.
    name = safe_name(paths[place].name)
    return f"{place + 1}_{name}" if [safe_name(path.name) for path in paths].count(name) > 1 else name


def _plain_status(source: Path) -> dict[str, Any]:
    status = RunRecord(source.parent.name, source.parent).status.model_dump(mode="json")
    return {key: status[key] for key in KEPT_STATUS if status.get(key) is not None}


def _read(source: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(source.read_bytes()))
    except (OSError, ValueError, TypeError):
        return {}


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=1, ensure_ascii=False).encode("utf-8", errors="replace") + b"\n"


def free_room(folder: Path, *, quota_left: int, reserve: int) -> int:
    """Bytes that may be written into a folder: what is left of a quota, and of the disk beyond a reserve."""
    return max(0, min(quota_left, shutil.disk_usage(folder).free - reserve))
