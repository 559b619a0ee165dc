"""Routes beside the pages: the table behind the map, and a word on health."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Response, jsonify, request, send_file

from monae_app.engine.errors import InputError
from monae_app.jobs.downloads import Downloads
from monae_app.jobs.group_maps import GroupMaps
from monae_app.jobs.registry import SHARED
from monae_app.web import map_routes, selection_routes
from monae_app.web.groups import Groups, cells_of
from monae_app.web.selections import Selections

if TYPE_CHECKING:
    from flask import Flask

    from monae_app.web.services import Services
    from monae_app.web.settings import Settings

MAP_CSV = "/api/runs/{run}/map.csv"


def register(server: Flask, services: Services) -> None:
    """Add the routes to the server."""
    _register_log(server, services)
    selections = Selections(services)
    map_routes.register(server, services, selections)
    selection_routes.register(server, selections)

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

    @server.get("/api/runs/<run>/map.csv")
    def map_csv(run: str) -> Response:
        view = services.view(run)
        key = request.args.get("colour") or view.default_colour
        colouring = view.colouring(key, measured=request.args.get("values") == "measured")
        some = Groups.of(request.args.get("of"), request.args.getlist("group"))
        cells, rows = cells_of(view, some, GroupMaps(services.settings.store, services.users.current()))
        table = cells.rename(columns={"x": "umap_1", "y": "umap_2", "id": "cell"})
        named = f"{colouring.title} ({colouring.unit})" if colouring.unit else colouring.title
        table = table[["cell", "modality", "umap_1", "umap_2"]].assign(**{named: colouring.values.to_numpy()[rows]})
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", f"map_{key.partition(':')[2]}")
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        return Response(table.to_csv(index=False), mimetype="text/csv", headers=headers)

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
