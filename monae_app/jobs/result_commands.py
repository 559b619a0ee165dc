"""The commands that ask a finished run: their flags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def add_transfer(commands: Any, transfer: Callable[[argparse.Namespace], int]) -> None:
    """Add the command to those of ``monae``, with what it does."""
    about = "give the labels of one modality's cells to those of another"
    command = commands.add_parser("transfer", help=about, description=f"In a finished run, {about}.")
    command.add_argument("run", type=Path, metavar="RUN")
    command.add_argument("--label", required=True, metavar="COLUMN", help="obs column with the labels")
    command.add_argument("--from", dest="source", required=True, metavar="MODALITY", help="whose cells have labels")
    command.add_argument("--to", dest="target", required=True, metavar="MODALITY", help="whose cells get some")
    command.add_argument("--reference", type=Path, metavar="FILE", help="take the labels of this .h5ad file's cells")
    command.add_argument("--cells", type=Path, metavar="FILE", help="label the new cells of this .h5ad file")
    command.add_argument("--threshold", type=float, default=0.5, help="confidence below which a cell is unassigned")
    command.add_argument("--json", action="store_true", help="print the summary as one line of JSON")
    command.add_argument("--out", type=Path, required=True, help="the table, .csv or .tsv; an earlier one is replaced")
    command.set_defaults(command=transfer)


def add_report(commands: Any, report: Callable[[argparse.Namespace], int]) -> None:
    """Add ``monae report``, with what it does."""
    command = commands.add_parser("report", help="write a run's figures, scores, verdict and methods into one page")
    command.add_argument("run", type=Path, metavar="RUN")
    command.add_argument("--out", type=Path, metavar="FILE", help="the HTML file (default: RUN_report.html)")
    command.set_defaults(command=report)


def add_compare(commands: Any, compare: Callable[[argparse.Namespace], int]) -> None:
    """Add ``monae compare``, with what it does."""
    about = "put a run beside another of the same data, or beside other methods"
    command = commands.add_parser("compare", help=about, description=f"From finished runs, {about}.")
    command.add_argument("run", type=Path, metavar="RUN")
    command.add_argument("other", type=Path, nargs="?", metavar="RUN2", help="a second run of the same data")
    command.add_argument("--methods", default="", metavar="pca,cca,...", help="methods on the same input instead")
    command.add_argument("--label", metavar="COLUMN", help="obs column with cell types (default: cell_type if there)")
    command.add_argument("--json", action="store_true", help="print one line of JSON")
    command.set_defaults(command=compare)


def add_impute(commands: Any, impute: Callable[[argparse.Namespace], int]) -> None:
    """Add ``monae impute``, with what it does."""
    about = "fill in one modality in the cells of another, or of the same"
    command = commands.add_parser("impute", help=about, description=f"From a finished run, {about}.")
    command.add_argument("run", type=Path, metavar="RUN")
    command.add_argument("--from", dest="source", required=True, metavar="MODALITY", help="whose cells")
    command.add_argument("--to", dest="target", required=True, metavar="MODALITY", help="whose features")
    which = command.add_mutually_exclusive_group()
    which.add_argument("--features", metavar="A,B", help="names, separated by commas")
    which.add_argument("--features-file", type=Path, metavar="F", help="a file with one name a line")
    which.add_argument("--all", action="store_true", help="all features of the modality (default)")
    command.add_argument("--scale", choices=("cp10k", "proportion", "counts"), default="cp10k", help="of counts")
    command.add_argument("--batch", choices=("reference", "own"), default="reference", help="at which to decode")
    about = "within one modality: also heed what was counted in the cell itself"
    command.add_argument("--own-counts", action="store_true", help=about)
    command.add_argument("--cells", type=Path, metavar="FILE", help="impute for the new cells of this .h5ad file")
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        help="the .h5ad file, an earlier imputation is replaced; or .csv[.gz], .parquet",
    )
    command.set_defaults(command=impute)


def add_holdout(commands: Any, holdout: Callable[[argparse.Namespace], int]) -> None:
    """Add ``monae holdout``, with what it does."""
    about = "check whether imputation is to be trusted, by counts that are kept aside"
    description = f"For a finished run, {about}: a model is trained on the rest, beside SVD-20, kNN mean and MAGIC."
    command = commands.add_parser("holdout", help=about, description=description)
    command.add_argument("run", type=Path, metavar="RUN")
    command.add_argument("--out", type=Path, metavar="FILE", help="a table of the features, .csv or .tsv")
    command.set_defaults(command=holdout)


def add_motifs(commands: Any, motifs: Callable[[argparse.Namespace], int]) -> None:
    """Add ``monae motifs``, with what it does."""
    about = "find the motifs of transcription factors in peaks"
    command = commands.add_parser("motifs", help=about, description=f"By a genome or a ready-made table, {about}.")
    command.add_argument("peaks", type=Path, metavar="RUN|PEAKS.bed|ATAC.h5ad", help="where the peaks stand")
    command.add_argument("--motif-peaks", type=Path, metavar="FILE", help="a ready-made table of motifs and peaks")
    command.add_argument("--motifs", default="jaspar", metavar="FILE|jaspar", help="MEME, JASPAR or TRANSFAC text")
    command.add_argument("--fasta", type=Path, metavar="FILE", help="the genome, to scan the peaks")
    command.add_argument("--p", type=float, default=1e-4, help="chance of a hit at a place without a site (1e-4)")
    command.add_argument("--organism", choices=("human", "mouse"), help="whose genes the factors are called by")
    command.add_argument("--out", type=Path, required=True, help="the .npz file; earlier hits are replaced")
    command.set_defaults(command=motifs)
