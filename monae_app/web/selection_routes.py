"""Routes by which selections of cells are saved, changed, taken back and downloaded.

A selection travels as bits (see :mod:`monae_app.jobs.bitsets`). Changes answer with what selections.json says then, and
``changed``, the item. A ``version`` says which state the user saw: what has changed since is refused, not overwritten.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from flask import Response, jsonify, request

from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets
from monae_app.jobs.annotation_state import Column, SavedSet, checked
from monae_app.web.map_routes import answer
from monae_app.web.neighbours import FEWEST, MOST, USUAL, neighbours
from monae_app.web.selections import told_column, told_set

if TYPE_CHECKING:
    from flask import Flask

    from monae_app.web.selections import Saved, Selections

RUN = "/api/runs/<run>"
TOLD = "X-Monae-Told"
COLOUR = re.compile(r"#[0-9a-f]{6}")


def register(server: Flask, selections: Selections) -> None:
    """Add the routes to the server."""
    _register_sets(server, selections)
    _register_columns(server, selections)
    _register_steps(server, selections)
    _register_downloads(server, selections)
    _register_neighbours(server, selections)


def _register_sets(server: Flask, selections: Selections) -> None:
    @server.get(f"{RUN}/selections.json")
    def list_selections(run: str) -> Response:
        return _fresh(selections.of(run).told())

    @server.post(f"{RUN}/selections")
    def save_selection(run: str) -> Response:
        saved = selections.own(run)
        item = saved.annotations.sets.add(request.args.get("name", ""), sent_bits(saved.cells), _colour(request.args))
        return _changed(saved, told_set(item), 201)

    @server.get(f"{RUN}/selections/<key>.bits")
    def selection_bits(run: str, key: str) -> Response:
        annotations = selections.of(run).annotations
        item = checked(annotations.state(), key, SavedSet)
        return answer(lambda: annotations.sets.bits(key), [item.blob])

    @server.patch(f"{RUN}/selections/<key>")
    def change_selection(run: str, key: str) -> Response:
        saved, said = selections.own(run), _said()
        item = saved.annotations.sets.change(
            key, name=said.get("name"), colour=_colour(said), version=_version(said.get("version"))
        )
        return _changed(saved, told_set(item))

    @server.put(f"{RUN}/selections/<key>")
    def replace_selection(run: str, key: str) -> Response:
        saved = selections.own(run)
        version = _version(request.args.get("version"))
        return _changed(saved, told_set(saved.annotations.sets.replace(key, sent_bits(saved.cells), version)))

    @server.delete(f"{RUN}/selections/<key>")
    def delete_selection(run: str, key: str) -> Response:
        saved = selections.own(run)
        saved.annotations.sets.remove(key, _version(request.args.get("version")))
        return _changed(saved, None)


def _register_columns(server: Flask, selections: Selections) -> None:
    @server.post(f"{RUN}/annotations")
    def make_column(run: str) -> Response:
        saved, said = selections.own(run), request.args
        bits = sent_bits(saved.cells) if request.content_length else None
        item = saved.annotations.columns.add(said.get("name", ""), said.get("group", ""), bits)
        return _changed(saved, told_column(item), 201)

    @server.post(f"{RUN}/annotations/<key>/cells")
    def put_into_group(run: str, key: str) -> Response:
        saved, said = selections.own(run), request.args
        item = saved.annotations.columns.assign(
            key, sent_bits(saved.cells), said.get("group"), new=said.get("new") == "1"
        )
        return _changed(saved, told_column(item))

    @server.patch(f"{RUN}/annotations/<key>")
    def rename_column(run: str, key: str) -> Response:
        saved, said = selections.own(run), _said()
        columns, version = saved.annotations.columns, _version(said.get("version"))
        name, group = said.get("name", ""), said.get("group")
        item = (
            columns.rename(key, name, version)
            if group is None
            else columns.rename_group(key, group, name, version)
        )  # fmt: skip
        return _changed(saved, told_column(item))

    @server.delete(f"{RUN}/annotations/<key>")
    def delete_column(run: str, key: str) -> Response:
        saved, group = selections.own(run), request.args.get("group")
        columns, version = saved.annotations.columns, _version(request.args.get("version"))
        if group is not None:
            return _changed(saved, told_column(columns.remove_group(key, group, version)))
        columns.remove(key, version)
        return _changed(saved, None)


def _register_steps(server: Flask, selections: Selections) -> None:
    @server.post(f"{RUN}/annotations/undo")
    def undo(run: str) -> Response:
        saved = selections.own(run)
        saved.annotations.undo(request.args.get("step"))
        return _changed(saved, None)

    @server.post(f"{RUN}/annotations/redo")
    def redo(run: str) -> Response:
        saved = selections.own(run)
        saved.annotations.redo(request.args.get("step"))
        return _changed(saved, None)


def _register_downloads(server: Flask, selections: Selections) -> None:
    @server.get(f"{RUN}/selections/<key>.csv")
    def selection_table(run: str, key: str) -> Response:
        saved = selections.of(run)
        state = saved.annotations.state()
        item = checked(state, key, SavedSet)
        if request.args.get("cells") == "all":
            return _table(saved, None, state.columns, [item], item.name)
        chosen = bitsets.unpack(saved.annotations.sets.bits(key), saved.cells)
        return _table(saved, chosen, state.columns, [], item.name)

    @server.get(f"{RUN}/annotations/<key>.csv")
    def column_table(run: str, key: str) -> Response:
        saved = selections.of(run)
        item = checked(saved.annotations.state(), key, Column)
        return _table(saved, None, [item], [], item.name)

    @server.get(f"{RUN}/annotations.csv")
    def whole_table(run: str) -> Response:
        saved = selections.of(run)
        state = saved.annotations.state()
        return _table(saved, None, state.columns, state.sets, "annotations")

    @server.post(f"{RUN}/cells.csv")
    def cells_table(run: str) -> Response:
        """Give the cells that are selected now, saved or not."""
        saved = selections.of(run)
        chosen = bitsets.unpack(sent_bits(saved.cells), saved.cells)
        return _table(saved, chosen, saved.annotations.state().columns, [], "selected_cells")


def _register_neighbours(server: Flask, selections: Selections) -> None:
    @server.get(f"{RUN}/shown.bits")
    def shown(run: str) -> Response:
        """Say which cells a map of some cells shows, among all."""
        saved = selections.of(run)
        rows = selections.shown(run, request.args.get("part"))
        chosen = np.zeros(saved.cells, np.bool_)
        chosen[slice(None) if rows is None else rows] = True
        answered = Response(bitsets.pack(chosen), mimetype="application/octet-stream")
        answered.headers["Cache-Control"] = "no-store"
        return answered

    @server.post(f"{RUN}/neighbours")
    def find_neighbours(run: str) -> Response:
        """Answer with the neighbours as bits, and with what was found in the header X-Monae-Told."""
        view = selections.of(run).view
        k = request.args.get("k", USUAL, type=int)
        if not FEWEST <= k <= MOST:
            raise InputError(f"{k} neighbours are asked for.", f"{FEWEST} to {MOST}.", "choose another number.")
        found, told = neighbours(view, bitsets.unpack(sent_bits(view.n_cells), view.n_cells), k)
        headers = {TOLD: quote(told), "Cache-Control": "no-store"}
        return Response(bitsets.pack(found), mimetype="application/octet-stream", headers=headers)


def sent_bits(cells: int) -> bytes:
    """Read the body of a request as a selection among so many cells.

    Raises
    ------
    InputError
        If it is none.
    """
    expected = bitsets.bytes_for(cells)
    if request.content_length != expected:
        raise InputError(
            f"The selection is not one of this run ({request.content_length or 0:,} bytes).",
            f"one bit for each of its {cells:,} cells, {expected:,} bytes.",
            "reload the page, and select again.",
        )
    bits = request.stream.read(expected)
    bitsets.check(bits, cells)
    return bits


def _table(saved: Saved, chosen: Any, columns: list[Column], sets: list[SavedSet], name: str) -> Response:
    rows = saved.table(chosen, columns, sets)
    # The first block before the answer begins: what is damaged is said by it.
    first = next(rows)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("_.")[:60] or "cells"
    headers = {"Content-Disposition": f'attachment; filename="{safe}.csv"', "Cache-Control": "no-store"}
    return Response(_from(first, rows), mimetype="text/csv", headers=headers)


def _from(first: str, rest: Any) -> Any:
    yield first
    yield from rest


def _changed(saved: Saved, item: dict[str, Any] | None, status: int = 200) -> Response:
    told = _fresh(saved.told() | {"changed": item})
    told.status_code = status
    return told


def _fresh(said: dict[str, Any]) -> Response:
    told = jsonify(said)
    told.headers["Cache-Control"] = "no-store"
    return told


def _said() -> dict[str, Any]:
    said = request.get_json(silent=True)
    texts = ("name", "group", "colour")
    if not isinstance(said, dict) or any(not isinstance(said.get(key, ""), str) for key in texts):
        raise InputError("The change does not say what it is.", "a name.", "reload the page, then try again.")
    return said


def _colour(said: Any) -> str | None:
    colour = said.get("colour")
    if colour is not None and not COLOUR.fullmatch(str(colour).lower()):
        raise InputError(f"{str(colour)[:20]!r} is no colour.", "a colour such as #0072b2.", "choose another one.")
    return None if colour is None else str(colour).lower()


def _version(said: Any) -> int | None:
    try:
        return None if said is None else int(said)
    except (TypeError, ValueError):
        raise InputError("The change does not say what it is.", "a version.", "reload the page.") from None
