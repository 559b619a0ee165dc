"""The report of a run: whole, self-contained, the same for the same run."""

from __future__ import annotations

import base64
import json
import re
import shutil
from html.parser import HTMLParser

import pytest

from monae_app.engine.analysis.run_report import write_report
from monae_app.engine.analysis.run_report.methods import methods_paragraph
from monae_app.engine.analysis.run_report.page import written
from monae_app.engine.errors import InputError
from monae_app.engine.result import read_config

MARKUP = "<script>alert(1)</script>"


class Links(HTMLParser):
    """Everything that a page would load or lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.found += [value for name, value in attrs if name in {"src", "href", "action", "data", "srcset"}]


def parsed(text: str) -> Links:
    links = Links()
    links.feed(text)
    return links


def test_a_report_holds_all_and_asks_nobody_for_anything(trained_cases, tmp_path):
    write_report(trained_cases["missing"], tmp_path / "one.html", name=f"cortex {MARKUP}", data="Somebody 2019")
    text = (tmp_path / "one.html").read_text()
    links = parsed(text)
    assert all(link.startswith("data:") for link in links.found)
    assert "script" not in links.tags
    assert "url(" not in text
    assert "@import" not in text
    pictures = [link for link in links.found if link.startswith("data:image")]
    # by label, modality, batch, cluster and local mixing; composition and loss
    assert [each.partition(";")[0] for each in pictures] == ["data:image/png"] * 5 + ["data:image/svg+xml"] * 2
    for each in pictures:
        content = base64.b64decode(each.partition(",")[2])
        assert content.startswith((b"\x89PNG", b"<?xml"))
    titles = re.findall(r"<h2>(.*?)</h2>", text)
    assert titles == [
        "Did it work?", "Figures", "Scores", "Data", "Warnings", "Methods", "How to cite", "Settings", "Computed",
    ]  # fmt: skip
    assert "Yes, with one point to look at." in text
    for told in ("doi:10.1038/s41467-024-53355-6", "Somebody 2019", "torch", "seed", "n_components", "FOSCTTM"):
        assert told in text
    # a folder of this machine is nobody's business
    assert str(trained_cases["missing"].parent) not in text
    assert "rna.h5ad" in text


def test_one_run_gives_one_report(trained_cases, tmp_path):
    for name in ("one", "other"):
        write_report(trained_cases["good"], tmp_path / name, name="x")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_the_methods_paragraph_tells_the_numbers_of_the_run(trained_cases):
    folder = trained_cases["good"]
    report, config = json.loads((folder / "report.json").read_text()), read_config(folder)
    text = methods_paragraph(report, config)
    for told in (
        "240 cells by RNA and 240 cells by ATAC",
        f"{report['dataset']['guidance']['edges']:,} links",
        "160 steps of 64 cells",
        "8 shared and 4 private axes",
        f"z = {report['alignment']['z']:.1f}",
        "Batches (batch; 2 in all)",
        "No pairing of cells was used",
    ):
        assert told in text, text
    assert "  " not in text
    assert "None" not in text
    assert "Monae-E" not in text
    stage = {"graph_stage": {"steps": 50, "edges": {"cells": 1200, "links": 34}, "motifs": 7}}
    assert "7 motifs were vertices of one graph of 1,234 edges (Monae-E)" in methods_paragraph(report | stage, config)


def test_a_report_of_an_earlier_version_lacks_what_it_lacks(trained_cases, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained_cases["short"], folder)
    (folder / "progress.jsonl").unlink()
    said = json.loads((folder / "report.json").read_text())
    for name in ("counterparts", "confidence", "consistency", "alignment", "batches", "timings", "versions", "metrics"):
        said.pop(name, None)
    (folder / "report.json").write_text(json.dumps(said))
    write_report(folder, tmp_path / "old.html")
    text = (tmp_path / "old.html").read_text()
    assert "This run was not scored." in text
    assert "The losses of this training are not kept." in text


def test_no_run_gives_no_report(tmp_path):
    with pytest.raises(InputError, match="is no"):
        write_report(tmp_path, tmp_path / "x.html")
    assert not (tmp_path / "x.html").exists()


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (True, "yes"), (12_345, "12,345"), (0.123456, "0.1235"), (("a", "b"), "a, b"), ((), "–")],
)
def test_values_are_written_as_people_do(value, text):
    assert written(value) == text
