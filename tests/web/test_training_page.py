"""What the Training page says and shows, without a browser."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from monae_app.engine.config import make_config
from monae_app.jobs.devices import Device
from monae_app.jobs.listing import Listed
from monae_app.jobs.outlook import Outlook
from monae_app.jobs.progress import Status
from monae_app.jobs.registry import RunRecord
from monae_app.web.components import words
from monae_app.web.components.forecast_line import forecast_line
from monae_app.web.components.parameter_form import default_values, device_options, parameter_id, shown_values
from monae_app.web.components.progress_panel import cautions, facts, in_line, message, progress_bar, state_badge
from monae_app.web.components.run_table import Order, arranged, run_table
from monae_app.web.forecast import Forecast

CPU = Device("cpu", "cpu", "CPU, 2 cores", 20 * 10**9, 32 * 10**9)
GPU = Device("cuda:0", "cuda", "NVIDIA H100", 78 * 10**9, 80 * 10**9, "GPU-1")


def text(part) -> str:
    told = json.dumps(part, default=lambda each: each.to_plotly_json(), ensure_ascii=False)
    return " ".join(_words(json.loads(told)))


def _words(part):
    if isinstance(part, str):
        yield part
    elif isinstance(part, list):
        for each in part:
            yield from _words(each)
    elif isinstance(part, dict):
        yield from _words(part.get("props", {}).get("children"))


def listed(name, state="done", created=0.0, **known):
    record = RunRecord(f"id-{name}", Path("store") / f"id-{name}")
    status = Status(state=state, name=name, created=created)
    return Listed(record, name, known.pop("note", ""), status, state == "done", known.pop("steps", None), known)


@pytest.mark.parametrize(
    ("number", "told"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (13, "13th"), (22, "22nd")]
)
def test_places_are_said_as_people_say_them(number, told):
    assert words.ordinal(number) == told


def test_a_run_in_line_says_its_place_and_its_turn():
    assert in_line(Outlook(2, 3, 240.0)) == "Waiting: 2nd of 3 in line, its turn in about 4 minutes"
    assert in_line(Outlook(1, 1, 1.0)) == "Waiting: 1st of 1 in line, its turn in a moment"
    assert "not known yet" in in_line(Outlook(1, 1, None))
    assert "worker" in text(message(Status(state="queued")))
    assert text(state_badge("queued", waits=True)) == "Waiting"
    assert text(state_badge("queued")) == "Starting"
    assert text(state_badge("cancelling")) == "Stopping after this step"


def test_a_stage_says_how_long_it_takes_and_how_much_is_done(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1000.0)
    status = Status(state="running", stage="preprocess", message="PCA", stage_began=988.0, done=2, total=5)
    assert text(message(status)) == "PCA · 12 s · 2 of 5"
    assert 'width": "40.00%"' in json.dumps(progress_bar(status).to_plotly_json(), default=lambda p: p.to_plotly_json())


def test_time_taken_stands_beside_what_was_expected(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1000.0)
    status = Status(
        state="running", stage="train", step=30, steps=1000, started=920.0, updated=1000.0, expected_s=300.0,
        memory=1_100_000_000, lane="cpu", device="cpu", eta_s=200.0,
    )  # fmt: skip
    told = text(facts(status, {"cells_per_s": 1234.0}))
    for each in ("30 of 1,000", "1,234 cells/s", "1 min 20 s of about 5 minutes", "CPU", "1.1 GB", "3 min 40 s"):
        assert each in told


def test_many_warnings_are_folded_and_none_is_said_twice():
    assert cautions([]) is None
    assert text(cautions(["a", "b", "a"])).startswith("2 warnings")
    assert cautions(["a", "b", "c"]).to_plotly_json()["type"] == "Details"


EXPECTED = Forecast(
    seconds=120.0, measured=True, device=CPU, memory=1_100_000_000, memory_free=20 * 10**9, device_memory=0, ahead=0,
    starts_in_s=0.0,
)  # fmt: skip


def test_the_forecast_is_one_sentence():
    told = text(forecast_line(EXPECTED))
    assert told == "Expected:  about 2 minutes and 1.1 GB of memory  on this machine's CPU, 2 cores (20.0 GB free)."


def test_a_gpu_that_nobody_has_timed_is_said_to_be_one():
    told = text(forecast_line(replace(EXPECTED, measured=False, device=GPU, device_memory=2 * 10**9)))
    assert "No training was timed on the NVIDIA H100 (78.0 GB free) yet" in told
    assert "2.0 GB of the GPU's" in told


def test_memory_that_will_not_suffice_is_a_warning():
    assert "not suffice" not in text(forecast_line(EXPECTED))
    short = text(forecast_line(replace(EXPECTED, memory=30 * 10**9)))
    assert "about 30.0 GB of the memory of this machine, and 20.0 GB are free" in short
    tight = replace(EXPECTED, device=GPU, device_memory=90 * 10**9)
    assert "of the memory of the GPU" in text(forecast_line(tight))


def test_who_waits_is_told_for_how_long():
    assert "starts after about 4 minutes in line; 2 others wait" in text(
        forecast_line(replace(EXPECTED, ahead=2, starts_in_s=240.0))
    )
    assert "it will wait in line" in text(forecast_line(replace(EXPECTED, starts_in_s=None)))


def test_the_form_offers_what_the_machine_has_and_says_why_not():
    options = {each["value"]: each for each in device_options(("auto", "cpu", "cuda", "mps"), (CPU,))}
    assert options["auto"]["label"] == "Automatic: CPU, 2 cores (20.0 GB free)"
    assert options["cuda"]["disabled"]
    assert "none on this machine" in options["cuda"]["label"]
    with_gpu = {each["value"]: each for each in device_options(("auto", "cpu", "cuda", "mps"), (GPU, CPU))}
    assert with_gpu["cuda"]["label"] == "NVIDIA GPU: NVIDIA H100 (78.0 GB free)"
    assert "H100" in with_gpu["auto"]["label"]
    assert with_gpu["mps"]["disabled"]


def test_settings_of_a_run_stand_in_the_form_as_they_would_be_typed():
    config = make_config(inputs={"rna": "a.h5ad"}, genome="mm10", steps=7, keep_genes=("Gad1", "Mbp"), device="cpu")
    names = [parameter_id(name) for name in ("steps", "keep_genes", "device", "epochs", "weigh_links")]
    assert shown_values(names, config) == ["7", "Gad1, Mbp", "cpu", "", "True"]
    assert default_values(names) == ["", "", "auto", "", "True"]


def test_runs_are_found_by_all_words_of_name_note_and_state():
    runs = [listed("Cortex one", note="few genes"), listed("Cortex two", "failed"), listed("Blood")]
    assert [run.name for run in arranged(runs, "cortex GENES", Order())] == ["Cortex one"]
    assert [run.name for run in arranged(runs, "failed", Order())] == ["Cortex two"]
    assert len(arranged(runs, "  ", Order())) == 3


def test_runs_without_a_value_come_last_whichever_way_they_are_sorted():
    runs = [listed("a"), listed("b", foscttm=0.3), listed("c", foscttm=0.1)]
    assert [run.name for run in arranged(runs, "", Order("foscttm"))] == ["c", "b", "a"]
    assert [run.name for run in arranged(runs, "", Order("foscttm", reverse=True))] == ["b", "c", "a"]


def test_a_column_is_sorted_turned_round_and_left():
    order = Order.from_json(None)
    for wanted in ({"by": "steps", "reverse": False}, {"by": "steps", "reverse": True}, {"by": "", "reverse": False}):
        assert order.pressed("steps") == wanted
        order = Order.from_json(wanted)
    assert Order.from_json({"by": "password"}) == Order()


def test_the_table_shows_some_and_says_what_each_run_is():
    runs = [replace(listed(f"run {number}"), extends="parent" if number == 0 else "") for number in range(60)]
    runs[1] = replace(runs[1], problem="The folder of this run cannot be read (Permission denied).")
    runs[2] = listed("queued", "queued")
    table = run_table(runs, "id-run 3", places={"id-queued": Outlook(1, 2, None)}, order=Order())
    told = text(table)
    assert told.count("Done") == 48
    for each in ("extends parent", "Permission denied", "Unreadable", "Waiting", "1st of 2 in line"):
        assert each in told
    assert "No runs yet" in text(run_table([], None, places={}, order=Order()))
    assert "No run is called so" in text(run_table([], None, places={}, order=Order(), searched=True))
