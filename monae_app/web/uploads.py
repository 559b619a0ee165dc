"""The routes that files are uploaded through: create, send slices, ask how far it is, cancel, delete.

A slice is a PATCH with three headers: ``Content-Length``, ``Upload-Offset`` (where it begins, in bytes) and
``Upload-Checksum`` (see ``monae_app.jobs.upload_slices.Checksum``). Its answer, and that of HEAD, say in
``Upload-Offset`` where to go on; ``Upload-Complete: 1`` says that the whole upload is there. 409 means another offset,
460 a damaged slice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, jsonify, request

from monae_app.jobs.upload_slices import BLOCK_BYTES, Slice, UploadError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from monae_app.jobs.upload_record import Upload
    from monae_app.jobs.uploads import UploadStore
    from monae_app.web.services import Services

# Names and sizes of the files of one folder, in bytes of JSON.
LONGEST_ANNOUNCEMENT = 4 * 2**20
UPLOADS, ONE, FILE = "/api/uploads", "/api/uploads/<upload>", "/api/uploads/<upload>/<int:index>"


def register(server: Flask, services: Services) -> None:
    """Add the routes to the server."""
    _register_errors(server, services.uploads)
    _register_slices(server, services.uploads, services.users.current)
    store, user = services.uploads, services.users.current

    @server.get(UPLOADS)
    def list_uploads() -> Response:
        return _fresh(jsonify(uploads=[_told(upload) for upload in store.list(user())]))

    @server.post(UPLOADS)
    def create() -> Response:
        if (request.content_length or 0) > LONGEST_ANNOUNCEMENT:
            raise UploadError(413, "The list of files is too long.", "fewer files.", "pack the folder into a zip file.")
        name, files, folder = _announced(request.get_json(silent=True))
        answer = jsonify(_told(store.create(user(), name, files, folder=folder)))
        answer.status_code = 201
        return answer

    @server.get(ONE)
    def show(upload: str) -> Response:
        return _fresh(jsonify(_told(store.get(user(), upload))))

    @server.delete(ONE)
    def delete(upload: str) -> tuple[str, int]:
        store.delete(user(), upload)
        return "", 204


def _register_slices(server: Flask, store: UploadStore, user: Callable[[], str]) -> None:
    # HEAD comes with GET
    @server.get(FILE)
    def offset(upload: str, index: int) -> Response:
        return _where(store.get(user(), upload), index)

    @server.patch(FILE)
    def append(upload: str, index: int) -> Response:
        offset, length = request.headers.get("Upload-Offset", ""), request.content_length
        if length is None or not offset.isascii() or not offset.isdigit():
            raise UploadError(400, "The slice does not say where it belongs.", "its offset.", "reload the page.")
        checksum = request.headers.get("Upload-Checksum", "")
        piece = Slice(request.stream, int(offset), length, checksum)
        return _where(store.append(user(), upload, index, piece), index)


def _register_errors(server: Flask, store: UploadStore) -> None:
    @server.errorhandler(UploadError)
    def refuse(error: UploadError) -> Response:
        # What was sent is read to its end: a server that closes before looks like a broken connection.
        _drain(store.limits.slice_bytes)
        answer = jsonify(found=error.found, expected=error.expected, todo=error.todo)
        answer.status_code = error.status
        if error.offset is not None:
            answer.headers["Upload-Offset"] = str(error.offset)
        return answer


def _told(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "name": upload.name,
        "size": upload.size,
        "folder": upload.folder,
        "finished": upload.finished,
        "files": []
        if upload.finished
        else [
            {"size": size, "offset": received}
            for size, received in zip(upload.sizes, upload.received, strict=True)
        ],
    }  # fmt: skip


def _where(upload: Upload, index: int) -> Response:
    answer = _fresh(Response(status=204))
    if upload.finished is not None:
        answer.headers["Upload-Complete"] = "1"
        return answer
    if not 0 <= index < len(upload.sizes):
        raise UploadError(404, "There is no such file in the upload.", "one of its files.", "reload the page.")
    answer.headers["Upload-Offset"] = str(upload.received[index])
    answer.headers["Upload-Length"] = str(upload.sizes[index])
    return answer


def _fresh(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _announced(body: Any) -> tuple[str, list[tuple[str, int]], bool]:
    said = body if isinstance(body, dict) else {}
    files = said.get("files")
    shaped = isinstance(files, list) and all(
        isinstance(each, dict) and isinstance(each.get("path"), str) and type(each.get("size")) is int for each in files
    )
    if not shaped or not isinstance(said.get("name"), str):
        raise UploadError(400, "The upload does not say what it is.", "a name, files and sizes.", "reload the page.")
    return said["name"], [(each["path"], each["size"]) for each in files or []], bool(said.get("folder"))


def _drain(limit: int) -> None:
    if request.method != "PATCH" or (request.content_length or 0) > limit:
        return
    try:
        while request.stream.read(BLOCK_BYTES):
            pass
    except OSError:
        return
