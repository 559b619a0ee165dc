"""Some features read without the whole, against the whole."""

from __future__ import annotations

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.engine.config import make_config
from monae_app.engine.data.measured_slices import open_measured
from monae_app.engine.data.modality_reading import read_whole
from monae_app.engine.data.readers import stored_columns
from monae_app.engine.errors import InputError

N, G = 60, 25


def table(seed: int = 0, genes: list[str] | None = None, cells: list[str] | None = None) -> ad.AnnData:
    generator = np.random.default_rng(seed)
    genes = genes or [f"Gene{i}" for i in range(G)]
    counts = generator.poisson(1.0, (N, len(genes))).astype(np.float32)
    obs = pd.DataFrame(index=cells or [f"cell{i}" for i in range(N)])
    return ad.AnnData(sp.csr_matrix(counts), obs=obs, var=pd.DataFrame(index=genes))


def write(path, made: ad.AnnData, layout: str, **how):
    made = made.copy()
    made.X = {"csr": sp.csr_matrix, "csc": sp.csc_matrix, "dense": lambda x: x.toarray()}[layout](made.X)
    made.write_h5ad(path, **how)
    return path


def check(config, modality="rna", *, features=None, seed=0) -> None:
    """Cells and features of a run in an order of their own, some of them left out, are those of the whole file."""
    whole = read_whole(modality, config, [])
    generator = np.random.default_rng(seed)
    cells = generator.permutation(whole.obs.index)[: len(whole.obs) - 7].tolist()
    names = generator.permutation(whole.var.index).tolist()
    wanted = pd.DataFrame(whole.values.toarray(), whole.obs.index, whole.var.index).loc[cells]
    slices = open_measured(config, modality, cells, names)
    assert slices is not None
    for chosen in (np.arange(len(names)), np.array([3]), np.array([7, 2, 7])):
        np.testing.assert_array_equal(slices.read(chosen), wanted[[names[i] for i in chosen]])
    # in the order of the file, nothing left out
    same = open_measured(config, modality, whole.obs.index.tolist(), whole.var.index.tolist())
    np.testing.assert_array_equal(same.read(np.array([1, 0])), whole.values[:, [1, 0]].toarray())


@pytest.mark.parametrize("layout", ["csr", "csc", "dense"])
@pytest.mark.parametrize("how", [{}, {"compression": "gzip"}])
def test_every_layout(tmp_path, layout, how, monkeypatch):
    monkeypatch.setattr(stored_columns, "PLACES_AT_ONCE", 13)
    monkeypatch.setattr(stored_columns, "VALUES_AT_ONCE", 50)
    check(make_config(inputs={"rna": write(tmp_path / "a.h5ad", table(), layout, **how)}))


def test_features_in_rows(tmp_path):
    made = table()
    with h5py.File(tmp_path / "a.loom", "w") as file:
        file["matrix"] = made.X.toarray().T
        file["row_attrs/Gene"], file["col_attrs/CellID"] = made.var_names.tolist(), made.obs_names.tolist()
        file.create_group("layers")
        file.attrs["LOOM_SPEC_VERSION"] = "3.0.0"
    check(make_config(inputs={"rna": tmp_path / "a.loom"}))


def test_the_matrix_of_the_run_is_read_with_its_own_features(tmp_path):
    made = table()
    made.raw = made.copy()
    shown = made[:, :20].copy()
    shown.X = sp.csr_matrix(np.log1p(shown.X.toarray()))
    config = make_config(inputs={"rna": write(tmp_path / "a.h5ad", shown, "csr")})
    check(config)
    assert open_measured(config, "rna", ["cell0"], ["Gene24"]).has(0)


def test_a_stored_value_that_stands_twice_is_summed(tmp_path):
    path = write(tmp_path / "a.h5ad", table(), "csr")
    with h5py.File(path, "a") as file:
        group = file["X"]
        indices = group["indices"][...]
        indices[1] = indices[0]
        group["indices"][...] = indices
    check(make_config(inputs={"rna": path}))


def test_modalities_in_one_matrix(tmp_path):
    made = table()
    made.var["feature_types"] = ["Gene Expression"] * 15 + ["Peaks"] * 10
    made.var_names = [f"Gene{i}" for i in range(15)] + [f"chr1:{i}000-{i}500" for i in range(1, 11)]
    path = write(tmp_path / "a.h5ad", made, "csc")
    config = make_config(inputs={"rna": path, "atac": path})
    check(config, "rna")
    check(config, "atac")


@pytest.mark.parametrize("join", ["intersection", "union"])
@pytest.mark.parametrize("clash", [True, False])
def test_samples_of_different_genes_are_stacked(tmp_path, join, clash):
    first = write(tmp_path / "a.h5ad", table(0), "csr")
    cells = None if clash else [f"other{i}" for i in range(N)]
    second = write(tmp_path / "b.h5ad", table(1, [f"Gene{i}" for i in range(10, 40)], cells), "csc")
    check(make_config(inputs={"rna": (first, second)}, join_genes=join))


def test_merged_peaks_and_text_are_left_to_the_whole(tmp_path):
    peaks = [[f"chr1:{1000 * i + shift}-{1000 * i + 500 + shift}" for i in range(G)] for shift in (0, 100)]
    paths = [write(tmp_path / f"{name}.h5ad", table(0, names), "csr") for name, names in zip("ab", peaks, strict=True)]
    cells = [f"{sample}_cell{i}" for sample in "ab" for i in range(N)]
    assert open_measured(make_config(inputs={"atac": tuple(paths)}), "atac", cells, peaks[0]) is None
    table().to_df().to_csv(tmp_path / "a.csv")
    config = make_config(inputs={"rna": tmp_path / "a.csv"})
    assert open_measured(config, "rna", ["cell0"], ["Gene0"]) is None


def test_a_cell_that_is_gone_has_no_value(tmp_path):
    config = make_config(inputs={"rna": write(tmp_path / "a.h5ad", table(), "csr")})
    found = open_measured(config, "rna", ["cell3", "gone", "cell0"], ["Gene0", "Other"])
    assert np.isnan(found.read(np.array([0]))[:, 0]).tolist() == [False, True, False]
    assert (found.has(0), found.has(1)) == (True, False)


def test_a_damaged_file_is_said(tmp_path):
    path = write(tmp_path / "a.h5ad", table(), "csr")
    config = make_config(inputs={"rna": path})
    found = open_measured(config, "rna", ["cell0"], [f"Gene{i}" for i in range(G)])
    with h5py.File(path, "a") as file:
        file["X/indices"][...] = 10_000
    with pytest.raises(InputError, match=r"a\.h5ad could not be read"):
        found.read(np.array([0, 1]))


class Cells:
    """Cells of a run which say whether they are some names, and count how often they are read."""

    def __init__(self, names: list[str]) -> None:
        self.names, self.times = names, 0

    def are(self, names) -> bool:
        return list(names) == self.names

    def read(self) -> list[str]:
        self.times += 1
        return self.names


def test_cells_in_the_order_of_the_file_are_not_read(tmp_path):
    made = table()
    config = make_config(inputs={"rna": write(tmp_path / "a.h5ad", made, "csr")})
    for names, times in ((made.obs_names.tolist(), 0), (made.obs_names[::-1].tolist(), 1)):
        cells = Cells(names)
        found = open_measured(config, "rna", cells, made.var_names.tolist()).read(np.array([4]))
        np.testing.assert_array_equal(found[:, 0], made[names, 4].X.toarray()[:, 0])
        assert cells.times == times
