"""Labels carried over in a run, from or to cells of a file where one is named: shared by page and command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monae_app.engine.analysis.label_transfer.sides import labels_of, side_of
from monae_app.engine.analysis.label_transfer.transfer import Transfer, transfer
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.engine.telling import SILENT, Telling
from monae_app.jobs.new_cells import embedded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import anndata as ad
    import pandas as pd


@dataclass(frozen=True)
class Wanted:
    """Whose labels go to whose cells.

    Parameters
    ----------
    run
        Folder of the run.
    label
        Column with the labels.
    source, target
        Modality of the cells that have labels, and of those that get some.
    reference
        A file of labelled cells of ``source``, in the place of the run's; None for those of the run.
    cells
        A file of new cells of ``target``; None for those of the run.
    """

    run: Path
    label: str
    source: str
    target: str
    reference: Path | None
    cells: Path | None


@dataclass(frozen=True)
class Labelled:
    """Labels that were carried over, and the M cells that got them.

    Parameters
    ----------
    found
        The labels.
    cells
        The run's, or those of a file.
    """

    found: Transfer
    cells: ad.AnnData

    def known(self, modality: str, column: str) -> pd.Categorical | None:
        """Labels that the cells have in a column already, (M,); None where they have none that can be compared."""
        try:
            return labels_of(self.cells, modality, column)
        except InputError:
            return None


def label_cells(wanted: Wanted, say: Callable[[str], None], tell: Telling = SILENT) -> Labelled:
    """Carry labels over; torch is loaded only where cells of a file have to be placed in the run.

    Parameters
    ----------
    wanted
        Whose, and to whom.
    say
        Told what is to be known of cells of a file.
    tell
        Told the progress.

    Raises
    ------
    InputError
        If the run, a name or a file cannot be used.
    """
    if wanted.source == wanted.target and wanted.reference is None and wanted.cells is None:
        raise InputError(
            f"Labels would go from the cells of {wanted.source} to themselves.",
            "two modalities, or cells of another file (--reference or --cells).",
            "choose another modality for --from or --to.",
        )
    result, giving, taking = _cells(wanted, say, tell)
    source = side_of(giving, wanted.source, result.modalities)
    labels = labels_of(giving, wanted.source, wanted.label)
    target = side_of(taking, wanted.target, result.modalities)
    return Labelled(transfer(source, labels, target, result.features, seed=result.config.seed, tell=tell), taking)


def _cells(wanted: Wanted, say: Callable[[str], None], tell: Telling) -> tuple[Result, ad.AnnData, ad.AnnData]:
    """Open the run, and the cells that give and take labels."""
    if wanted.reference is None and wanted.cells is None:
        result = Result.load(wanted.run)
        return result, result.cells, result.cells
    # imported here: torch takes seconds, and only cells of a file need it
    from monae_app.engine.pipeline import Monae

    model = Monae.load(wanted.run)
    result = model.result_of()

    def placed(modality: str, path: Path | None) -> ad.AnnData:
        if path is None:
            return result.cells
        tell(f"Placing the cells of {path.name} in the run")
        return embedded(model, modality, path, say)

    return result, placed(wanted.source, wanted.reference), placed(wanted.target, wanted.cells)
