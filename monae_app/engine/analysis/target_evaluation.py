"""How well ranked targets of transcription factors agree with known ones, beside chance that knows the degrees.

Known targets are those that were studied: some genes are everyone's target. A score that ranks such genes first agrees
with any table. The baseline therefore draws tables in which every factor has as many targets and every gene as many
factors as in the known one; what a score has beyond it is about the pairs.

T factors, G genes, E known edges, P pairs that were scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from monae_app.engine.analysis.degree_matched import degree_matched
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

METRICS = ("auroc", "auprc", "auprc_ratio", "early_precision", "early_precision_ratio")
DRAWS = 200
INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class TargetEvaluation:
    """What was found.

    Parameters
    ----------
    table
        A row for each of auroc, auprc, auprc_ratio (over the base rate), early_precision (among the first k pairs, k
        the number of known edges) and early_precision_ratio (over the base rate). Columns ``value``, ``chance`` (mean
        of the draws), ``low`` and ``high`` (95 % of the draws lie between) and ``p`` (share of draws that are as good,
        the value itself counted among them).
    n_factors
        Factors with a known target among those scored.
    n_pairs
        Pairs that were scored, of these factors.
    n_known
        Known edges among these pairs.
    draws
        Of the baseline.
    """

    table: pd.DataFrame
    n_factors: int
    n_pairs: int
    n_known: int
    draws: int

    @property
    def base_rate(self) -> float:
        """Share of the pairs that are known, which is the precision of chance."""
        return self.n_known / self.n_pairs


def evaluate_targets(
    scores: pd.DataFrame, known: pd.DataFrame, *, draws: int = DRAWS, seed: int = 0
) -> TargetEvaluation:
    """Compare scores of factors and genes with known edges.

    Parameters
    ----------
    scores
        Higher is likelier, (T, G); the index names factors, the columns genes. NaN where a pair was not scored, such as
        a factor with itself.
    known
        Columns tf and target; named as in ``scores``. Edges of other factors count for how often a gene is a target.
    draws
        Of the baseline, at least 1.
    seed
        Of the baseline.

    Raises
    ------
    InputError
        If no scored pair is known, or all are: there is nothing to rank then.
    """
    pairs = _among(scores, known)
    ranked = _Ranked.of(scores, sorted(set(pairs["row"]) & set(range(len(scores)))))
    edges = pairs[["row", "column"]].to_numpy()
    mine = ranked.places(edges)
    if not 0 < len(mine) < ranked.n_pairs:
        raise InputError(
            f"{len(mine):,} of {ranked.n_pairs:,} scored pairs are known.",
            "some known pairs and some others.",
            "check that factors and genes are named alike, and that the table is of this organism.",
        )
    values = ranked.metrics(mine)
    by_chance = [ranked.metrics(ranked.places(each)) for each in degree_matched(edges, draws=draws, seed=seed)]
    chance = pd.DataFrame(by_chance, columns=list(METRICS))
    # summing the same numbers in another order is no difference
    as_good = (chance >= pd.Series(values) - 1e-12).sum()
    low, high = (chance.quantile(each / 100) for each in INTERVAL)
    table = pd.DataFrame(
        {"value": values, "chance": chance.mean(), "low": low, "high": high, "p": (as_good + 1) / (draws + 1)}
    ).loc[list(METRICS)]
    return TargetEvaluation(table, len(ranked.rows), ranked.n_pairs, len(mine), draws)


def _among(scores: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Known edges to scored genes, each once: column of the gene, and row of the factor; others follow those scored."""
    targets = pd.Index(scores.columns).get_indexer(pd.Index(known["target"]))
    once = known.assign(column=targets)[targets >= 0].drop_duplicates(["tf", "target"])
    factors = pd.Index(scores.index).append(pd.Index(once["tf"]).unique().difference(scores.index))
    return once.assign(row=factors.get_indexer(pd.Index(once["tf"])))


@dataclass(frozen=True)
class _Ranked:
    """Pairs of the factors that have known targets, ranked once for all draws.

    ``rows`` are these factors; ``mid`` (R, G) is the mean rank of equal scores, the lowest score first, ``last`` the
    number of pairs that score as high or higher; NaN and -1 where a pair was not scored. ``ends`` are the different
    values of ``last``, increasing.
    """

    rows: npt.NDArray[np.int64]
    mid: npt.NDArray[np.float64]
    last: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    n_pairs: int

    @classmethod
    def of(cls, scores: pd.DataFrame, rows: list[int]) -> _Ranked:
        values = scores.to_numpy(np.float64)[rows]
        there = np.isfinite(values)
        flat = values[there]
        mid, last = np.full(values.shape, np.nan), np.full(values.shape, -1)
        mid[there] = rankdata(flat)
        last[there] = len(flat) + 1 - rankdata(flat, "min").astype(np.int64)
        return cls(np.array(rows, np.int64), mid, last, np.unique(last[there]), len(flat))

    def places(self, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Flat places of edges (E, 2) among the pairs that were scored."""
        at = np.searchsorted(self.rows, edges[:, 0])
        mine = at < len(self.rows)
        mine[mine] = self.rows[at[mine]] == edges[mine, 0]
        flat = at[mine] * self.mid.shape[1] + edges[mine, 1]
        there: npt.NDArray[np.int64] = flat[self.last.ravel()[flat] >= 0]
        return there

    def metrics(self, places: npt.NDArray[np.int64]) -> dict[str, float]:
        """Work out all metrics where the pairs at these places are the known ones."""
        k, n = len(places), self.n_pairs
        if not 0 < k < n:
            return dict.fromkeys(METRICS, float("nan"))
        # area under the ROC curve: the statistic of Mann and Whitney over the number of comparisons
        auroc = (self.mid.ravel()[places].sum() - k * (k + 1) / 2) / (k * (n - k))
        last, count = np.unique(self.last.ravel()[places], return_counts=True)
        found = np.cumsum(count)
        auprc = float((count / k * found / last).sum())
        early = self._early(k, last, found)
        base = k / n
        return dict(zip(METRICS, (auroc, auprc, auprc / base, early, early / base), strict=True))

    def _early(self, k: int, last: npt.NDArray[np.int64], found: npt.NDArray[np.int64]) -> float:
        """Precision among the first k pairs; of equal scores at the edge, what a random order gives on average."""
        whole = int(np.searchsorted(last, k, side="right"))
        hits = float(found[whole - 1]) if whole else 0.0
        place = int(np.searchsorted(self.ends, k))
        edge, before = int(self.ends[place]), int(self.ends[place - 1]) if place else 0
        if edge > k and whole < len(last) and last[whole] == edge:
            hits += (float(found[whole]) - hits) * (k - before) / (edge - before)
        return hits / k
