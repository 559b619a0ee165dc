"""What training made of the guidance: which of its edges the data bear out, and which they add.

V features, E pairs of a gene and a peak.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.result import FEATURES

if TYPE_CHECKING:
    from monae_app.engine.analysis.run_slices import RunSlices

DRAWS = 20_000
QUANTILE = 0.95
KEPT, LOST, GAINED = "kept", "lost", "gained"
SMALLEST = 1e-12


@dataclass(frozen=True)
class RefinedChanges:
    """Edges of the prior and of the refined graph, side by side.

    Parameters
    ----------
    threshold
        Weight that 5 % of pairs of a gene and a peak on different chromosomes exceed.
    pairs
        Every pair that either graph holds: ``gene``, ``feature``, ``weight`` (refined, .5 where both have nothing to do
        with each other), ``in_guidance``, ``change`` (``kept``, ``lost``, ``gained``, or "" for a pair that is in
        neither), strongest first.
    """

    threshold: float
    pairs: pd.DataFrame

    def count(self, change: str) -> int:
        """Count the pairs of one kind."""
        return int((self.pairs["change"] == change).sum())


def refined_changes(run: RunSlices) -> RefinedChanges | None:
    """Compare the refined graph of a run with its guidance.

    Returns
    -------
    None where the run has no genes and peaks with places.

    Raises
    ------
    InputError
        If the files of the run are gone or damaged.
    """
    return run.kept.get(run.owner, ("refined", "changes"), lambda: _compared(run))


def _compared(run: RunSlices) -> RefinedChanges | None:
    with run.open(FEATURES) as file:
        if "refined" not in file.get("obsp", ()):
            return None
        guidance, refined = (sp.csr_matrix(ad.io.read_elem(file["obsp"][name])) for name in ("guidance", "refined"))
    modality = run.column("modality", FEATURES).to_numpy(str)
    genes = np.flatnonzero(modality == "rna")
    if not refined.nnz or not len(genes):
        return None
    chrom = run.column("chrom", FEATURES).astype(object).to_numpy()
    weight = refined[genes].tocoo()
    others = np.unique(weight.col)
    threshold = _threshold(run, genes, others[modality[others] == "atac"], chrom)
    ends = genes[weight.row], weight.col
    known = np.asarray(guidance[ends] != 0).ravel()
    strong = weight.data >= threshold
    change = np.select([known & strong, known, strong], [KEPT, LOST, GAINED], "")
    names = run.column("name", FEATURES).to_numpy(object)
    table = pd.DataFrame(
        {
            "gene": names[ends[0]],
            "feature": names[ends[1]],
            "weight": weight.data.astype(np.float64),
            "in_guidance": known,
            "change": change,
        }
    )
    return RefinedChanges(threshold, table.sort_values("weight", ascending=False, ignore_index=True, kind="stable"))


def _threshold(run: RunSlices, genes: np.ndarray, peaks: np.ndarray, chrom: np.ndarray) -> float:
    """Weight that pairs on different chromosomes rarely reach; of any pairs where there is one chromosome alone."""
    rng = np.random.default_rng(run.config.seed)
    first, second = rng.choice(genes, DRAWS), rng.choice(peaks, DRAWS)
    apart = chrom[first] != chrom[second]
    if apart.sum() >= DRAWS // 100:
        first, second = first[apart], second[apart]
    found = []
    for rows in (first, second):
        every, at = np.unique(rows, return_inverse=True)
        vectors = run.feature_rows("X_monae", every)
        found.append((vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), SMALLEST))[at])
    return float(np.quantile((1 + np.einsum("ed,ed->e", *found)) / 2, QUANTILE))
