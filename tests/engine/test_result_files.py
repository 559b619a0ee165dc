"""How the files of a run are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.folder import checkpoint_steps
from monae_app.engine.result import h5ad_bytes, write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def table() -> ad.AnnData:
    """A table with every kind of element that a run keeps."""
    rng = np.random.default_rng(0)
    obs = pd.DataFrame(
        {
            "modality": pd.Categorical(["rna", "rna", "atac"] * 10),
            "library_size": rng.random(30).astype(np.float32),
            "cell_type": pd.Categorical(["a", None, "b"] * 10),
            "held_out": [True, False, False] * 10,
        },
        index=pd.Index([f"rna:{row}" for row in range(30)]),
    )
    found = ad.AnnData(obs=obs, obsm={"X_monae": rng.random((30, 4)).astype(np.float32)}, shape=(30, 0))
    found.obsp["refined"] = sp.random(30, 30, 0.1, format="csr", random_state=0, dtype=np.float32)
    found.uns |= {"clusters": "leiden", "batches": ["one", "two"]}
    return found


def test_a_table_is_written_as_anndata_writes_it(tmp_path):
    """But in memory: HDF5 that meets a full disk brings the process down."""
    table().write_h5ad(tmp_path / "theirs.h5ad", compression="gzip")
    (tmp_path / "ours.h5ad").write_bytes(h5ad_bytes(table()))
    ours, theirs = layout(tmp_path / "ours.h5ad"), layout(tmp_path / "theirs.h5ad")
    # read a block of rows or a column at a time, which must not wait for gzip
    plain = {"obs/library_size", "obsm/X_monae"}
    for name in plain:
        assert (ours[name].pop("compression"), ours[name].pop("chunks")) == (None, None)
        assert theirs[name].pop("compression") == "gzip"
        del theirs[name]["chunks"]
    assert ours == theirs
    assert len(ours) > 20


def layout(path: Path) -> dict[str, dict]:
    """Every element of an HDF5 file, with its attributes and how it is stored."""
    found: dict[str, dict] = {}

    def look(name: str, element: object) -> None:
        stored = {key: str(getattr(element, key, None)) for key in ("dtype", "shape")}
        stored |= {key: getattr(element, key, None) for key in ("compression", "chunks")}
        attributes = sorted((key, str(value)) for key, value in element.attrs.items())
        values = np.asarray(element[()]).tolist() if isinstance(element, h5py.Dataset) else None
        found[name] = stored | {"attributes": attributes, "values": str(values)}

    with h5py.File(path) as file:
        look("/", file)
        file.visititems(look)
    return found


def test_what_is_no_checkpoint_has_no_steps(tmp_path):
    (tmp_path / "damaged").write_bytes(b"nothing")
    assert checkpoint_steps(tmp_path / "damaged") is None
    assert checkpoint_steps(tmp_path / "missing") is None


def test_a_file_that_need_not_last_is_whole_all_the_same(tmp_path):
    path = tmp_path / "status.json"
    for content in ("{}", '{"state": "done"}'):
        write_atomically(path, lambda temporary, content=content: temporary.write_text(content), durable=False)
        assert path.read_text() == content
    assert [each.name for each in tmp_path.iterdir()] == ["status.json"]
