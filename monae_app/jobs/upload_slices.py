"""One slice of a file on its way from a connection to the disk: in small blocks, counted and checked."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from monae_app.engine.errors import InputError
from monae_app.jobs.private_files import flush, open_private

if TYPE_CHECKING:
    from pathlib import Path

BLOCK_BYTES = 1 << 20
# Beside HTTP's own numbers: what came is not what was sent.
WRONG_CHECKSUM = 460


class UploadError(InputError):
    """An upload cannot go on as asked.

    Parameters
    ----------
    status
        What HTTP says.
    offset
        Where the file may be continued, in bytes; None if it may not.
    """

    def __init__(self, status: int, found: str, expected: str, todo: str, offset: int | None = None) -> None:
        super().__init__(found, expected, todo)
        self.status = status
        self.offset = offset


class Stream(Protocol):
    """What a slice is read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        ...


class Checksum:
    """A checksum that grows with what is read.

    Parameters
    ----------
    said
        What the sender computed: ``sha256 <hex>``, or ``crc32 <hex>`` from browsers that offer no better (they keep
        theirs for encrypted connections).
    """

    def __init__(self, said: str) -> None:
        self._kind, _, value = said.strip().partition(" ")
        self._wanted = value.strip().lower()
        self._hash = hashlib.sha256()
        self._crc = 0
        if self._kind not in {"sha256", "crc32"} or not self._wanted:
            raise UploadError(
                400, "The slice came without a checksum.", "sha256 or crc32 and its value.", "reload the page."
            )

    def update(self, block: bytes) -> None:
        """Take in one block."""
        if self._kind == "sha256":
            self._hash.update(block)
        else:
            self._crc = zlib.crc32(block, self._crc)

    @property
    def right(self) -> bool:
        """Whether all that was taken in is what the sender sent."""
        return (self._hash.hexdigest() if self._kind == "sha256" else f"{self._crc:08x}") == self._wanted


@dataclass(frozen=True)
class Slice:
    """A piece of a file as it comes.

    Parameters
    ----------
    stream
        Its bytes.
    offset
        Where in the file it begins, in bytes.
    length
        How many bytes must come.
    checksum
        What the sender computed, see ``Checksum``.
    """

    stream: Stream
    offset: int
    length: int
    checksum: str


def receive(piece: Slice, path: Path) -> None:
    """Write a slice into a file, in blocks: memory does not grow with the slice.

    What the file held there is overwritten: it was never checked.

    Raises
    ------
    UploadError
        If fewer bytes come, or others than were sent. Nothing behind the offset counts then.
    """
    checksum = Checksum(piece.checksum)
    with open_private(path) as file:
        file.seek(piece.offset)
        remaining = piece.length
        while remaining:
            block = piece.stream.read(min(BLOCK_BYTES, remaining))
            if not block:
                raise UploadError(
                    400, "The connection ended within a slice.", "the whole slice.", "send it again.", piece.offset
                )
            checksum.update(block)
            file.write(block)
            remaining -= len(block)
        if not checksum.right:
            raise UploadError(
                WRONG_CHECKSUM, "A slice was damaged on its way.", "its checksum.", "send it again.", piece.offset
            )
        flush(file)
