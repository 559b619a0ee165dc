"""Archives that mean harm, and single files in their wrapping."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile

import anndata as ad
import numpy as np
import pytest

from monae_app.engine.data.readers import archive, open_file, unpacking
from monae_app.engine.errors import InputError
from tests.engine.data.readers.planted_tables import barcodes, counts, dense, mtx_files, write_files

SMALL = mtx_files(counts(), barcodes(12), [[f"GENE{i}"] for i in range(30)])
BAD_NAMES = ["/etc/matrix.mtx", "../matrix.mtx", "a/../../matrix.mtx", "..\\matrix.mtx", "C:/matrix.mtx", "C:\\x.mtx"]


def make_zip(path, files: dict[str, bytes], edit=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as found:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            if edit is not None:
                edit(member)
            found.writestr(member, content)
    return path


def make_tar(path, members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w:gz"):
    with tarfile.open(path, mode) as found:
        for member, content in members:
            member.size = len(content)
            found.addfile(member, io.BytesIO(content))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, link
    return found


@pytest.mark.parametrize("name", BAD_NAMES)
def test_paths_that_lead_out_are_refused(tmp_path, name):
    with pytest.raises(InputError, match="leads out of the archive"):
        open_file(make_zip(tmp_path / "a.zip", SMALL | {name: b"x"}))
    with pytest.raises(InputError, match="leads out of the archive"):
        open_file(make_tar(tmp_path / "a.tar.gz", [(member(name), b"x")]))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    path = make_tar(tmp_path / "a.tar.gz", [(member("matrix.mtx", kind, "/etc/passwd"), b"")])
    with pytest.raises(InputError, match="is a link or a device"):
        open_file(path)


def test_links_in_zip_are_refused(tmp_path):
    def linked(found: zipfile.ZipInfo) -> None:
        found.create_system, found.external_attr = 3, (stat.S_IFLNK | 0o777) << 16

    with pytest.raises(InputError, match="is a link or a device"):
        open_file(make_zip(tmp_path / "a.zip", {"matrix.mtx": b"/etc/passwd"}, linked))


def test_a_password_is_told(tmp_path):
    path = make_zip(tmp_path / "a.zip", SMALL)
    content = bytearray(path.read_bytes())
    # the flags in the directory at the end say that each file is encrypted
    place = content.find(b"PK\x01\x02")
    while place >= 0:
        content[place + 8] |= 1
        place = content.find(b"PK\x01\x02", place + 4)
    path.write_bytes(content)
    with pytest.raises(InputError, match="locked with a password"):
        open_file(path)


@pytest.fixture
def strict(monkeypatch):
    """Bounds of a size that a test reaches in no time."""
    monkeypatch.setattr(unpacking, "HARMLESS_BYTES", 1 << 16)
    monkeypatch.setattr(unpacking, "MOST_BYTES", 1 << 22)


@pytest.mark.usefixtures("strict")
def test_bombs_are_refused(tmp_path):
    content = b"gene,c1\n" + b"A,1\n" * (1 << 19)
    bombs = [
        make_zip(tmp_path / "a.zip", {"matrix.mtx": content}),
        make_tar(tmp_path / "a.tar.gz", [(member("a.csv"), content)]),
        make_tar(tmp_path / "a.tar.xz", [(member("a.csv"), content)], "w:xz"),
    ]
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content))
    bombs.append(tmp_path / "a.csv.gz")
    for path in bombs:
        with pytest.raises(InputError, match="unpacks to more than"):
            open_file(path)


@pytest.mark.usefixtures("strict")
def test_a_table_that_shrinks_as_tables_do_is_no_bomb(tmp_path):
    rows = np.random.default_rng(0).poisson(0.1, (2000, 50))
    text = "gene" + "".join(f",cell{i}" for i in range(50)) + "\n"
    text += "".join(f"g{i}," + ",".join(map(str, row)) + "\n" for i, row in enumerate(rows))
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert len(text) > unpacking.HARMLESS_BYTES
    assert open_file(path).parts[0].matrices["X"].shape == (50, 2000)


@pytest.mark.usefixtures("strict")
def test_a_zip_that_lies_about_its_sizes_is_stopped(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a.csv": b"gene,c1,c2\n" + b"A,0,0\n" * 400_000})
    content = bytearray(path.read_bytes())
    size = (2_400_011).to_bytes(4, "little")
    assert content.count(size) == 2
    path.write_bytes(bytes(content).replace(size, (900).to_bytes(4, "little")))
    with pytest.raises(InputError):
        open_file(path)


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_MEMBERS", 5)
    files = {f"{i}.txt": b"" for i in range(6)}
    for path in (
        make_zip(tmp_path / "a.zip", files),
        make_tar(tmp_path / "a.tar", [(member(name), b"") for name in files], "w"),
        write_files(tmp_path / "folder", files),
    ):
        with pytest.raises(InputError, match="more than 5 files"):
            open_file(path)


def test_a_zip_in_a_zip_in_a_zip_is_refused(tmp_path):
    path = make_zip(tmp_path / "0.zip", {"a.csv": b"gene,c1,c2\nA,0,1\n"})
    for i in range(1, 6):
        path = make_zip(tmp_path / f"{i}.zip", {f"{i - 1}.zip": path.read_bytes()})
    with pytest.raises(InputError, match="packed in packed files"):
        open_file(path)


@pytest.mark.parametrize("kind", ["zip", "tar", "gz", "zip of gz"])
def test_a_single_file_is_read_in_its_wrapping_and_goes_with_its_reader(tmp_path, kind, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(unpacking.tempfile, "tempdir", str(folder))
    table = ad.AnnData(counts())
    table.write_h5ad(tmp_path / "a.h5ad")
    content = (tmp_path / "a.h5ad").read_bytes()
    if kind == "zip":
        path = make_zip(tmp_path / "a.zip", {"deep/a.h5ad": content, "README.txt": b"hello"})
    elif kind == "tar":
        path = make_tar(tmp_path / "a.tar.gz", [(member("a.h5ad"), content)])
    elif kind == "gz":
        path = tmp_path / "a.h5ad.gz"
        path.write_bytes(gzip.compress(content))
    else:
        path = make_zip(tmp_path / "a.zip", {"a.h5ad.gz": gzip.compress(content)})
    found = open_file(path)
    assert found.path == path
    part = found.parts[0]
    del found
    np.testing.assert_array_equal(dense(part.matrices["X"].read()), dense(table.X))
    np.testing.assert_array_equal(dense(part.matrices["X"].read()), dense(table.X))
    assert list(folder.iterdir())
    del part
    assert list(folder.iterdir()) == []


def test_several_files_that_could_be_meant_are_named(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"one.csv": b"gene,c1\nA,1\n", "two.h5ad": b"", "notes.docx": b""})
    with pytest.raises(InputError, match=r"2 files that could be meant: one\.csv, two\.h5ad"):
        open_file(path)
    with pytest.raises(InputError, match=r"holds x\.doc, y\.doc, which is no data"):
        open_file(make_zip(tmp_path / "b.zip", {"x.doc": b"1", "y.doc": b"2"}))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds nothing"):
        open_file(tmp_path / "empty")
