"""PCA of expression and gene activity together, no integration: the cheapest honest baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.extmath import randomized_svd

from monae_app.jobs.peers.normalised import gene_space

if TYPE_CHECKING:
    from monae_app.jobs.peers.exchange import Answer, Question

COMPONENTS = 30


def components(question: Question) -> np.ndarray:
    """Principal components of all cells, RNA first, (cells, 30)."""
    left, values, _ = randomized_svd(np.vstack(gene_space(question)), COMPONENTS, random_state=question.seed)
    return np.asarray(left * values)


def pca(question: Question, found: Answer) -> None:
    """Embed."""
    embedding = components(question)
    found.known("scikit-learn", "numpy")
    found.embedding(**divided(question, embedding))


def divided(question: Question, embedding: np.ndarray) -> dict[str, np.ndarray]:
    """Give every modality its rows of an embedding of all cells."""
    parts = np.split(embedding, [question.first.n_obs])
    return dict(zip(question.names, parts, strict=True))
