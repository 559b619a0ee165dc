"""Loom files: what is written is read, and names are found under any of their usual titles."""

from __future__ import annotations

import h5py
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monae_app.engine.data.readers import open_file
from tests.engine.data.readers.planted_tables import barcodes, counts, dense, write_loom

EASY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
IDS = [f"ENSG{i:011d}" for i in range(30)]
SYMBOLS = [f"GENE{i}" for i in range(30)]
sizes = st.tuples(st.integers(1, 9), st.integers(1, 30), st.integers(0, 99))


def x_of(part) -> np.ndarray:
    return dense(part.matrices["X"].read())


@EASY
@given(size=sizes)
def test_loom_is_read_as_it_was_written(size, tmp_path):
    n_cells, n_genes, seed = size
    values, cells = counts(n_cells, n_genes, seed), barcodes(n_cells)
    log = np.log1p(values.toarray())
    path = write_loom(tmp_path / "a.loom", values, cells, SYMBOLS[:n_genes], log=log)
    (part,) = open_file(path).parts
    np.testing.assert_array_equal(x_of(part), values.toarray())
    np.testing.assert_array_equal(dense(part.matrices["log"].read()), log)
    assert part.obs.index.tolist() == cells
    assert part.var.index.tolist() == SYMBOLS[:n_genes]


def test_a_loom_without_names_is_numbered_and_ids_name_what_repeats(tmp_path):
    path = write_loom(tmp_path / "a.loom", counts(), barcodes(12), ["TBCE", "TBCE", *SYMBOLS[2:]])
    with h5py.File(path, "r+") as file:
        del file["col_attrs/CellID"]
        file["row_attrs/Accession"] = IDS
        file["col_attrs/ClusterName"] = ["a", "b"] * 6
        file["col_attrs/X_umap"] = np.zeros((12, 2))
    (part,) = open_file(path).parts
    assert part.obs.index[0] == "cell1"
    assert list(part.obs) == ["ClusterName"]
    assert part.var.index[:3].tolist() == ["TBCE", IDS[1], "GENE2"]
    assert "The cells have no names; they were numbered." in part.notes
