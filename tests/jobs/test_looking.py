from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from io import StringIO
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.data.contents import ReadingOptions
from monae_app.jobs import inspector, looking
from monae_app.jobs.isolation import LEAST_MEMORY, available_memory, memory_bound, with_own_temporary_files
from monae_app.jobs.looking import how_it_ended, look

COUNTS = np.random.default_rng(0).poisson(2, (9, 7)).astype(np.float32) + 1


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rna.h5ad"
    table = ad.AnnData(
        COUNTS,
        obs=pd.DataFrame({"cell_type": ["B", "T", "T"] * 3}, index=[f"c{i}" for i in range(9)]),
        var=pd.DataFrame(index=["Gata1", "Gata2", "Klf1", "Fli1", "Mpo", "Elane", "odd"]),
    )
    table.write_h5ad(path)
    return path


def in_its_place(monkeypatch, code: str) -> None:
    """Let another program answer; `say(path)` is what it says of a path when all is well."""
    start = """
        import json, os, signal, sys, time
        request = json.loads(sys.stdin.read())
        def say(path):
            print(json.dumps({"look": {"name": path, "parts": []}}), flush=True)
    """
    program = textwrap.dedent(start) + textwrap.dedent(code)
    monkeypatch.setattr(looking, "INSPECTOR", (sys.executable, "-c", program))


def names(answers):
    return ["error" if "error" in each else each["name"] for each in answers]


PATHS = [Path(letter) for letter in "abcd"]


def test_the_real_program_says_what_a_file_holds_and_what_is_wrong_with_another(file, tmp_path):
    broken = tmp_path / "broken.h5ad"
    broken.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    found, refused, absent = look([file, broken, tmp_path / "absent.h5ad"], ReadingOptions(bin_size=200))
    (part,) = found["parts"]
    assert (part["cells"], part["features"], part["kind"], part["matrix"]) == (9, 7, "counts", "X")
    assert part["modality"]["value"] == "rna"
    assert part["organism"]["value"] == "mouse"
    assert part["labels"] == ["cell_type"]
    assert part["example_features"][:2] == ["Gata1", "Gata2"]
    assert part["matrices"] == [{"name": "X", "shape": [9, 7], "kind": "counts"}]
    assert found["format"] == "AnnData (.h5ad)"
    assert "broken.h5ad" in refused["error"]["found"]
    assert "There is no file" in absent["error"]["found"]
    assert [Path(each["path"]).name for each in (found, refused, absent)] == ["rna.h5ad", "broken.h5ad", "absent.h5ad"]
    json.dumps([found, refused, absent], allow_nan=False)


@pytest.mark.parametrize(
    ("death", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("os.abort()", "SIGABRT"),
        ("os._exit(7)", "code 7"),
        ("raise RuntimeError('odd')", "code 1"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "want of memory"),
    ],
)
def test_a_file_that_ends_the_program_costs_no_other_its_answer(monkeypatch, death, words):
    in_its_place(
        monkeypatch,
        f"""
        import resource
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for path in request["paths"]:
            if path in "bd":
                {death}
            say(path)
        """,
    )
    found = look(PATHS)
    assert names(found) == ["a", "error", "c", "error"]
    assert [each["path"] for each in found] == list("abcd")
    assert words in found[1]["error"]["found"]
    assert set(found[1]["error"]) == {"found", "expected", "todo"}
    assert "Traceback" not in json.dumps(found)


def test_a_file_that_hangs_is_given_up_and_the_next_are_read(monkeypatch):
    monkeypatch.setattr(looking, "START_SECONDS", 4.0)
    in_its_place(
        monkeypatch,
        """
        for path in request["paths"]:
            if path == "b":
                time.sleep(600)
            say(path)
        """,
    )
    began = time.monotonic()
    found = look(PATHS, seconds=0.5)
    assert names(found) == ["a", "error", "c", "d"]
    assert "took longer" in found[1]["error"]["found"]
    assert time.monotonic() - began < 30


def test_what_libraries_print_is_passed_over(monkeypatch):
    in_its_place(
        monkeypatch,
        """
        for path in request["paths"]:
            print("a warning"); print("[1, 2]"); print('{"odd": 1}'); print("\\xff")
            say(path)
        """,
    )
    assert names(look(PATHS)) == list("abcd")


