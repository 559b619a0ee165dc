"""The binary routes that feed the map: places once, one byte a cell for every colour, one cell on a hover.

What they send is told in :mod:`monae_app.web.map_frame`. Cells that are laid out alone are asked for by the key
``part`` of their map; rows are theirs then. N cells, n of them shown.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flask import Response, jsonify, request

from monae_app.jobs.gene_sets import GeneSet
from monae_app.web import map_frame, map_table
from monae_app.web.explore import HITS
from monae_app.web.extra_columns import NoExtraColumns
from monae_app.web.map_colours import Asked, MapColours
from monae_app.web.modalities import modality_title
from monae_app.web.parts import Parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from monae_app.web.explore import RunView
    from monae_app.web.extra_columns import ExtraColumns
    from monae_app.web.services import Services

# Part of every ETag: what the browser keeps is asked for anew when the format changes.
FORMAT = 1


def register(server: Flask, services: Services, extra: ExtraColumns | None = None) -> None:
    """Add the routes to the server.

    Parameters
    ----------
    extra
        Keeps columns that do not stand in the files of the run.
    """
    colours, parts = MapColours(services, extra or NoExtraColumns()), Parts(services)
    map_table.register(server, services, colours)
    _register_places(server, services, parts)
    _register_colours(server, services, colours, parts)
    _register_gene_sets(server, services, colours)


def _register_places(server: Flask, services: Services, parts: Parts) -> None:
    @server.get("/api/runs/<run>/map.json")
    def map_json(run: str) -> Response:
        view = services.view(run)
        version = _version(view)
        return answer(
            lambda: json.dumps(parts.shown(run, _part()).about | {"version": version}).encode(),
            [version, "map.json"],
            "application/json",
        )

    @server.get("/api/runs/<run>/map.xy")
    def map_xy(run: str) -> Response:
        view = services.view(run)

        def places() -> bytes:
            xy = parts.shown(run, _part()).xy
            return map_frame.coordinates(xy, map_frame.bounds_of(xy))

        return answer(places, [_version(view), "map.xy"])


def _register_colours(server: Flask, services: Services, colours: MapColours, parts: Parts) -> None:
    @server.get("/api/runs/<run>/map.colour")
    def map_colour(run: str) -> Response:
        view, asked = services.view(run), Asked.from_query(request.args)
        stamp = [_version(view), asdict(asked), colours.version(run, view, asked)]
        return answer(lambda: colours.frame(run, view, asked, parts.shown(run, _part()).rows), stamp)

    @server.get("/api/runs/<run>/cells/<int:row>.json")
    def cell(run: str, row: int) -> Response:
        view, asked = services.view(run), Asked.from_query(request.args)
        among_all = parts.shown(run, _part()).row(row)
        said = view.identity(among_all) | {"row": row, "value": colours.value(run, view, asked, among_all)}
        said["modality"] = modality_title(said["modality"])
        return jsonify(said)

    @server.get("/api/runs/<run>/search.json")
    def search(run: str) -> Response:
        view = services.view(run)
        limit = request.args.get("limit", HITS, type=int)
        found = colours.search(run, view, request.args.get("text", "")[:200], max(1, min(limit, HITS)))
        return jsonify([asdict(hit) for hit in found])


def _register_gene_sets(server: Flask, services: Services, colours: MapColours) -> None:
    def told(run: str, kept: GeneSet) -> dict[str, Any]:
        found, missing = services.view(run).look_up(kept.genes)
        names = [each.name for each in found]
        return {"id": kept.id, "key": f"set:{kept.id}", "name": kept.name, "found": names, "missing": missing}

    @server.get("/api/runs/<run>/genesets")
    def gene_sets(run: str) -> Response:
        return jsonify([told(run, each) for each in colours.sets.list()])

    @server.post("/api/runs/<run>/genesets")
    def add_gene_set(run: str) -> Response:
        said = request.get_json(silent=True)
        said = said if isinstance(said, dict) else {}
        made = GeneSet.of(said.get("name"), said.get("genes"))
        # what is nowhere in this run is refused before it is kept
        services.view(run).members(made)
        colours.sets.add(made)
        return jsonify(told(run, made))

    @server.delete("/api/runs/<run>/genesets/<set_id>")
    def remove_gene_set(run: str, set_id: str) -> tuple[str, int]:
        services.view(run)
        colours.sets.remove(set_id)
        return "", 204


def answer(make: Callable[[], bytes], stamp: list[Any], kind: str = "application/octet-stream") -> Response:
    """Answer a request, or say that what the browser has is still right.

    Parameters
    ----------
    make
        Makes the body, if it has to be sent.
    stamp
        Plain values that differ whenever the body does.
    kind
        Of the body.
    """
    tag = sha256(json.dumps([FORMAT, *stamp], default=str, sort_keys=True).encode()).hexdigest()[:32]
    known = request.if_none_match.contains(tag)
    response = Response(status=304) if known else Response(make(), mimetype=kind)
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _part() -> str | None:
    return request.args.get("part")


def _version(view: RunView) -> str:
    """Return what changes when other cells are shown, or elsewhere."""
    part = _part()
    return sha256(json.dumps([view.version, part]).encode()).hexdigest()[:16] if part else view.version
