"""A run whose matrices lie on disk is the run that has them in memory, and takes over what another run left there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from monae_app.engine.data import in_blocks, on_disk
from monae_app.engine.data.planted import make_planted
from monae_app.engine.data.store.kept import kept_in
from monae_app.engine.pipeline import run
from tests.engine.small_runs import small_config

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("hasty")


def test_a_run_on_disk_equals_one_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    make_planted(n_cells=90, n_genes=120, n_peaks=400, n_types=3, seed=4).write(tmp_path)
    config = small_config(tmp_path, steps=12)
    in_memory = run(config, tmp_path / "in_memory")
    monkeypatch.setattr(on_disk, "LARGE", 0)
    monkeypatch.setattr(in_blocks, "VALUES_AT_ONCE", 1000)
    said: list[dict[str, Any]] = []
    with kept_in(lambda _: tmp_path / "kept", both_sides=True):
        first = run(config, tmp_path / "on_disk", on_event=said.append)
    reading = [each["done"] for each in said if each["stage"] == "read" and each.get("total") == 100]
    assert len(reading) > 10
    said.clear()
    with kept_in(lambda _: tmp_path / "kept", both_sides=True):
        second = run(config, tmp_path / "again", on_event=said.append)
    assert not [each for each in said if each["stage"] == "read" and each.get("total") == 100]
    for found in (first, second):
        for table, expected in ((found.cells, in_memory.cells), (found.features, in_memory.features)):
            for name in ("X_monae", "X_private"):
                np.testing.assert_allclose(table.obsm[name], expected.obsm[name], rtol=1e-5, atol=1e-6)
        assert found.report["metrics"] == pytest.approx(in_memory.report["metrics"], rel=1e-4)
