"""Genes of a run that rise along a trajectory, beside the peaks that the guidance links them to, in paired cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.analysis.metrics.pairs import paired_rows
from monae_app.engine.analysis.trajectory.leads import lead_intervals
from monae_app.engine.result import FEATURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monae_app.engine.analysis.run_slices import RunSlices
    from monae_app.engine.analysis.trajectory.following import Trajectory
    from monae_app.engine.data.dataset import Dataset

GENES, PEAKS, PAIR = "rna", "atac", "pair_id"
SURE = 0.05
MOST_GENES, MOST_PEAKS = 60, 3
FEWEST_CELLS = 100
COLUMNS = (
    "gene", "peak", "way", "gene_time", "peak_time", "lead", "low", "high", "gene_low", "gene_high", "peak_low",
    "peak_high",
)  # fmt: skip
NO_PAIRS = (
    "Peaks and genes can be put in order where the same cells were measured for both: a column pair_id says which."
)
NONE_RISES = "No gene that surely rises (q <= .05) is linked to a peak that rises on the same way."


def linked_times(
    run: RunSlices, found: Trajectory, dataset: Dataset, tables: Mapping[str, pd.DataFrame]
) -> tuple[pd.DataFrame, str]:
    """Put peaks and the genes they are linked to in order, on measured values of cells that were measured for both.

    A pair has two pseudotimes, one of each modality; both of its halves are put at their mean, so that neither is
    ahead by itself. That mean was worked out from the same counts: the order is descriptive.

    Parameters
    ----------
    run, found, dataset
        A run, its trajectory, and what it was made from.
    tables
        Of the features of each modality, as ``feature_table`` makes them.

    Returns
    -------
    A row for each link (``gene``, ``peak``, ``way``, ``gene_time``, ``peak_time``, ``lead`` with ``low`` and ``high``,
    the bounds of its 95 % bootstrap interval, positive where the peak is first; the bounds of both times, as
    ``gene_low`` and so on), and what is to be known, in words.
    """
    empty = pd.DataFrame({name: pd.Series(dtype=object if name in COLUMNS[:3] else float) for name in COLUMNS})
    if not {GENES, PEAKS} <= set(tables):
        return empty, ""
    rows = _paired(run, found)
    if len(rows) < FEWEST_CELLS:
        return empty, NO_PAIRS
    genes, peaks = tables[GENES], tables[PEAKS]
    links = _links(run, dataset, genes, peaks)
    parts, medians, cells = [], [], 0
    time = found.pseudotime[rows].mean(axis=1)
    for way, mine in links.groupby("way", sort=False):
        on = found.ahead[rows][:, :, found.ends.index(str(way))].all(axis=1)
        if on.sum() < FEWEST_CELLS:
            continue
        of_genes, of_peaks = (
            _levels(dataset, run, name, rows[on, side], mine[column])
            for side, (name, column) in enumerate(((GENES, "gene"), (PEAKS, "peak")))
        )
        at = np.column_stack([pd.factorize(mine[column])[0] for column in ("gene", "peak")])
        times, median = lead_intervals(time[on], of_genes, of_peaks, at, run.config.seed)
        part = mine.assign(**dict(zip(COLUMNS[3:], times.T, strict=True)))
        parts.append(part[part["lead"].notna()])
        medians.append(f"on the way to {way} {median[0]:+.2f} ({median[1]:+.2f} to {median[2]:+.2f})")
        cells += int(on.sum())
    table = pd.concat(parts, ignore_index=True)[list(COLUMNS)] if parts else empty
    if not len(table):
        return empty, NONE_RISES
    told = (
        f"Median lead of the peak, with its 95 % bootstrap interval over cells: {'; '.join(medians)}, in units of "
        "pseudotime; positive where peaks are first. Measured values of pairs, placed at the mean of both pseudotimes. "
        "Pseudotime was worked out from the same counts: the order is descriptive."
    )
    return table.sort_values("lead", ascending=False, kind="stable", ignore_index=True), told


def _paired(run: RunSlices, found: Trajectory) -> np.ndarray:
    """Rows of the cells that are pairs and are followed, (pairs, 2)."""
    if PAIR not in run.columns:
        return np.empty((0, 2), np.int64)
    known = np.isfinite(found.pseudotime)
    first, second = (np.zeros(run.n_cells, bool) for _ in range(2))
    for side, name in ((first, GENES), (second, PEAKS)):
        span = run.spans[name]
        side[span.start : span.stop] = known[span.start : span.stop]
    return paired_rows(first, second, run.column(PAIR).astype(str).to_numpy(object), run.config.seed)


def _links(run: RunSlices, dataset: Dataset, genes: pd.DataFrame, peaks: pd.DataFrame) -> pd.DataFrame:
    """Links of the guidance, rising together: genes that rise most surely, with the peaks that most cells show."""
    with run.open(FEATURES) as file:
        guidance = sp.csr_matrix(ad.io.read_elem(file["obsp"]["guidance"]))
    modality = run.column("modality", FEATURES).astype(str).to_numpy()
    names = run.column("name", FEATURES).astype(str).to_numpy()
    mine = [np.flatnonzero(modality == name) for name in (GENES, PEAKS)]
    joined = guidance[mine[0]][:, mine[1]].tocoo()
    up = joined.data > 0
    links = pd.DataFrame({"gene": names[mine[0]][joined.row[up]], "peak": names[mine[1]][joined.col[up]]})
    rising = genes[(genes["q"] <= SURE) & (genes["rise"] > 0)].nsmallest(MOST_GENES, "p")
    links = links.merge(rising[["feature", "highest"]].rename(columns={"feature": "gene", "highest": "way"}), on="gene")
    opening = peaks.loc[peaks["rise"] > 0, ["feature", "highest"]].rename(columns={"feature": "peak", "highest": "way"})
    links = links.merge(opening, on=["peak", "way"])
    side = dataset.modalities[PEAKS]
    seen = pd.Series(sp.csr_matrix(side.values).getnnz(axis=0), index=side.var.index)
    order = links.assign(seen=links["peak"].map(seen[~seen.index.duplicated()])).sort_values("seen", ascending=False)
    return order.groupby("gene").head(MOST_PEAKS).drop(columns="seen").sort_values(["gene", "peak"], ignore_index=True)


def _levels(dataset: Dataset, run: RunSlices, name: str, rows: np.ndarray, wanted: pd.Series) -> np.ndarray:
    """Return counts per 10,000 of the wanted features, each once in the order of its first mention, (n, F).

    Not their logarithms: half of the way up would come the earlier, the higher a feature rises.
    """
    side, first = dataset.modalities[name], run.spans[name].start
    values = sp.csr_matrix(side.values)[rows - first]
    columns = pd.Index(side.var.index).get_indexer(pd.unique(wanted))
    dense = values[:, columns].toarray().astype(np.float64)
    if not side.is_count:
        return np.asarray(dense)
    return np.asarray(dense * (1e4 / np.maximum(np.asarray(values.sum(axis=1)), 1.0)))
