"""What was measured of the cells of a run, to be compared. n cells of a modality."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.differential.comparison import Measured
from monae_app.engine.analysis.feature_search import FeatureSearch
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.dataset import is_count
from monae_app.engine.data.inputs_there import check_inputs
from monae_app.engine.data.measured_slices import open_measured
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.engine.analysis.run_slices import RunSlices


def measured_of(run: RunSlices, modality: str) -> Measured:
    """Open what the run was made from.

    Raises
    ------
    InputError
        If the files are not there any more, or cannot be read.
    """
    check_inputs(
        run.config,
        modality,
        expected="the file that the run was made from: groups are compared in what was measured.",
        todo="put it back, or open the run where it was made.",
    )
    span = run.spans[modality]
    mine = slice(span.start, span.stop)
    names = FeatureSearch(run).all_names(modality)
    library = None
    if is_count(run.likelihood(modality)):
        library = run.column("library_size").to_numpy(np.float64)[mine]
    slices = open_measured(run.config, modality, run.names(mine), names)  # type: ignore[arg-type]
    if slices is not None:
        return Measured(names, slices.read, library)
    # text, and samples whose peaks were merged, are read as a whole alone
    whole = read_dataset(run.config).modalities[modality].values
    if isinstance(whole, CoveredMatrix):
        raise InputError(
            "Levels of methylation in text tables cannot be compared column by column.",
            "an .h5ad or .zarr file.",
            "write the table as .h5ad and train on that.",
        )
    values = whole.tocsc()
    return Measured(names, lambda numbers: values[:, numbers].toarray(), library)
