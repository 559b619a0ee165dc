"""A server of synthetic maps, beside a page that draws them with sprites and one that draws them with plotly."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import plotly
from flask import Flask, Response, jsonify, request, send_from_directory

from tests.benchmarks_ui.synthetic import SyntheticMap

PAGES = Path(__file__).parent / "pages"
ASSETS = Path(__file__).parents[2] / "assets"
BINARY = "application/octet-stream"
OF_A_MAP = "/api/runs/<int:run>"


@lru_cache(maxsize=4)
def map_of(run: int) -> SyntheticMap:
    """Make a map once."""
    return SyntheticMap(run)


@lru_cache(maxsize=64)
def frame_of(run: int, key: str, low: float, high: float, nonzero: str, other: str) -> bytes:
    """Make a frame once: what is measured is the browser."""
    return map_of(run).frame(key, low=low, high=high, nonzero=nonzero == "1", other=other)


def create_server() -> Flask:
    """Build the server; a run's name is its number of cells."""
    server = Flask(__name__, static_folder=None)
    _register_pages(server)
    _register_sprites(server)
    _register_plotly(server)
    return server


def _register_pages(server: Flask) -> None:
    @server.get("/<page>.html")
    def page(page: str) -> Response:
        return send_from_directory(PAGES, f"{page}.html")

    @server.get("/assets/<path:path>")
    def asset(path: str) -> Response:
        return send_from_directory(ASSETS, path)

    @server.get("/plotly.min.js")
    def library() -> Response:
        return send_from_directory(Path(plotly.__file__).parent / "package_data", "plotly.min.js")


def _register_sprites(server: Flask) -> None:
    @server.get(f"{OF_A_MAP}/map.json")
    def map_json(run: int) -> Response:
        return jsonify(map_of(run).about)

    @server.get(f"{OF_A_MAP}/map.xy")
    def map_xy(run: int) -> Response:
        return Response(map_of(run).places, mimetype=BINARY)

    @server.get(f"{OF_A_MAP}/map.colour")
    def map_colour(run: int) -> Response:
        said = request.args
        low, high = float(said.get("low", 1)), float(said.get("high", 99))
        colour = frame_of(run, said.get("key", "obs:type"), low, high, said.get("nonzero", ""), said.get("with", ""))
        return Response(colour, mimetype=BINARY)

    @server.get(f"{OF_A_MAP}/cells/<int:row>.json")
    def cell(run: int, row: int) -> Response:
        found = map_of(run)
        modality = "RNA" if row < found.first_of_second else "ATAC"
        name = f"Type {found.cluster[row]}"
        return jsonify(row=row, id=f"cell{row}", modality=modality, labels={"type": name}, value=name)


def _register_plotly(server: Flask) -> None:
    @server.get(f"{OF_A_MAP}/plain.<kind>")
    def plain(run: int, kind: str) -> Response:
        """Serve what plotly takes without a change: float32 coordinates, one byte of group, float32 values."""
        found = map_of(run)
        body = {
            "xy": lambda: found.xy.T.tobytes(),
            "groups": lambda: found.cluster.tobytes(),
            "values": lambda: found.expression(3).tobytes(),
        }[kind]
        return Response(body(), mimetype=BINARY)
