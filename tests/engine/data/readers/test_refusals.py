"""What is no data: told by its content, with a sentence that helps."""

from __future__ import annotations

import gzip
import io
import os
import zipfile

import h5py
import numpy as np
import pytest

from monae_app.engine.data.readers import open_file, seurat
from monae_app.engine.errors import InputError


def zipped(**files: bytes) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return found.getvalue()


def saved(value: np.ndarray) -> bytes:
    found = io.BytesIO()
    np.save(found, value)
    return found.getvalue()


@pytest.mark.parametrize("name", ["data.h5ad", "data", "data.csv"])
@pytest.mark.parametrize(
    ("content", "what", "todo"),
    [
        (b"", "is empty", "download it again"),
        (b"%PDF-1.7\n%\xe2", "a PDF document", "supplement"),
        (zipped(**{"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "an Excel or Office document", "as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "an old Excel or Office file", "as CSV"),
        (gzip.compress(b"BAM\x01" + bytes(50), mtime=0), "aligned reads", "matrix that Cell Ranger"),
        (b"CRAM\x03\x00" + bytes(50), "aligned reads", "matrix that Cell Ranger"),
        (b"@HD\tVN:1.6\n", "aligned reads", "matrix that Cell Ranger"),
        (b"@read1\nACGTNACGT\n+\nIIIIIIIII\n", "reads (FASTQ)", "matrix that Cell Ranger"),
        (gzip.compress(b"@read1\nACGTNACGT\n+\nIIIIIIIII\n", mtime=0), "reads (FASTQ)", "matrix that Cell Ranger"),
        (b"##fileformat=VCFv4.2\n", "variants (VCF)", "matrix of cells"),
        (b"<!DOCTYPE html>\n<html>", "a web page", "log-in or an error page"),
        (b"\n <HTML><body>404", "a web page", "log-in or an error page"),
        (b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>", "an XML document", "error page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS", "git lfs pull"),
        (b'{"message": "Not Found"}', "a JSON document", "data file"),
        (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05", "a Python pickle, which is unsafe", "export"),
        (zipped(**{"archive/data.pkl": b""}), "Python pickles, which are unsafe", "export"),
        (zipped(**{"X.npy": saved(np.ones(3)), "names.npy": saved(np.ones(3))}), "NumPy arrays (.npz)", "export"),
        (saved(np.ones(3)), "a NumPy array (.npy)", "export"),
        (zipped(**dict.fromkeys(("config.json", "status.json", "cells.h5ad"), b"")), "made with Monae", "import it"),
        (b"PAR1\x15\x04" + bytes(99), "a Parquet table", "as CSV"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "an image", "data that it shows"),
        (b"\xff\xd8\xff\xe0" + bytes(99), "an image", "data that it shows"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(99), "not opened here (7z, RAR)", "pack them as .zip"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(99), "not opened here (7z, RAR)", "pack them as .zip"),
        (b"#!genome-build GRCh38\nchr1\tx\tgene\t1\t2\n", "a gene annotation", "--gtf"),
        (b">chr1\nACGTACGTACGTACGTACGTACGTACGT\n", "sequences (FASTA)", "matrix that Cell Ranger"),
        (gzip.compress(b"X\n\x00\x00\x00\x03\x00\x04\x03\x01", mtime=0), "an R object (.rds)", 'readRDS("NAME")'),
        (b"X\n\x00\x00\x00\x03\x00\x04\x03\x01", "an R object (.rds)", 'readRDS("NAME")'),
        (gzip.compress(b"RDX3\nX\n\x00\x00", mtime=0), "an R workspace (.RData)", 'get(load("NAME")[1])'),
        (b"\x0b\x0e\x0a\x0c" + bytes(20), "an R object (.qs)", 'qs::qread("NAME")'),
    ],
)
def test_it_is_told_by_its_content_whatever_its_name(tmp_path, name, content, what, todo):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_file(path)
    assert what in caught.value.found
    assert caught.value.found.startswith(name)
    assert todo.replace("NAME", name) in caught.value.todo
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        (("assays/RNA", "cell.names", "meta.data"), "a Seurat object (.h5seurat)"),
        (("barcode_idx", "umi", "count"), "molecule_info.h5"),
        (("Fragments/chr1", "Metadata/Sample"), "an Arrow file of ArchR"),
        (("HD/VN", "BD/name"), "a .snap file"),
        (("something", "else"), "is HDF5, but holds else, something"),
    ],
)
def test_hdf5_of_other_programs_is_named(tmp_path, entries, what):
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        for name in entries:
            file[name] = [1]
    with pytest.raises(InputError) as caught:
        open_file(path)
    assert what in caught.value.found


def test_the_line_for_r_is_one_line_and_its_brackets_close(tmp_path):
    path = tmp_path / 'odd"name.rds'
    path.write_bytes(b"X\n\x00\x00\x00\x03\x00\x04\x03\x01")
    with pytest.raises(InputError) as caught:
        open_file(path)
    line = caught.value.todo.split(": ", 1)[1]
    assert 'readRDS("' + str(path.name).replace('"', '\\"') + '")' in line
    plain = seurat.snippet('readRDS("a.rds")')
    assert "\n" not in plain
    for opening, closing in ("()", "{}", "[]"):
        assert plain.count(opening) == plain.count(closing)
    assert plain.count('"') % 2 == 0
    for word in ("matrix.mtx", "features.tsv", "barcodes.tsv", "metadata.csv", "Assays(object)"):
        assert word in plain


def test_what_is_not_there_or_no_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"There is no file .*absent\.h5ad"):
        open_file(tmp_path / "absent.h5ad")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is no plain file"):
        open_file(tmp_path / "pipe")


@pytest.mark.parametrize("name", ["noise.h5ad", "noise.csv", "noise.bin", "noise"])
def test_noise_is_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\x00\x01" + np.random.default_rng(0).bytes(5000))
    with pytest.raises(InputError, match="begins with b"):
        open_file(path)


def test_a_download_of_a_zip_archive_that_broke_off_is_called_so(tmp_path):
    path = tmp_path / "data.zip"
    path.write_bytes(zipped(**{"matrix.mtx": os.urandom(5000)})[:-40])
    with pytest.raises(InputError, match="end is missing") as error:
        open_file(path)
    assert "download it again" in error.value.todo


def test_no_sentence_ends_in_two_full_stops(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(os.urandom(5000))[:-900])
    with pytest.raises(InputError) as error:
        open_file(path)
    assert not any(said.endswith("..") for said in (error.value.found, error.value.expected, error.value.todo))
