from __future__ import annotations

import json
import sys
import time

import pytest

from monae_app.engine.errors import InputError
from monae_app.jobs import inspecting, inspector
from monae_app.jobs.inspecting import inspect


def _answering(monkeypatch, code: str) -> None:
    monkeypatch.setattr(inspecting, "INSPECTOR", (sys.executable, "-c", code))


def test_inspect_hands_on_the_summary(monkeypatch):
    _answering(monkeypatch, 'print(\'noise\'); print(\'{"summary": {"genome": "mm10"}}\')')
    assert inspect({"inputs": {}}) == {"genome": "mm10"}


def test_inspect_hands_on_what_is_wrong(monkeypatch):
    error = json.dumps({"error": {"found": "a", "expected": "b", "todo": "c"}})
    _answering(monkeypatch, f"print({error!r}); raise SystemExit(2)")
    with pytest.raises(InputError) as caught:
        inspect({})
    assert (caught.value.found, caught.value.expected, caught.value.todo) == ("a", "b", "c")


@pytest.mark.parametrize("code", ["raise SystemExit(9)", "print('[]')", "import os; os.abort()"])
def test_a_reader_that_crashes_is_said(monkeypatch, code):
    _answering(monkeypatch, code)
    with pytest.raises(InputError, match="could not be read"):
        inspect({})


def test_inspect_is_bounded_in_time(monkeypatch):
    _answering(monkeypatch, "import time; time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(InputError, match="took longer"):
        inspect({}, seconds=0.5)
    assert time.monotonic() - began < 10


def test_the_inspector_explains_wrong_settings(capsys):
    assert inspector.main([json.dumps({"inputs": {"rna": "a.h5ad"}, "seed": -1})]) == 2
    assert "seed" in json.loads(capsys.readouterr().out)["error"]["found"]
