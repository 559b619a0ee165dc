"""What uploads may cost: the largest file, the room of a user, the room on the disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monae_app.jobs.upload_slices import UploadError

if TYPE_CHECKING:
    from collections.abc import Sequence

GIGABYTE = 10**9
NO_ROOM = 507


@dataclass(frozen=True)
class UploadLimits:
    """What an upload may cost; sizes in bytes.

    Parameters
    ----------
    file_bytes
        The largest file.
    quota_bytes
        All files of one user together, unfinished ones counted as if they were whole.
    reserve_bytes
        What must remain free on the disk.
    slice_bytes
        The largest slice.
    abandoned_seconds
        An unfinished upload that nobody has gone on with for this long is removed.
    files, unfinished
        Files of one folder, and unfinished uploads of one user.
    """

    file_bytes: int = 5 * GIGABYTE
    quota_bytes: int = 50 * GIGABYTE
    reserve_bytes: int = GIGABYTE
    slice_bytes: int = 16 * 2**20
    abandoned_seconds: float = 24 * 3600.0
    files: int = 5000
    unfinished: int = 100

    def check_shape(self, sizes: Sequence[int], *, folder: bool) -> None:
        """Refuse an upload of no file, of too many or of one that is too large.

        Raises
        ------
        UploadError
            400 or 413.
        """
        if not sizes or len(sizes) > (self.files if folder else 1) or min(sizes) < 0:
            raise UploadError(
                400,
                f"The upload names {len(sizes):,} files.",
                f"one file, or a folder of at most {self.files:,}.",
                "pack the folder into a zip file.",
            )
        if max(sizes) > self.file_bytes:
            raise UploadError(
                413,
                f"The file has {_gigabytes(max(sizes))}.",
                f"at most {_gigabytes(self.file_bytes)}.",
                "compress it, or put it into the folder that the server was started with (--data-root).",
            )

    def check_room(self, size: int, *, used: int, unfinished: int, free: int) -> None:
        """Refuse an upload that there is no room for.

        Parameters
        ----------
        size
            Of all its files, in bytes.
        used, unfinished
            Bytes of all files of this user, and how many of the uploads are not finished.
        free
            Bytes of the disk that nobody has claimed.

        Raises
        ------
        UploadError
            507.
        """
        if unfinished >= self.unfinished:
            raise UploadError(
                NO_ROOM,
                f"{unfinished} uploads are not finished.",
                f"at most {self.unfinished} at a time.",
                "finish or cancel some of them first.",
            )
        if used + size > self.quota_bytes:
            raise UploadError(
                NO_ROOM,
                f"Your files take {_gigabytes(used)} already, and this upload has {_gigabytes(size)}.",
                f"at most {_gigabytes(self.quota_bytes)} together.",
                "delete files that you no longer need.",
            )
        if free - size < self.reserve_bytes:
            raise UploadError(
                NO_ROOM,
                f"The server's disk has no room for {_gigabytes(size)}.",
                "enough free space.",
                "delete files that you no longer need, or ask who runs the server.",
            )


def _gigabytes(size: int) -> str:
    return f"{size / GIGABYTE:,.2f} GB"
