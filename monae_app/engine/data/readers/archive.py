"""Folders, .zip and .tar archives: what they hold, and single files taken out of them, never all of it at once."""

from __future__ import annotations

import stat
import tarfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

from monae_app.engine.data.readers.unpacking import check_growth, unpacked
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from monae_app.engine.data.readers.unpacking import TemporaryFolder

MOST_MEMBERS, LONGEST_NAME, DEEPEST = 100_000, 1000, 20
EXPECTED = "an archive of plain files, as zip or tar make it."
REPACK = "pack the files anew, without links and with paths below one folder."


@dataclass(frozen=True)
class Listing:
    """What a folder or archive holds.

    Parameters
    ----------
    names
        Paths of its files, with slashes; what the system of its maker left in it is passed over.
    take
        Copies some of them into a temporary folder and returns where each lies; files of a folder stay where they are.
    """

    names: tuple[str, ...]
    take: Callable[[list[str], TemporaryFolder], dict[str, Path]]


def list_folder(path: Path) -> Listing:
    """List the files of a folder, four folders deep."""
    names: list[str] = []
    for depth in ("*", "*/*", "*/*/*", "*/*/*/*", "*/*/*/*/*"):
        for each in path.glob(depth):
            if len(names) >= MOST_MEMBERS:
                raise _too_many(path)
            if each.is_file():
                names.append(each.relative_to(path).as_posix())
    names.sort()
    return Listing(_wanted(names), lambda taken, _folder: {name: path / name for name in taken})


def list_zip(path: Path) -> Listing:
    """List the files of a .zip archive.

    Raises
    ------
    InputError
        If it has links, paths that lead out of it, a password, or is a bomb.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise _too_many(path)
        for each in members:
            _check_name(path, each.filename)
            if stat.S_ISLNK(each.external_attr >> 16):
                raise _has_links(path, each.filename)
            if each.flag_bits & 0x1:
                raise InputError(f"{path.name} is locked with a password.", EXPECTED, "unpack it and give its files.")
            check_growth(f"{path.name}: {each.filename}", each.file_size, each.compress_size)
        check_growth(path.name, sum(each.file_size for each in members), path.stat().st_size)
    names = [each.filename for each in members if not each.is_dir()]

    def take(taken: list[str], folder: TemporaryFolder) -> dict[str, Path]:
        found = {}
        with zipfile.ZipFile(path) as archive:
            for name in taken:
                with archive.open(name) as member:
                    packed = archive.getinfo(name).compress_size
                    found[name] = folder.copy(cast("BinaryIO", member), name, packed)
        return found

    return Listing(_wanted(names), take)


def list_tar(path: Path) -> Listing:
    """List the files of a .tar archive, compressed or not.

    Raises
    ------
    InputError
        If it has links, paths that lead out of it, or is a bomb.
    """
    with _tar(path) as archive:
        names = [each.name for each in _checked(path, archive) if each.isfile()]

    def take(taken: list[str], folder: TemporaryFolder) -> dict[str, Path]:
        found: dict[str, Path] = {}
        with _tar(path) as archive:
            for each in archive:
                if each.name in taken and each.name not in found and each.isfile():
                    member = archive.extractfile(each)
                    if member is not None:
                        found[each.name] = folder.copy(cast("BinaryIO", member), each.name)
        return found

    return Listing(_wanted(names), take)


def _checked(path: Path, archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for count, each in enumerate(archive):
        if count >= MOST_MEMBERS:
            raise _too_many(path)
        _check_name(path, each.name)
        if not (each.isfile() or each.isdir()):
            raise _has_links(path, each.name)
        if each.issparse():
            raise InputError(f"{path.name}: {each.name} is stored with holes.", EXPECTED, REPACK)
        yield each


@contextmanager
def _tar(path: Path) -> Iterator[tarfile.TarFile]:
    # read as a stream: the bounds of the unpacked bytes hold, and nothing is unpacked twice
    with unpacked(path) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        yield archive


def _wanted(names: list[str]) -> tuple[str, ...]:
    """Leave out what no one meant to pack: __MACOSX, .DS_Store and other hidden files."""

    def meant(name: str) -> bool:
        parts = PurePosixPath(name).parts
        return (
            "__MACOSX" not in parts and not parts[-1].startswith("._") and parts[-1] not in (".DS_Store", "Thumbs.db")
        )

    return tuple(name for name in dict.fromkeys(names) if PurePosixPath(name).parts and meant(name))


def _check_name(path: Path, name: str) -> None:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    leads_out = name.startswith(("/", "\\")) or ".." in parts or (bool(parts) and parts[0].endswith(":"))
    if leads_out or "\0" in name:
        raise InputError(f"{path.name}: {name!r} leads out of the archive.", EXPECTED, REPACK)
    if len(name) > LONGEST_NAME or len(parts) > DEEPEST:
        raise InputError(f"{path.name} has a path of {len(name)} characters, {len(parts)} deep.", EXPECTED, REPACK)


def _has_links(path: Path, name: str) -> InputError:
    return InputError(f"{path.name}: {name!r} is a link or a device, no file.", EXPECTED, REPACK)


def _too_many(path: Path) -> InputError:
    return InputError(f"{path.name} holds more than {MOST_MEMBERS:,} files.", EXPECTED, "give the data files alone.")
