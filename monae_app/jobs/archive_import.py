"""A run out of a zip file: whole in its place, or not there at all.

Nothing in an archive is believed: names are on a list, settings are validated, tables are opened by a process of its
own that may crash, and every path becomes the name of a file that is not there.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from monae_app.engine.config import make_config
from monae_app.engine.data.readers.guard import guarded
from monae_app.engine.errors import InputError
from monae_app.engine.result import CELLS, CHECKPOINT, CONFIG, FEATURES, REPORT, write_json
from monae_app.jobs.about import About, read_about, write_about
from monae_app.jobs.archive import BLOCK, MEMBERS, STATUS, TEXTS, WATCH, Watch, plain_config
from monae_app.jobs.isolation import with_own_temporary_files
from monae_app.jobs.looking import how_it_ended
from monae_app.jobs.private_files import open_private, private_folder
from monae_app.jobs.progress import Status
from monae_app.jobs.registry import RunRecord
from monae_app.jobs.upload_names import safe_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from monae_app.engine.config import RunConfig
    from monae_app.jobs.registry import Registry

ARCHIVE = "--archive"
INSPECTOR = (sys.executable, "-m", "monae_app.jobs.inspector")
CHECK_SECONDS = 900.0
IMPORTING = ".importing-"
# No such folder is made, ever: what was measured stays where the run was made.
ABSENT = "absent"
EXPECTED = "an archive that the app exported: one run, not packed anew."
LONGEST_CONFIG, LONGEST_TEXT = 1 << 20, 200 << 20
# Texts shrink well; beyond this a small file would fill the disk.
MOST_GROWTH, SMALL = 300, 1 << 20
MOST_MEMBERS = 64


def import_run(
    registry: Registry,
    archive: Path,
    *,
    room: int,
    name: str = "",
    watch: Watch = WATCH,
    check: Callable[[Path], dict[str, Any]] | None = None,
) -> RunRecord:
    """Make a run of a user out of an archive.

    Parameters
    ----------
    registry
        Of the user.
    archive
        The zip file.
    room
        Bytes that the run may take.
    name
        What the run is called; what it was called before if left out.
    watch
        Told the progress.
    check
        Says what a folder holds; by a process of its own if left out.

    Raises
    ------
    InputError
        If it is no archive of a run, or there is no room for it.
    Halted
        If it was asked to stop.
    """
    now = time.time()
    run_id = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}-{secrets.token_hex(3)}"
    private_folder(registry.runs)
    # Beside the runs, on the same file system: it appears there whole, in one step.
    folder = private_folder(registry.runs.parent / f"{IMPORTING}{secrets.token_hex(8)}")
    try:
        with guarded(archive, "an archive of a run", EXPECTED, "export the run again, and import that"):
            _unpack(archive, folder, room, watch)
            config = _settings(folder)
        # While it is checked its settings name nothing at all; then they count from where the run will be.
        write_json(folder / CONFIG, plain_config(config, f"{ABSENT}/{ABSENT}/"))
        found = (check or _checked_apart)(folder)
        write_json(folder / CONFIG, plain_config(config, f"{run_id}/{ABSENT}/"))
        about, status = _described(folder, name, finished=found["finished"], now=now)
        write_about(folder, about)
        RunRecord(run_id, folder).files.write_status(status)
        folder.replace(registry.runs / run_id)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return RunRecord(run_id, registry.runs / run_id)


def sweep_imports(store: Path, older_than: float = 24 * 3600.0) -> None:
    """Remove what interrupted imports have left behind."""
    for folder in store.glob(f"users/*/{IMPORTING}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > older_than:
                shutil.rmtree(folder)


def inputs_are_here(config: RunConfig) -> bool:
    """Whether the files that a run was made from are there, so that it can go on or be made anew."""
    named = [path for paths in config.inputs.values() for path in paths]
    named += config.files().values()
    return all(path.exists() for path in named)


def imported(config: RunConfig) -> bool:
    """Whether a run came in an archive, and what it was made from is not here."""
    return all(path.parent.name == ABSENT for paths in config.inputs.values() for path in paths)


def _unpack(path: Path, folder: Path, room: int, watch: Watch) -> None:
    with zipfile.ZipFile(path) as archive:
        members = _members(path, archive)
        total = sum(each.file_size for each in members.values())
        if total > room:
            raise InputError(
                f"The run of {path.name} takes {total / 1e6:,.1f} MB, and there is room for {room / 1e6:,.1f} MB.",
                "enough room.",
                "delete files and runs that you no longer need.",
            )
        done = 0
        for name, member in members.items():
            with archive.open(member) as source, open_private(folder / name) as into:
                done = watch.copied(_blocks(source), into, done, total)


def _blocks(source: IO[bytes]) -> Iterator[bytes]:
    # zipfile ends a member at the size that it names, and checks its sum there.
    while block := source.read(BLOCK):
        yield block


def _members(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Files of the run by name, each checked; they may lie together in one folder."""
    listed = archive.infolist()
    if len(listed) > MOST_MEMBERS:
        raise _refused(path, f"holds {len(listed):,} files")
    found: dict[str, zipfile.ZipInfo] = {}
    folders = set()
    for each in (each for each in listed if not each.is_dir()):
        parts = PurePosixPath(each.filename).parts
        # The name must be on the list, so that no other can become a path.
        if each.filename.rsplit("/", 1)[-1] not in MEMBERS or len(parts) > 2 or parts[0] in ("/", "..", "."):
            raise _refused(path, f"holds {each.filename[:80]!r}, which is no file of a run")
        _check_member(path, each)
        if parts[-1] in found:
            raise _refused(path, f"holds {parts[-1]} twice")
        found[parts[-1]] = each
        folders.add(parts[:-1])
    if len(folders) > 1:
        raise _refused(path, "holds more than one run")
    if CONFIG not in found:
        raise _refused(path, f"has no {CONFIG}")
    whole = {REPORT, CELLS, FEATURES} <= set(found)
    if not whole and (REPORT in found or CHECKPOINT not in found):
        raise _refused(path, "holds neither a result nor a checkpoint")
    return {name: found[name] for name in MEMBERS if name in found}