def test_nothing_to_look_at_starts_no_program(monkeypatch):
    in_its_place(monkeypatch, "raise SystemExit(1)")
    assert look([]) == []


def test_a_program_that_never_starts_still_ends_in_an_answer_for_each(monkeypatch):
    monkeypatch.setattr(looking, "INSPECTOR", (sys.executable, "-c", "raise SystemExit(3)"))
    assert names(look(PATHS[:2])) == ["error", "error"]


BOMB = """
from monae_app.jobs.isolation import bound_this_process
bound_this_process({memory}, 3600)
import numpy as np
import {module}
from monae_app.jobs import inspector
def boom(*_, **__):
    np.ones({asked} // 8)
    return {{}}
{module}.{name} = boom
raise SystemExit(inspector.main({arguments}))
"""


def test_a_small_file_that_unfolds_to_more_than_there_is_ends_in_a_message(file, tmp_path):
    bomb = tmp_path / "bomb.h5ad"
    bomb.write_bytes(file.read_bytes())
    with h5py.File(bomb, "r+") as opened:
        attributes = dict(opened["X"].attrs)
        del opened["X"]
        opened.create_dataset("X", (400_000, 400_000), "f4", chunks=(1000, 1000), compression="gzip")
        opened["X"].attrs.update(attributes)
    assert bomb.stat().st_size < 1_000_000
    refused, found = look([bomb, file], thoroughly=True)
    assert "bomb.h5ad" in refused["error"]["found"]
    assert found["parts"][0]["error"] is None


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bound memory otherwise")
def test_a_bomb_ends_in_a_message_of_the_bounded_process(monkeypatch):
    module = "monae_app.engine.data.understanding.appearance"
    code = BOMB.format(memory=2 << 30, asked=6 << 30, module=module, name="look_into", arguments="['--look']")
    monkeypatch.setattr(looking, "INSPECTOR", (sys.executable, "-c", code))
    found = look(PATHS[:2])
    assert names(found) == ["error", "error"]
    assert "would take more memory than there is" in found[0]["error"]["found"]


def test_the_bound_follows_what_is_free(monkeypatch, tmp_path):
    assert memory_bound() >= LEAST_MEMORY
    (tmp_path / "max").write_text(str(5 << 30))
    (tmp_path / "now").write_text(str(1 << 30))
    monkeypatch.setattr("monae_app.jobs.isolation.CGROUP_LIMIT", tmp_path / "max")
    monkeypatch.setattr("monae_app.jobs.isolation.CGROUP_USED", tmp_path / "now")
    assert 0 < available_memory() <= 4 << 30
    (tmp_path / "max").write_text("max\n")
    assert available_memory() > 0


ERRORS = [ValueError("odd\nlines"), KeyError("x"), MemoryError(), RecursionError(), OSError(5, "io")]


@pytest.mark.parametrize("error", ERRORS)
def test_whatever_a_reader_raises_becomes_words(monkeypatch, capsys, error):
    def boom(*_args, **_settings):
        raise error

    monkeypatch.setattr("monae_app.engine.data.understanding.appearance.look_into", boom)
    monkeypatch.setattr("sys.stdin", StringIO(json.dumps({"paths": ["x.h5ad"], "options": {"peaks": "p.bed"}})))
    assert inspector.main(["--look"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)["error"]
    assert "x.h5ad" in said["found"]
    assert "\n" not in said["found"]


def test_ends_are_named():
    assert how_it_ended(-signal.SIGSEGV) == "SIGSEGV"
    assert how_it_ended(1) == "code 1"
    assert "memory" in how_it_ended(-signal.SIGKILL)
    assert how_it_ended(-250) == "250"


def test_temporary_files_go_also_when_their_process_was_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with with_own_temporary_files() as environment:
        leave = "import os, signal, tempfile; tempfile.mkdtemp(); os.kill(os.getpid(), signal.SIGKILL)"
        assert subprocess.run([sys.executable, "-c", leave], env=environment, check=False).returncode == -signal.SIGKILL
        assert len(list(tmp_path.glob("*/*"))) == 1
    assert list(tmp_path.iterdir()) == []
