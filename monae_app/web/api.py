"""Routes beside the pages: those of the map, logs, shares, downloads, and a word on health."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Response, jsonify, request, send_file

from monae_app.engine.errors import InputError
from monae_app.jobs.downloads import Downloads
from monae_app.jobs.registry import SHARED
from monae_app.web import map_routes

if TYPE_CHECKING:
    from flask import Flask

    from monae_app.web.extra_columns import ExtraColumns
    from monae_app.web.services import Services
    from monae_app.web.settings import Settings


def register(server: Flask, services: Services, extra: ExtraColumns | None = None) -> None:
    """Add the routes to the server; ``extra`` keeps columns of cells that do not stand in the files of a run."""
    _register_log(server, services)
    map_routes.register(server, services, extra)

    @server.get("/api/health")
    def health() -> Response:
        return jsonify(status="ok")

    @server.errorhandler(InputError)
    def refuse(error: InputError) -> tuple[Response, int]:
        return jsonify(found=error.found, expected=error.expected, todo=error.todo), 404

    @server.route("/api/runs/<run>/share", methods=["POST", "DELETE"])
    def share(run: str) -> Response | tuple[str, int]:
        if request.method == "DELETE":
            services.unshare(run)
            return "", 204
        shared = services.share(run)
        return jsonify(id=shared, url=f"/?run={shared}")

    @server.get("/api/downloads/<token>")
    def download(token: str) -> Response:
        path = Downloads(services.settings.store, services.users.current()).find(token)
        answer = send_file(path, as_attachment=True, download_name=path.name, mimetype="application/octet-stream")
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _register_log(server: Flask, services: Services) -> None:
    @server.get("/api/runs/<run>/log.txt")
    def log(run: str) -> Response:
        record = services.registry.get(run)
        try:
            # What its owner's machine said stays with the owner.
            text = None if run.startswith(SHARED) else record.files.log_path.read_bytes()
        except OSError:
            text = None
        if text is None:
            raise InputError(f"The run {record.name!r} has no log to show.", "a run of your own.", "open one of those.")
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", f"log_{record.name}")[:80]
        headers = {"Content-Disposition": f'attachment; filename="{name}.txt"', "Cache-Control": "no-store"}
        return Response(text, mimetype="text/plain", headers=headers)


def guard_host(server: Flask, settings: Settings) -> None:
    """Answer only to this machine's own names while only this machine is meant to reach the server.

    Otherwise a page on the web could point its own name at 127.0.0.1 and read along (DNS rebinding).
    """
    if not settings.loopback:
        return

    @server.before_request
    def refuse_foreign_names() -> tuple[str, int] | None:
        name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if name.strip("[]").lower() in {"localhost", "127.0.0.1", "::1", settings.host}:
            return None
        return "This server answers to localhost and 127.0.0.1 alone.\n", 403
