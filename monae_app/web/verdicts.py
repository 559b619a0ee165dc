"""The verdict of a run for pages and routes: made once for each version of a run, from its columns."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

from flask import Response

from monae_app.engine.analysis.verdict import RunFacts, Verdict, facts_of, judge

if TYPE_CHECKING:
    from flask import Flask

    from monae_app.web.explore import RunView
    from monae_app.web.services import Services


def facts(view: RunView) -> RunFacts:
    """Read what the verdict of a run is made from."""
    return view.run.kept.get(view.run.owner, "verdict", lambda: facts_of(view.run))


def verdict(view: RunView) -> Verdict:
    """Judge a run."""
    return judge(facts(view))


def register(server: Flask, services: Services) -> None:
    """Add the downloads of a verdict."""

    @server.get("/api/runs/<run>/verdict.json")
    def as_json(run: str) -> Response:
        found = verdict(services.view(run))
        return _file(services, run, json.dumps(found.record(), indent=1, ensure_ascii=False), "json")

    @server.get("/api/runs/<run>/verdict.csv")
    def as_csv(run: str) -> Response:
        found, text = verdict(services.view(run)), io.StringIO()
        table = csv.writer(text)
        table.writerow(["topic", "level", "sentence", "figure", "value", "try_next"])
        for each in found.findings:
            for name, value in (each.figures or {"": ""}).items():
                table.writerow([each.topic, each.level, each.sentence, name, value, each.todo])
        return _file(services, run, text.getvalue(), "csv")


def _file(services: Services, run: str, text: str, ending: str) -> Response:
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", f"verdict_{services.registry.get(run).name}")[:80]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"', "Cache-Control": "no-store"}
    kind = {"json": "application/json", "csv": "text/csv"}[ending]
    return Response(text, mimetype=kind, headers=headers)