def _check_member(path: Path, each: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(each.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise _refused(path, f"holds {each.filename[:80]!r} as a link or a device")
    if each.flag_bits & 0x1:
        raise _refused(path, "is locked with a password")
    if each.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(path, "is packed in an unusual way")
    name = each.filename.rsplit("/", 1)[-1]
    grown = each.file_size > max(SMALL, MOST_GROWTH * each.compress_size)
    longest = LONGEST_CONFIG if name == CONFIG else LONGEST_TEXT if name in TEXTS else each.file_size
    if grown or each.file_size > longest:
        raise _refused(path, f"holds {name} of {each.file_size:,} bytes, far more than a run has")


def _settings(folder: Path) -> RunConfig:
    values = json.loads((folder / CONFIG).read_bytes())
    if not isinstance(values, dict):
        raise TypeError("config.json holds no settings")
    return make_config(**values)


def _described(folder: Path, name: str, *, finished: bool, now: float) -> tuple[About, Status]:
    """Return what is said of the run and where it stands, neither of them as the archive has it."""
    try:
        before = Status.model_validate_json((folder / STATUS).read_bytes())
    except (OSError, ValueError):
        before = Status()
    about = read_about(folder)
    called = " ".join((name or about.name or before.name or "Imported run").split())
    called = "".join(character for character in called if character.isprintable())[:80].strip() or "Imported run"
    message = "Imported" if finished else "Imported; the files that it was made from are not here."
    status = Status(
        state="done" if finished else "cancelled",
        name=called,
        message=message,
        created=now,
        updated=now,
        step=before.step,
        steps=before.steps,
    )
    return replace(about, name=called, source=None, extends=None), status


def _checked_apart(folder: Path) -> dict[str, Any]:
    try:
        with with_own_temporary_files() as environment:
            done = subprocess.run(  # the command is ours
                [*INSPECTOR, ARCHIVE],
                input=json.dumps({"folder": str(folder)}),
                capture_output=True,
                timeout=CHECK_SECONDS,
                check=False,
                text=True,
                env=environment,
            )
    except subprocess.TimeoutExpired:
        raise _damaged(f"opening its files took longer than {CHECK_SECONDS:.0f} seconds") from None
    for line in reversed(done.stdout.splitlines()):
        with contextlib.suppress(ValueError):
            answer = json.loads(line)
            if isinstance(answer, dict) and "error" in answer:
                raise InputError(**answer["error"])
            if isinstance(answer, dict) and "archive" in answer:
                return dict(answer["archive"])
    raise _damaged(f"its files ended the program that opens them: {how_it_ended(done.returncode)}")


def _damaged(why: str) -> InputError:
    return InputError(f"The archive cannot be used ({why}).", EXPECTED, "export the run again, and import that.")


def _refused(path: Path, what: str) -> InputError:
    return InputError(f"{safe_name(path.name)} {what}.", EXPECTED, "export the run again, and import that.")
