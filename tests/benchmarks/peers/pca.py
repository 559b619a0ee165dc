"""PCA of expression and gene activity together, no integration: the cheapest honest baseline."""

from __future__ import annotations

import numpy as np
from exchange import Answer, Question, answer
from normalised import gene_space
from sklearn.utils.extmath import randomized_svd

COMPONENTS = 30


def components(question: Question) -> np.ndarray:
    """Principal components of all cells, RNA first, (cells, 30)."""
    left, values, _ = randomized_svd(np.vstack(gene_space(question)), COMPONENTS, random_state=question.seed)
    return left * values


def pca(question: Question, found: Answer) -> None:
    """Embed."""
    embedding = components(question)
    found.known("scikit-learn", "numpy")
    found.embedding(embedding[: question.rna.n_obs], embedding[question.rna.n_obs :])


if __name__ == "__main__":
    answer(pca)
