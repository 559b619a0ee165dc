"""The verdict in the app without a browser: page, downloads, links, and local mixing of runs that do not keep it."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis.verdict import Finding
from monae_app.engine.analysis.verdict.glossary import GLOSSARY
from monae_app.engine.errors import InputError
from monae_app.jobs import short_report
from monae_app.jobs.downloads import Downloads
from monae_app.jobs.progress import Failure, Status
from monae_app.jobs.short_work import Bench
from monae_app.web.components.composition import composition
from monae_app.web.components.findings import finding_card, glossary
from monae_app.web.components.scores import MAIN, MORE
from monae_app.web.components.type_scores import type_scores
from monae_app.web.figures.spark import loss_spark
from monae_app.web.figures.style import DARK, LIGHT
from monae_app.web.pages.training.retrying import changes_of
from monae_app.web.pages.verdict import why_not
from monae_app.web.verdicts import facts, verdict
from tests.web.tiny_sample import CELLS, TYPES


def told(component) -> str:
    return json.dumps(component, default=lambda part: part.to_plotly_json(), ensure_ascii=False)


def test_the_findings_are_downloaded(client):
    said = client.get("/api/runs/sample-tiny/verdict.json")
    assert "verdict_Tiny_sample.json" in said.headers["Content-Disposition"]
    assert said.json["headline"]
    rows = list(csv.DictReader(io.StringIO(client.get("/api/runs/sample-tiny/verdict.csv").text)))
    assert {row["topic"] for row in rows} == {each["topic"] for each in said.json["findings"]}
    assert client.get("/api/runs/nope/verdict.json").status_code == 404


def test_the_verdict_of_a_run_is_read_once(view):
    assert facts(view) is facts(view)
    assert facts(view).clusters.to_numpy().sum() == 2 * CELLS
    assert verdict(view).findings


def test_a_card_leads_to_training_map_and_data():
    bad = Finding(
        "training", "bad", "Too few steps.", {"steps": 15, "not known": None}, "Train longer.", {"steps": 800}
    )
    shown = told(finding_card(bad, "run-1", []))
    assert "/training?run=run-1&set=steps:800" in shown
    assert "not known" not in shown
    assert changes_of("steps:800") == {"steps": "800"}
    assert changes_of("x;steps : 800 ;:3;") == {"steps": "800"}
    lone = Finding("one_sided", "caution", "Cells stand alone.")
    assert "colour=obs:has_counterpart" in told(finding_card(lone, "r", ["has_counterpart"]))
    assert "colour=" not in told(finding_card(lone, "r", []))
    batches = Finding("batches", "caution", "So.", {}, "Choose.", {"batch_key": "donor"})
    assert '"/data"' in told(finding_card(batches, "r", []))


def test_every_score_that_is_shown_is_explained(view):
    keys = {each.key for each in GLOSSARY}
    assert {each.key for each in (*MAIN, *MORE)} <= keys
    shown = told(glossary(view.report, 0.97))
    assert "0.970" in shown
    assert "0.100" in shown


def test_bars_mark_the_clusters_that_a_modality_lacks():
    table = pd.DataFrame({"rna": [90, 50], "atac": [1, 100]}, index=["0", "1"])
    shown = composition(table)
    rows = [each for each in shown.children if "composition-row" in str(getattr(each, "className", ""))]
    assert [("uneven" in row.className) for row in rows] == [False, False, True]
    assert "RNA 90, ATAC 1" in told(rows[2])


def test_a_spark_is_small_and_of_the_theme():
    losses = pd.DataFrame({"step": np.arange(5000.0), "loss": np.linspace(2, 1, 5000)})
    drawn = loss_spark(losses, LIGHT)
    assert len(drawn) < 5000
    assert LIGHT.accent in drawn
    assert DARK.accent in loss_spark(losses, DARK)
    assert loss_spark(losses[:1], LIGHT) == ""


def test_local_mixing_is_offered_and_computed_where_a_run_does_not_keep_it(view):
    assert "local_mixing" in view.columns
    found = view.colouring("obs:local_mixing")
    assert len(found.values) == 2 * CELLS
    assert not found.categorical
    # the cells of a type lie in one spot, whatever they are
    assert 0 <= found.values.min() <= found.values.max() <= 2.1
    assert view.colouring("obs:local_mixing").values is found.values


def test_types_are_scored_beside_the_map(view):
    shown = told(type_scores(facts(view), "r"))
    for name in TYPES:
        assert name in shown
    assert "1.00" in shown


def test_a_report_is_made_for_one_user_and_refused_inside_a_run(tmp_path, samples_root):
    folder = samples_root / "tiny" / "run"
    (tmp_path / "work").mkdir()
    said: list[tuple] = []
    bench = Bench(tmp_path, "local", tmp_path / "work", lambda share, text: said.append((share, text)))
    made = short_report.make_report({"folder": str(folder), "name": "my/run"}, bench)
    assert made["name"] == "my/run_report.html"
    text = Downloads(tmp_path, "local").find(made["token"]).read_text()
    assert "<h1>my/run</h1>" in text
    assert said
    with pytest.raises(InputError, match="lies in the run"):
        short_report.report_to(folder, folder / "report.html")
    assert short_report.report_to(folder, tmp_path / "out.html") == tmp_path / "out.html"
    assert "<h1>Tiny sample</h1>" in (tmp_path / "out.html").read_text()


def test_a_run_without_a_result_says_what_to_do(app):
    services = app.server.extensions["monae_services"]
    config = services.registry.get("sample-tiny").files.read_config()
    record = services.registry.create(config, "failed one")
    assert "no verdict yet" in told(why_not(services, record.id, InputError("x", "y", "z")))
    failed = Status(state="failed", name="failed one", message="diverged", detail=Failure(found="It diverged."))
    record.files.write_status(failed)
    shown = told(why_not(services, record.id, InputError("x", "y", "z")))
    assert "It diverged." in shown
    assert "no result to judge" in shown
    assert "There is no run" in told(why_not(services, "nope", InputError("There is no run.", "y", "z")))
