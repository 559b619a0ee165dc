"""Zarr stores, as folders and packed."""

from __future__ import annotations

import json
import zipfile
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import anndata as ad
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monae_app.engine.data.readers import open_file, zarr_store
from monae_app.engine.errors import InputError
from tests.engine.data.readers.planted_tables import counts, tables
from tests.engine.data.readers.test_h5ad_files import check_same

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")


def packed(folder: Path, path: Path, below: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for each in sorted(folder.rglob("*")):
            if each.is_file():
                archive.write(each, below + each.relative_to(folder).as_posix())
    return path


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(table=tables(), version=st.sampled_from([2, 3]), below=st.sampled_from(["", "a.zarr/", "x/y.zarr/"]))
def test_any_zarr_is_read_as_it_was_written(table, version, below, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store") / "a.zarr"
    with ad.settings.override(zarr_write_format=version):
        table.write_zarr(folder)
    for path in (folder, packed(folder, folder.parent / "a.zip", below)):
        found = open_file(path)
        assert found.format == "AnnData (Zarr)"
        check_same(found.parts[0], table)


@pytest.mark.parametrize(
    "edit",
    [
        {"filters": [{"id": "pickle", "protocol": 5}], "compressor": None, "dtype": "|O"},
        {"filters": [{"id": "pickle", "protocol": 5}], "compressor": None},
        {"filters": None, "compressor": {"id": "pickle", "protocol": 5}},
    ],
)
def test_a_store_with_pickles_is_refused_and_they_are_not_opened(tmp_path, edit):
    folder = tmp_path / "a.zarr"
    table = ad.AnnData(counts().toarray())
    with ad.settings.override(zarr_write_format=2):
        table.write_zarr(folder)
    meta = json.loads((folder / "X" / ".zarray").read_text())
    (folder / "X" / ".zarray").write_text(json.dumps(meta | edit))
    proof = tmp_path / "opened"
    harmful = b"cbuiltins\nopen\n(S'" + str(proof).encode() + b"'\nS'w'\ntR."
    for each in (folder / "X").iterdir():
        if each.name[0].isdigit():
            each.write_bytes(harmful)
    with pytest.raises(InputError):
        open_file(folder).parts[0].matrices["X"].read()
    assert not proof.exists()


@pytest.mark.parametrize(
    ("description", "safe"),
    [
        ({"filters": ({"id": "pickle"},), "compressor": None}, False),
        ({"codecs": [{"name": "numcodecs.pickle", "configuration": {}}]}, False),
        ({"filters": None, "compressor": {"id": "blosc", "cname": "lz4"}}, True),
    ],
)
def test_pickles_are_told_by_the_description_of_an_array(description, safe):
    array = SimpleNamespace(shape=(1,), path="X", metadata=SimpleNamespace(to_dict=lambda: description))
    with nullcontext() if safe else pytest.raises(InputError, match="X holds Python pickles"):
        zarr_store._check_safe(array, Path("a.zarr"))


def test_a_store_with_a_part_missing_is_refused(tmp_path):
    folder = tmp_path / "a.zarr"
    table = ad.AnnData(counts())
    with ad.settings.override(zarr_write_format=2):
        table.write_zarr(folder)
    (folder / "X" / "indptr" / ".zarray").unlink()
    with pytest.raises(InputError, match=r"a\.zarr could not be read as AnnData \(Zarr\)"):
        open_file(folder).parts[0].matrices["X"].read()
    np.testing.assert_array_equal(table.shape, (12, 30))
