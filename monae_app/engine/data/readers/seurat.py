"""Files of R objects: refused, with the lines of R that export what can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = "an .h5ad file, a 10x matrix, or another format that is open outside R."
# One line, ready to be pasted: a folder an assay with matrix.mtx, features.tsv, barcodes.tsv and metadata.csv.
EXPORT = (
    "for (a in Assays(object)) { x <- object[[a]]; "
    'counts <- tryCatch(LayerData(JoinLayers(x), layer = "counts"), error = function(e) '
    'tryCatch(LayerData(x, layer = "counts"), error = function(e) GetAssayData(x, slot = "counts"))); '
    'd <- file.path("export", a); dir.create(d, recursive = TRUE); '
    'Matrix::writeMM(as(counts, "CsparseMatrix"), file.path(d, "matrix.mtx")); '
    'type <- if (grepl("ATAC|peak", a, ignore.case = TRUE)) "Peaks" else '
    'if (grepl("ADT|prot|antibod", a, ignore.case = TRUE)) "Antibody Capture" else "Gene Expression"; '
    "write.table(data.frame(rownames(counts), rownames(counts), type), "
    'file.path(d, "features.tsv"), sep = "\\t", quote = FALSE, row.names = FALSE, col.names = FALSE); '
    'writeLines(colnames(counts), file.path(d, "barcodes.tsv")); '
    'write.csv(object[[]][colnames(counts), , drop = FALSE], file.path(d, "metadata.csv")) }; '
    'zip("export.zip", "export")'
)


def snippet(load: str) -> str:
    """Return one line of R that exports every assay of a Seurat object.

    Parameters
    ----------
    load
        The expression that loads the object.
    """
    return f"library(Seurat); object <- {load}; {EXPORT}"


def refused(path: Path, what: str, load: str) -> InputError:
    """Say that a file holds R objects, and how to export them.

    Parameters
    ----------
    what
        What it is: ``an R object (.rds)``.
    load
        R that loads it, with ``FILE`` in place of its name.
    """
    name = path.name.replace("\\", "\\\\").replace('"', '\\"')
    return InputError(
        f"{path.name} is {what}, which only R can read.",
        EXPECTED,
        f"run this line in R and give export.zip: {snippet(load.replace('FILE', name))}",
    )


def r_object(path: Path, start: bytes) -> InputError | None:
    """Return the refusal of a file of R objects, told by its first unpacked bytes; None for anything else."""
    if start[:4] in (b"RDX2", b"RDX3", b"RDA2", b"RDA3"):
        load = 'get(load("FILE")[1])'
        return refused(path, "an R workspace (.RData)", load)
    if start[:2] in (b"X\n", b"B\n") or (start[:2] == b"A\n" and start[2:3].isdigit()):
        return refused(path, "an R object (.rds)", 'readRDS("FILE")')
    if start.startswith(b"\x0b\x0e\x0a\x0c"):
        return refused(path, "an R object (.qs)", 'qs::qread("FILE")')
    if start.startswith(b"\x0b\x0e\x0a\xc1"):
        return refused(path, "an R object (.qs2)", 'qs2::qs_read("FILE")')
    return None
