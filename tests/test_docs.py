"""The pages of docs/: every setting with its true default, and no link or path that leads nowhere."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from monae_app.engine.config import RunConfig
from monae_app.web.flags import add_demo_flags
from tests.benchmarks.methods import ABLATIONS

ROOT = Path(__file__).resolve().parents[1]
ENGINE = ROOT / "monae_app" / "engine"
MODEL = ROOT / "docs" / "model.md"
DATA = ROOT / "docs" / "data.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LONGEST = {"data.md": 180, "method.md": 180, "model.md": 300}
SETTING_ROW = re.compile(r"^\| `(\w+)` \| `([^`]*)` \|", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def as_written(default: object) -> str:
    """A default as the page writes it."""
    if default is PydanticUndefined:
        return "required"
    if default is None or default == ():
        return "empty"
    return str(default).lower() if isinstance(default, bool) else str(default)


def links_of(text: str) -> list[str]:
    """Links that lead to files beside the page."""
    found = [one or other for one, other in LINK.findall(text)]
    return [link for link in found if not re.match(r"[a-z]+:|#", link)]


def test_pages_tell_every_setting_once_with_its_default():
    told = [row for page in (DATA, MODEL) for row in SETTING_ROW.findall(page.read_text(encoding="utf-8"))]
    assert len(told) == len(dict(told)), "a setting has two rows"
    assert dict(told) == {name: as_written(field.default) for name, field in RunConfig.model_fields.items()}


def test_model_page_names_every_ablation_with_its_metric():
    text = MODEL.read_text(encoding="utf-8")
    for name, ablation in ABLATIONS.items():
        switched = " ".join(f"`{value}`" for _, value in ablation.arguments)
        row = f"| {name} | {switched} | `{ablation.metric}` | {ablation.better} | {ablation.data} |"
        assert row in text, f"docs/model.md lacks the row {row}"


def test_model_page_names_only_modules_that_exist():
    names = set(re.findall(r"`([\w/]+\.py)`", MODEL.read_text(encoding="utf-8")))
    assert len(names) >= 20
    assert [name for name in sorted(names) if not any((top / name).is_file() for top in (ROOT, ENGINE))] == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_settings_that_are_advised_exist(page: Path):
    advised = re.findall(r"`([a-z][a-z_]+)=[^`\s]+`", page.read_text(encoding="utf-8"))
    inputs = {"rna", "atac", "protein", "methylation"}
    assert sorted(set(advised) - set(RunConfig.model_fields) - inputs) == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_lead_to_files(page: Path):
    links = links_of(page.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (page.parent / link.partition("#")[0]).exists()] == []


@pytest.mark.parametrize(("name", "lines"), LONGEST.items())
def test_pages_stay_short(name: str, lines: int):
    assert len((ROOT / "docs" / name).read_text(encoding="utf-8").splitlines()) <= lines


def test_readme_leads_to_every_page():
    links = links_of((ROOT / "README.md").read_text(encoding="utf-8"))
    assert {"docs/data.md", "docs/method.md", "docs/model.md"} <= set(links)


def test_the_script_of_the_demo_names_only_what_stands_on_the_page():
    script = (ROOT / "docs" / "demo.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\*\*([^*]+)\*\*", script))
    sources = [*(ROOT / "monae_app" / "web").rglob("*.py"), *(ROOT / "assets").rglob("*.*js")]
    samples = [path.read_text(encoding="utf-8") for path in (ROOT / "data_samples").glob("*/sample.json")]
    shown = "\n".join([*(path.read_text(encoding="utf-8") for path in sources), *samples])
    # What is written in two places, or by whoever shows.
    own = {"live", "Human blood, CITE-seq · bundled"}
    assert len(named) > 20
    assert [name for name in sorted(named - own) if f'"{name}"' not in shown] == []


def test_the_script_of_the_demo_has_every_flag_of_it():
    script = (ROOT / "docs" / "demo.md").read_text(encoding="utf-8")
    flags = argparse.ArgumentParser()
    add_demo_flags(flags)
    assert set(re.findall(r"`(--[a-z-]+)`", script)) >= {
        option for action in flags._actions for option in action.option_strings if option.startswith("--")
    } - {"--help"}
