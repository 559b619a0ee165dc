"""What users upload: received in slices below ``uploading``, moved whole into ``uploads`` once all of it is there.

``<store>/users/<user>/uploading/<id>/`` becomes ``<store>/users/<user>/uploads/<id>/`` in one step.
"""

from __future__ import annotations

import re
import secrets
import shutil
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from monae_app.jobs import upload_record as record
from monae_app.jobs.private_files import private_folder
from monae_app.jobs.upload_limits import UploadLimits
from monae_app.jobs.upload_names import safe_name, safe_paths
from monae_app.jobs.upload_slices import Slice, UploadError, receive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from monae_app.jobs.upload_record import Upload

SAFE_ID = re.compile(r"[0-9a-f]{32}")


class UploadStore:
    """The uploads of all users; whose is asked for is named in every call.

    One process writes into a store.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    limits
        What an upload may cost.
    """

    def __init__(self, store: Path, limits: UploadLimits | None = None) -> None:
        self.limits = limits or UploadLimits()
        self._users = store / "users"
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    def create(self, user: str, name: str, files: Sequence[tuple[str, int]], *, folder: bool = False) -> Upload:
        """Begin an upload.

        Parameters
        ----------
        user
            Whose it is.
        name
            Of the file or the folder.
        files
            Path inside the folder and size in bytes of each file; the path of a single file does not count.
        folder
            Whether a folder is uploaded.

        Raises
        ------
        UploadError
            413 if it is too large, 507 if there is no room for it, 400 if a path cannot be used.
        """
        sizes = [size for _, size in files]
        self.limits.check_shape(sizes, folder=folder)
        root = safe_name(name)
        paths = [f"{root}/{path}" for path in safe_paths([path for path, _ in files])] if folder else [root]
        place = self._unfinished(user) / secrets.token_hex(16)
        with self._lock:
            self._check_room(user, sum(sizes))
            record.begin(place, root, list(zip(paths, sizes, strict=True)), folder=folder)
        return self._settled(user, place.name)

    def append(self, user: str, upload_id: str, index: int, piece: Slice) -> Upload:
        """Receive one slice of file ``index``.

        Raises
        ------
        UploadError
            404 if there is no such file, 409 if the slice does not begin where the file ends or another one is being
            written, 413 if it is too long, 460 if it was damaged.
        """
        with self._writing(upload_id):
            upload = self.get(user, upload_id)
            if upload.finished is not None or not 0 <= index < len(upload.sizes):
                raise _no_upload(upload_id)
            so_far, size = upload.received[index], upload.sizes[index]
            if piece.offset != so_far:
                raise UploadError(
                    409, f"The slice begins at byte {piece.offset:,}.", f"byte {so_far:,}.", "go on there.", so_far
                )
            if not 0 < piece.length <= min(self.limits.slice_bytes, size - so_far):
                raise UploadError(
                    413, f"The slice has {piece.length:,} bytes.", "one inside the file.", "reload the page.", so_far
                )
            place = self._unfinished(user) / upload_id
            receive(piece, place / record.CONTENT / upload.paths[index])
            record.note_received(place, index, so_far + piece.length)
            return self._settled(user, upload_id)

    def get(self, user: str, upload_id: str) -> Upload:
        """Find an upload of a user.

        Raises
        ------
        UploadError
            If the user has none of that id.
        """
        if SAFE_ID.fullmatch(upload_id):
            whole, place = self._whole(user) / upload_id, self._unfinished(user) / upload_id
            # It may be finished or removed by another request while it is read.
            with suppress(OSError, ValueError):
                return record.read_finished(whole) if whole.is_dir() else record.read_unfinished(place)
        raise _no_upload(upload_id)

    def list(self, user: str) -> list[Upload]:
        """Return the uploads of a user: finished ones first, newest first."""
        found = []
        for name in self._names(user):
            with suppress(UploadError):
                found.append(self.get(user, name))
        return sorted(found, key=lambda upload: (upload.finished is None, -(upload.finished or 0), upload.name))

    def path(self, user: str, upload_id: str) -> Path:
        """Return where the file or folder of a finished upload lies.

        Raises
        ------
        UploadError
            If the user has no finished upload of that id.
        """
        upload = self.get(user, upload_id)
        if upload.finished is None:
            raise _no_upload(upload_id)
        return self._whole(user) / upload_id / upload.name

    def delete(self, user: str, upload_id: str) -> None:
        """Cancel an upload, or remove a finished one.

        Raises
        ------
        UploadError
            404 if the user has none of that id, 409 if a slice of it is being written.
        """
        with self._writing(upload_id):
            self.get(user, upload_id)
            for parent in (self._unfinished(user), self._whole(user)):
                shutil.rmtree(parent / upload_id, ignore_errors=True)

    def sweep(self) -> int:
        """Remove the abandoned uploads of all users and return how many they were."""
        removed = 0
        for place in self._users.glob("*/uploading/*"):
            # It may be finished or removed meanwhile.
            with suppress(OSError):
                if time.time() - record.touched(place) > self.limits.abandoned_seconds:
                    shutil.rmtree(place)
                    removed += 1
        return removed

    def _settled(self, user: str, upload_id: str) -> Upload:
        """Return an upload; move it to the finished ones if all of it is there."""
        upload = self.get(user, upload_id)
        if upload.finished is not None or upload.received != upload.sizes:
            return upload
        place = self._unfinished(user) / upload_id
        if not record.is_whole(place, upload):
            shutil.rmtree(place, ignore_errors=True)
            raise UploadError(
                410, f"{upload.name} is not whole on the server.", "all its bytes.", "upload it once more."
            )
        private_folder(self._whole(user))
        # Its time becomes the time of the upload, and not that of the last folder made inside.
        (place / record.CONTENT).touch()
        (place / record.CONTENT).rename(self._whole(user) / upload_id)
        shutil.rmtree(place, ignore_errors=True)
        return self.get(user, upload_id)

    def _check_room(self, user: str, size: int) -> None:
        mine = self.list(user)
        announced = 0
        for place in self._users.glob("*/uploading/*"):
            with suppress(OSError, ValueError):
                upload = record.read_unfinished(place)
                announced += upload.size - sum(upload.received)
        self.limits.check_room(
            size,
            used=sum(upload.size for upload in mine),
            unfinished=sum(upload.finished is None for upload in mine),
            free=shutil.disk_usage(private_folder(self._unfinished(user))).free - announced,
        )

    def _names(self, user: str) -> set[str]:
        whole = {place.name for place in self._whole(user).glob("*")}
        begun = {place.name for place in self._unfinished(user).glob("*") if record.is_begun(place)}
        return {name for name in whole | begun if SAFE_ID.fullmatch(name)}

    @contextmanager
    def _writing(self, upload_id: str) -> Iterator[None]:
        with self._lock:
            if upload_id in self._busy:
                raise UploadError(409, "Another slice is being written.", "one at a time.", "try again in a moment.")
            self._busy.add(upload_id)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(upload_id)

    def _unfinished(self, user: str) -> Path:
        return self._users / user / "uploading"

    def _whole(self, user: str) -> Path:
        return self._users / user / "uploads"


def _no_upload(upload_id: str) -> UploadError:
    return UploadError(
        404,
        f"There is no upload {upload_id[:40]!r}.",
        "one of your own.",
        "choose the file again; it may have expired.",
    )
