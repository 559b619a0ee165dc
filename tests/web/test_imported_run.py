from __future__ import annotations

import pytest

from monae_app.engine.errors import InputError
from monae_app.jobs.archive import export_run
from monae_app.jobs.archive_import import import_run


@pytest.fixture
def imported_id(services, tmp_path) -> str:
    export_run(services.registry.get("sample-tiny").folder, tmp_path / "run.zip")
    return import_run(services.registry, tmp_path / "run.zip", room=10**9).id


def test_the_map_of_an_imported_run_is_that_of_the_run(services, imported_id, view):
    other = services.view(imported_id)
    assert other.cells.equals(view.cells)
    assert other.columns == view.columns
    imputed = (each.colouring("rna:Gene7").values for each in (view, other))
    assert next(imputed).equals(next(imputed))


def test_measured_values_of_an_imported_run_are_not_here_and_that_is_said(services, imported_id):
    with pytest.raises(InputError, match="measured values are not here"):
        services.view(imported_id).colouring("rna:Gene7", measured=True)
