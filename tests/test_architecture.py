"""The shape of the repository: what ARCHITECTURE.md promises, and what keeps files readable and portable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FILE = 300
SOURCES = sorted(
    path
    for path in [*ROOT.glob("*.py"), *ROOT.glob("monae_app/**/*.py"), *ROOT.glob("tests/**/*.py")]
    if "__pycache__" not in path.parts
)
BUILT = {"build", "dist", "site", "tests", "__pycache__"}
MACHINE_PATH = re.compile(rb"(?<![\w.~-])/(?:tmp|work|root|farm|home/\w+|Users/\w+)/")


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def named_paths(text: str) -> list[str]:
    """Repository paths in backticks: they hold a slash or end like a file of the repository, not of a run."""
    quoted = re.findall(r"`([\w.-][\w./-]*)`", text)
    return sorted({name for name in quoted if "/" in name or name.endswith((".py", ".toml", ".lock", ".md"))})


def carried_files() -> list[Path]:
    """Every file that a clone carries, tests and hidden folders aside."""
    tops = [top for top in ROOT.iterdir() if top.name not in BUILT and not top.name.startswith(".")]
    inside = [path for top in tops if top.is_dir() for path in top.rglob("*")]
    files = [path for path in [*tops, *inside] if path.is_file()]
    return [
        path
        for path in files
        if not BUILT & set(path.relative_to(ROOT).parts) and not any(part.endswith(".egg-info") for part in path.parts)
    ]


def test_architecture_is_short_and_names_only_what_exists():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    names = named_paths(text)
    assert len(names) >= 20
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_architecture_names_every_package():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    packages = {
        shown(path.parent) for path in SOURCES if path.name == "__init__.py" and path.is_relative_to(ROOT / "monae_app")
    }
    assert [package for package in sorted(packages - {"monae_app"}) if f"`{package}/`" not in text] == []


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_a_file_holds_one_idea(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    assert path.name not in {"utils.py", "helpers.py", "misc.py", "common.py"}, "name the idea"


def test_no_file_names_a_path_of_one_machine():
    assert [shown(path) for path in carried_files() if MACHINE_PATH.search(path.read_bytes())] == []
