"""Benchmarks run for hours and seldom: that each can at least begin is seen here."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from monae_app.jobs.peers.catalogue import ROOT

RECIPE = re.search(r"^bench: .*?exit", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
NAMES = ["run", *RECIPE.group().partition("for each in")[2].partition("; do")[0].replace("\\", "").split()]


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_finds_all_that_it_names(name: str):
    assert callable(import_module(f"tests.benchmarks.{name}").main)
