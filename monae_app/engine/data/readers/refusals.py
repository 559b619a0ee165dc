"""What is no data of ours, told by its first bytes, and one sentence each that helps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from monae_app.engine.data.readers import seurat
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = "an .h5ad, .h5mu, .loom, 10x .h5 or .mtx, Zarr, fragments file or text table."
EXPORT = "open it with the program it comes from and export an .h5ad or a CSV file."


class Refusal(NamedTuple):
    """What a file is, by a pattern at its beginning, and what to do."""

    pattern: re.Pattern[bytes]
    what: str
    todo: str


def _starts(pattern: bytes, what: str, todo: str = EXPORT) -> Refusal:
    return Refusal(re.compile(pattern, re.DOTALL | re.IGNORECASE), what, todo)


ALIGN = "give the matrix that Cell Ranger, STARsolo or a like program makes of it."
UNPACK = "unpack it, and give its files or pack them as .zip or .tar.gz."
# On the bytes as they lie in the file, and on the same unpacked.
REFUSALS = (
    _starts(rb"%PDF-", "a PDF document", "give the data file, often in the supplement of the paper or on GEO."),
    _starts(rb"\xd0\xcf\x11\xe0", "an old Excel or Office file", "save the sheet as CSV."),
    _starts(rb"BAM\x01|@(HD|SQ|RG)\t", "a file of aligned reads (BAM, SAM)", ALIGN),
    _starts(rb"CRAM[\x02\x03]", "a file of aligned reads (CRAM)", ALIGN),
    _starts(rb"@[^\n]+\n[ACGTN]+\r?\n\+", "a file of reads (FASTQ)", ALIGN),
    _starts(rb">[^\n]*\n[ACGTN\r\n]{20,}", "a file of sequences (FASTA)", ALIGN),
    _starts(rb"##fileformat=VCF|BCF[\x02\x04]", "a file of variants (VCF)", "give a matrix of cells and features."),
    _starts(rb"##?(gff|gtf)|#!genome-build", "a gene annotation (GTF, GFF)", "name it with --gtf, beside the data."),
    _starts(
        rb"\s*(<!doctype html|<html|<head|<\?xml[^>]*>\s*<(!doctype html|html))",
        "a web page",
        "download the file itself: a log-in or an error page was saved in its place.",
    ),
    _starts(
        rb"\s*<\?xml", "an XML document", "download the file itself: an error page may have been saved in its place."
    ),
    _starts(rb'\s*[\[{]\s*["\[{\d}\]]', "a JSON document", "give the data file."),
    _starts(
        rb"version https://git-lfs\.github\.com",
        "a pointer of Git LFS, not the file itself",
        "run `git lfs pull`, or download the file from the web page of the repository.",
    ),
    _starts(
        rb"/annex/objects|\.\./?\.git/annex", "a pointer of git-annex, not the file itself", "run `git annex get`."
    ),
    _starts(rb"\x80[\x02-\x05](\x95|\x8c|\x8a|[cXq}\]()KMUV])", "a Python pickle, which is unsafe to open"),
    _starts(rb"\x93NUMPY", "a NumPy array (.npy), which has no names of cells and features"),
    _starts(rb"PAR1", "a Parquet table", "write the table as CSV, or make an .h5ad of it."),
    _starts(rb"ARROW1|FEA1", "an Arrow or Feather table", "write the table as CSV, or make an .h5ad of it."),
    _starts(rb"\x89PNG|\xff\xd8\xff|GIF8|II\*\x00|MM\x00\*", "an image", "give the data that it shows."),
    _starts(rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07", "an archive of a kind that is not opened here (7z, RAR)", UNPACK),
    _starts(rb"\x28\xb5\x2f\xfd", "compressed with Zstandard", UNPACK),
    _starts(rb"SQLite format 3\x00", "an SQLite database"),
    _starts(rb"MATLAB 5\.0 MAT-file", "a MATLAB file"),
    _starts(rb"\x7fELF|MZ\x90\x00", "a program", "choose another file."),
)


def refused(path: Path, what: str, todo: str = EXPORT) -> InputError:
    """Say what a file is, and what to do."""
    return InputError(f"{path.name} is {what}.", EXPECTED, todo)


def check_start(path: Path, start: bytes) -> None:
    """Refuse a file whose first bytes say that it is something else.

    Raises
    ------
    InputError
        If they do.
    """
    error = seurat.r_object(path, start)
    if error is not None:
        raise error
    for refusal in REFUSALS:
        if refusal.pattern.match(start):
            raise refused(path, refusal.what, refusal.todo)


def check_zip(path: Path, names: tuple[str, ...]) -> None:
    """Refuse a .zip archive that is a document or a model.

    Raises
    ------
    InputError
        If it is one.
    """
    if "[Content_Types].xml" in names:
        raise refused(path, "an Excel or Office document", "save the sheet as CSV.")
    if any(name.endswith(("data.pkl", ".pickle", ".pkl")) for name in names):
        raise refused(path, "an archive of Python pickles, which are unsafe to open")
    if names and all(name.endswith(".npy") for name in names):
        raise refused(path, "an archive of NumPy arrays (.npz), which has no names of cells and features")


def hdf5_of_another_kind(path: Path, keys: set[str]) -> InputError | None:
    """Return what to say to an HDF5 file of a program whose files are not read here; None if it is of none."""
    if {"assays", "cell.names"} <= keys:
        return seurat.refused(path, "a Seurat object (.h5seurat)", 'SeuratDisk::LoadH5Seurat("FILE")')
    if {"barcode", "umi", "gem_group"} <= keys or {"barcode_idx", "umi"} <= keys or {"barcode_idx", "count"} <= keys:
        return refused(path, "molecule_info.h5 of Cell Ranger", "take filtered_feature_bc_matrix.h5 beside it.")
    if {"Fragments", "Metadata"} <= keys:
        return refused(path, "an Arrow file of ArchR", "export the peak matrix with ArchR's getMatrixFromProject.")
    if {"HD", "BD"} <= keys:
        return refused(path, "a .snap file of SnapATAC", "give its fragments file or an .h5ad of SnapATAC2.")
    if keys & {"model_weights", "layers_weights"}:
        return refused(path, "a Keras model, which holds no cells")
    return None
