"""`monae report`: one page out of a finished run, or one message."""

from __future__ import annotations

import shutil
from pathlib import Path

from monae_app.cli import main

SAMPLE = Path(__file__).parents[1] / "data_samples" / "pbmc_protein"


def test_a_report_is_written_where_it_was_asked_for(tmp_path, capsys):
    before = sorted(path.name for path in (SAMPLE / "run").iterdir())
    assert main(["report", str(SAMPLE / "run"), "--out", str(tmp_path / "page.html")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    for told in ("Did it work?", "RNA and protein share structure", "FOSCTTM", "doi:10.1038/s41467-024-53355-6"):
        assert told in text
    assert "http" not in text.replace("http-equiv", "")
    assert sorted(path.name for path in (SAMPLE / "run").iterdir()) == before


def test_what_is_no_finished_run_is_said(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 2
    assert "is no" in capsys.readouterr().err
    run = tmp_path / "run"
    shutil.copytree(SAMPLE / "run", run)
    (run / "cells.h5ad").write_bytes(b"broken")
    assert main(["report", str(run), "--out", str(tmp_path / "x.html")]) == 2
    assert "is no finished run" in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()
    assert main(["report", str(run), "--out", str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err
