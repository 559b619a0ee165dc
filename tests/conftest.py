"""Fixtures of all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from monae_app.engine.data.planted import make_planted

if TYPE_CHECKING:
    from pathlib import Path

# A busy machine is slow, and that is no fault of the code.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

SHORT = ["--steps", "12", "--set", "batch_size=32", "--set", "n_components=20"]


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighty planted cells, as files."""
    folder = tmp_path_factory.mktemp("data")
    make_planted(n_cells=80, n_genes=100, n_peaks=300, n_types=3, seed=2).write(folder)
    return folder


def run_arguments(data: Path, out: Path, *, length: list[str] = SHORT, **files: Path) -> list[str]:
    """Arguments of a short `monae run` on the planted files, or on others in their place."""
    rna, atac = files.get("rna", data / "rna.h5ad"), files.get("atac", data / "atac.h5ad")
    return ["run", f"rna={rna}", f"atac={atac}", "--bed", str(data / "genes.bed.gz"), "--out", str(out), *length]
