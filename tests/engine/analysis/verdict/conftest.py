from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
import scanpy as sc

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.analysis.verdict import RunFacts, Verdict, facts_of, judge
from tests.engine.analysis.verdict.planted_cases import CASES, train_case

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def trained_cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Train each planted case once; the layout of the map is asked for nothing and takes few rounds."""
    folder = tmp_path_factory.mktemp("verdict")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sc.tl, "umap", partial(sc.tl.umap, maxiter=10))
        return {case: train_case(case, folder / case) for case in CASES}


@pytest.fixture(scope="session")
def facts(trained_cases: dict[str, Path]) -> dict[str, RunFacts]:
    return {case: facts_of(RunSlices(folder, KeptArrays(2**26))) for case, folder in trained_cases.items()}


@pytest.fixture(scope="session")
def verdict(facts: dict[str, RunFacts]) -> Callable[[str], Verdict]:
    return lambda case: judge(facts[case])
