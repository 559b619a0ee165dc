"""Links between features that no annotation states: pairs that go together over matched metacells.

Every feature is correlated with every gene; pairs that are among the best of both are kept, as far as the same choice
among metacells matched at random gives hardly any that are as good. What is found is co-variation over kinds of cells.
It is no evidence that one feature regulates or encodes the other, and what is built on it cannot be tested by it.

m metacells, G genes, F features, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEATURES_AT_ONCE = 2000
SHUFFLES = 3
SMALLEST_SD = 1e-8


@dataclass(frozen=True)
class InferredLinks:
    """Pairs that go together, strongest first.

    Parameters
    ----------
    gene, feature
        Columns of the two, (P,).
    correlation
        Pearson's, over matched metacells, (P,).
    q
        Share of false ones among all pairs at least as strong, (P,).
    """

    gene: np.ndarray
    feature: np.ndarray
    correlation: np.ndarray
    q: np.ndarray

    def __len__(self) -> int:
        return len(self.gene)

    def at(self, rows: np.ndarray) -> InferredLinks:
        """Return these pairs alone."""
        return InferredLinks(self.gene[rows], self.feature[rows], self.correlation[rows], self.q[rows])


def infer_links(
    genes: np.ndarray, features: np.ndarray, *, weight: np.ndarray, most: int, fdr: float, seed: int
) -> InferredLinks:
    """Find the pairs of a gene and a feature that go together.

    Parameters
    ----------
    genes, features
        Log profiles over the same metacells, (m, G) and (m, F).
    weight
        Of the metacells, (m,).
    most
        Genes that a feature is linked to at most.
    fdr
        Share of false ones among what is kept, as metacells matched at random give it.
    seed
        Of these.
    """
    rng = np.random.default_rng(seed)
    left, right = _standard(genes, weight), _standard(features, weight)
    gene, feature, correlation = _mutual(left, right, most)
    at_random = []
    for _ in range(SHUFFLES):
        order = rng.permutation(len(genes))
        at_random.append(_mutual(_standard(genes[order], weight), right, most)[2])
    null = np.sort(np.concatenate(at_random))
    order = np.argsort(-correlation, kind="stable")
    found = InferredLinks(gene[order], feature[order], correlation[order], np.ones(len(order)))
    # one more than were seen: none in three shuffles is not none at all
    false = (1 + len(null) - np.searchsorted(null, found.correlation, side="left")) / SHUFFLES
    share = np.minimum(false / np.arange(1, len(order) + 1), 1)
    # q of a pair is the smallest share at which it is kept
    q = np.minimum.accumulate(share[::-1])[::-1] if len(order) else share
    return InferredLinks(found.gene, found.feature, found.correlation, q).at(np.flatnonzero(q <= fdr))


def _standard(profiles: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Columns of weighted mean 0 and length 1, zeros where one does not vary, (m, F) float32."""
    share = weight / weight.sum()
    centred = (profiles - share @ profiles) * np.sqrt(share)[:, None]
    length = np.linalg.norm(centred, axis=0)
    return np.asarray(centred / np.where(length > SMALLEST_SD, length, np.inf), np.float32)


def _mutual(left: np.ndarray, right: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs with positive correlation that are among the best ``most`` of the feature, and among as many of the gene.

    A gene takes part in as many pairs as a feature, times features a gene.
    """
    n_genes, n_features = left.shape[1], right.shape[1]
    of_feature, of_gene = min(most, n_genes), min(n_features, max(1, round(most * max(1, n_features / n_genes))))
    genes, features, found = [], [], []
    for start in range(0, n_features, FEATURES_AT_ONCE):
        block = right[:, start : start + FEATURES_AT_ONCE].T @ left  # (block, G)
        best = np.argpartition(-block, of_feature - 1, axis=1)[:, :of_feature]
        genes.append(best.ravel())
        features.append(np.repeat(np.arange(start, start + len(block)), of_feature))
        found.append(np.take_along_axis(block, best, axis=1).ravel())
    gene, feature, correlation = (np.concatenate(each) for each in (genes, features, found))
    # rank within the gene, best first
    order = np.lexsort((-correlation, gene))
    first = np.searchsorted(gene[order], np.arange(n_genes))
    rank = np.empty(len(gene), np.int64)
    rank[order] = np.arange(len(gene)) - first[gene[order]]
    kept = (rank < of_gene) & (correlation > 0)
    return gene[kept], feature[kept], correlation[kept]
