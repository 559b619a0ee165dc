"""What the tour of the app (assets/tour/) must know: the bundled run that it goes through, and what to show of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, jsonify, request

from monae_app.engine.errors import InputError
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from flask import Flask

    from monae_app.web.bundled import Sample
    from monae_app.web.explore import RunView
    from monae_app.web.services import Services


def register(server: Flask, services: Services) -> None:
    """Add the route to the server."""

    @server.get("/api/tour.json")
    def tour() -> Response:
        sample = _sample(services, request.args.get("run", ""))
        return jsonify(told(services.view(sample.run_id), sample))


def told(view: RunView, sample: Sample) -> dict[str, Any]:
    """Say what the tour shows of a run.

    Returns
    -------
    run, title
        Its id and what people call it.
    modalities
        As they are written.
    colour
        What the map shows first.
    feature
        ``key``, ``name`` and ``modality`` of one that sets cells apart; None if the run has none.
    """
    return {
        "run": sample.run_id,
        "title": sample.title,
        "modalities": [modality_title(name) for name in view.modalities],
        "colour": view.default_colour,
        "feature": _feature(view, str(sample.about.get("feature", ""))),
    }


def _sample(services: Services, wanted: str) -> Sample:
    """Find the sample whose run is looked at, else the first one that has a finished run."""
    there = {run.id for run in services.runs() if run.finished}
    found = [each for each in services.catalogue.samples if each.run_id in there]
    if not found:
        raise InputError(
            "No bundled run was found.", "a sample with a finished run.", "install the app anew, with its samples."
        )
    return next((each for each in found if each.run_id == wanted), found[0])


def _feature(view: RunView, key: str) -> dict[str, str] | None:
    hit = view.hit(key) if ":" in key else None
    if hit is None and view.modalities:
        first = next(iter(view.modalities))
        hit = view.hit(f"{first}:{view.features.told(first, 0).name}")
    return (
        None
        if hit is None
        else {"key": hit.key, "name": hit.name, "modality": modality_title(hit.key.partition(":")[0])}
    )
