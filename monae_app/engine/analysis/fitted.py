"""What a fitted model can be asked: to place new cells, and to fill in what was not measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from monae_app.engine.analysis import imputation
from monae_app.engine.analysis.new_cells import new_cell_table
from monae_app.engine.data.new_cells import NewData, read_new_cells
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import anndata as ad
    import numpy as np
    import scipy.sparse as sp

    from monae_app.engine.analysis.imputation import AtBatch, Scale
    from monae_app.engine.result import Result


class Embedder(Protocol):
    """Places cells of the modalities of a run in its latent space."""

    @property
    def modelled(self) -> dict[str, np.ndarray]:
        """Positions of the features that it reads among all of their modality, (G,) each."""

    def embed(
        self, modality: str, values: sp.csr_matrix, batch: np.ndarray, measured: np.ndarray | None = None
    ) -> np.ndarray:
        """Latent (N, D) of cells: values (N, G), batch (N,) or its levels (N, C), which features were measured (G,)."""


class Fitted:
    """Answers for new cells and for features that were not measured, from a result and an embedder.

    Attributes
    ----------
    result
        The run; None before it is fitted.
    embedder
        Places new cells; None before.
    """

    result: Result | None = None
    embedder: Embedder | None = None

    def embed(self, new_data: NewData) -> ad.AnnData:
        """Place new cells in the space of the run, without training.

        Parameters
        ----------
        new_data
            A path to an .h5ad file, a table or a modality, or several of them by modality. Features are matched by
            name; those that are missing count as not measured. Cells of a batch unknown to the run count as of its
            reference batch. Both are said in uns ``notes``.

        Returns
        -------
        anndata.AnnData
            As :func:`~monae_app.engine.analysis.new_cells.new_cell_table` describes it; :meth:`impute` takes it.

        Raises
        ------
        InputError
            If the data cannot be read, are of another kind, or hold less than half of the features modelled jointly.
        """
        result, embedder = self.result_of(), self.embedder
        if embedder is None:
            raise _not_fitted()
        latent = []
        cells = read_new_cells(new_data, result, embedder.modelled)
        for each in cells:
            read = embedder.modelled[each.modality]
            latent.append(embedder.embed(each.modality, each.values[:, read], each.encoded_batch, each.measured[read]))
        return new_cell_table(result, cells, latent)

    def impute(
        self,
        source: str,
        target: str,
        features: Sequence[str] | None = None,
        *,
        scale: Scale = "cp10k",
        batch: str | AtBatch | None = None,
        cells: ad.AnnData | None = None,
    ) -> np.ndarray:
        """Impute features of one modality in the cells of another, or of the same.

        Parameters
        ----------
        source, target, features, scale, batch
            As in :func:`~monae_app.engine.analysis.imputation.impute`.
        cells
            From :meth:`embed`; None for the cells of the run.

        Returns
        -------
        numpy.ndarray
            (N, F) float32.
        """
        return imputation.impute(self.result_of(cells), source, target, features, scale=scale, batch=batch)

    def impute_shards(
        self,
        source: str,
        target: str,
        features: Sequence[str] | None = None,
        *,
        scale: Scale = "cp10k",
        batch: str | AtBatch | None = None,
        cells: ad.AnnData | None = None,
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Impute as :meth:`impute` does, but yield (rows, values), never all cells at once."""
        return imputation.impute_shards(self.result_of(cells), source, target, features, scale=scale, batch=batch)

    def result_of(self, cells: ad.AnnData | None = None) -> Result:
        """Return the run, its cells replaced by others where any are given, such as those of :meth:`embed`.

        Raises
        ------
        InputError
            If the model is not fitted.
        """
        if self.result is None:
            raise _not_fitted()
        return self.result if cells is None else replace(self.result, cells=cells)


def _not_fitted() -> InputError:
    return InputError("The model is not fitted.", "a fitted or loaded model.", "call fit, or Monae.load(run folder).")
