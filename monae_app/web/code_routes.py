"""Routes that give a page's program: what is shown, as Python that makes it anew from the folder of the run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Response, request

from monae_app.engine.data.known_targets import organism_of_run
from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets
from monae_app.jobs.comparisons import Comparisons, gone
from monae_app.jobs.registry import SHARED
from monae_app.web.labels_view import Choice
from monae_app.web.map_colours import MEASURED, NOTE, SET, MapColours
from monae_app.web.parts import Parts
from monae_app.web.snippets.of_groups import comparison_program, groups_program
from monae_app.web.snippets.of_map import Alone, Colour, map_program
from monae_app.web.snippets.of_regulation import regulation_program
from monae_app.web.snippets.of_run import labels_program, losses_program, verdict_program

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from monae_app.web.explore import RunView
    from monae_app.web.selections import Selections
    from monae_app.web.services import Services

CODE = "/api/runs/<run>/code"
LONGEST_NAME = 100
KINDS = ("dot", "violin", "heat", "composition")


def register(server: Flask, services: Services, selections: Selections) -> None:
    """Add the routes to the server."""
    _register_map(server, services, MapColours(services, selections))
    _register_groups(server, services)
    _register_run(server, services)


def _register_map(server: Flask, services: Services, colours: MapColours) -> None:
    @server.get(f"{CODE}/map.py")
    def code_of_map(run: str) -> Response:
        view, said = services.view(run), request.args
        measured, part = said.get("values") == MEASURED, said.get("part")
        keys = [said.get("colour") or view.default_colour, *filter(None, [said.get("with")])]
        shown = [_colour(colours, run, view, key, measured=measured) for key in keys]
        alone = None
        if part:
            kept = Parts(services).kept(run, part)
            alone = Alone(kept.part.rows, view.n_cells, kept.resolution)
        panels = {"split": list(view.modalities), "all": [*view.modalities, "joint"]}
        panel = said.get("panel", "joint")
        beside = panels.get(panel, [panel if panel in view.modalities else "joint"])
        return program_answer(map_program(*place_of(services, run, view), shown, alone, beside), "map")


def _register_groups(server: Flask, services: Services) -> None:
    @server.get(f"{CODE}/differential.py")
    def code_of_comparison(run: str) -> Response:
        view = services.view(run)
        about = Comparisons(services.settings.store, services.users.current()).about(request.args.get("key", ""))
        if about is None or "chosen" not in about:
            raise gone()
        try:
            cells = [bits and bitsets.read(bits, view.n_cells) for bits in about["bits"]]
        except InputError:
            # of another run
            raise gone() from None
        return program_answer(
            comparison_program(*place_of(services, run, view), about, view.groupings, cells), "differential"
        )

    @server.get(f"{CODE}/groups.py")
    def code_of_groups(run: str) -> Response:
        view, said = services.view(run), request.args
        kind, column, part = (said.get(name, "") for name in ("kind", "column", "part"))
        features = said.getlist("feature")
        unknown = [key for key in features if view.hit(key) is None]
        wrong = not {column, *([part] if kind == "composition" else [])} <= set(view.groupings)
        if kind not in KINDS or wrong or unknown or not (features or kind == "composition"):
            raise InputError("There is no such figure.", "groups and features of this run.", "choose others.")
        return program_answer(groups_program(*place_of(services, run, view), kind, column, part, features), kind)


def _register_run(server: Flask, services: Services) -> None:
    @server.get(f"{CODE}/labels.py")
    def code_of_labels(run: str) -> Response:
        view, said = services.view(run), request.args
        choice = Choice(run, *(said.get(name, "") for name in ("from", "label", "to"))).checked(view)
        threshold = min(max(said.get("threshold", 0.5, type=float), 0.0), 1.0)
        place = place_of(services, run, view)
        return program_answer(labels_program(*place, choice.source, choice.column, choice.target, threshold), "labels")

    @server.get(f"{CODE}/regulation.py")
    def code_of_regulation(run: str) -> Response:
        view, said = services.view(run), request.args
        tf, gene = (said.get(name, "")[:LONGEST_NAME] for name in ("tf", "gene"))
        names = view.features.all_names("rna") if "rna" in view.modalities else []
        organism = organism_of_run(view.run.config.genome, names)
        return program_answer(regulation_program(*place_of(services, run, view), tf, gene, organism), "regulation")

    @server.get(f"{CODE}/verdict.py")
    def code_of_verdict(run: str) -> Response:
        return program_answer(verdict_program(*place_of(services, run, services.view(run))), "verdict")

    @server.get(f"{CODE}/losses.py")
    def code_of_losses(run: str) -> Response:
        record = services.registry.get(run)
        return program_answer(losses_program(_told(services, run, record.folder), record.name), "losses")


def _colour(colours: MapColours, run: str, view: RunView, key: str, *, measured: bool) -> Colour:
    kind, _, name = key.partition(":")
    found = colours.colouring(run, view, key, measured=measured)
    of_feature = kind not in (NOTE, "obs")
    return Colour(
        key,
        found.title,
        found.unit,
        measured and of_feature,
        genes=colours.sets.get(name) if kind == SET else None,
        note=found.values if kind == NOTE else None,
    )


def place_of(services: Services, run: str, view: RunView) -> tuple[Path | None, str]:
    """Return the folder of a run where that may be told, and what it is called."""
    return _told(services, run, view.folder), services.registry.get(run).name


def _told(services: Services, run: str, folder: Path) -> Path | None:
    """Return the folder of a run to the one user of this machine: nobody learns of others' machines."""
    return folder.resolve() if services.settings.single and not run.startswith(SHARED) else None


def program_answer(text: str, name: str) -> Response:
    """Answer with a program."""
    safe = re.sub(r"[^a-z]+", "_", name)
    headers = {"Content-Disposition": f'attachment; filename="{safe}.py"', "Cache-Control": "no-store"}
    return Response(text, mimetype="text/x-python", headers=headers)
