"""Diffusion coordinates, in which plain distances are those of diffusion pseudotime. n cells."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import eigsh

COMPONENTS = 15


def diffusion_coordinates(weights: sp.csr_matrix, seed: int, components: int = COMPONENTS) -> np.ndarray:
    """Place cells so that the distance of two is the diffusion pseudotime of one from the other, (n, components - 1).

    Source: Haghverdi et al. 2016, Nat Methods 13:845: eigenvectors of the density-normalised transition matrix, each
    times lambda / (1 - lambda), the steady state left out. They are those of the random walk itself (Coifman & Lafon
    2006, Appl Comput Harmon Anal 21:5), not of its symmetric form, in which cells at the same place are apart where
    one of them has more neighbours.

    Parameters
    ----------
    weights
        Symmetric weights of neighbours, (n, n), in one connected piece.
    seed
        Of the vector that the eigenvectors are sought from.
    components
        Eigenvectors, the steady state among them.
    """
    density = sp.diags(1 / np.asarray(weights.sum(axis=1)).ravel())
    kernel = density @ weights @ density
    degree = np.asarray(kernel.sum(axis=1)).ravel()
    root = sp.diags(1 / np.sqrt(degree))
    transition = root @ kernel @ root
    most = min(components, weights.shape[0] - 2)
    start = np.random.default_rng(seed).random(weights.shape[0])
    values, vectors = eigsh(transition, most, v0=start)
    order = np.argsort(-values)[1:]
    values = np.minimum(values[order], 1 - 1e-9)
    vectors = vectors[:, order] * np.sqrt(degree.sum() / degree)[:, None]
    # the sign of an eigenvector is arbitrary; a fixed one makes the same numbers everywhere
    vectors *= np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    found: np.ndarray = vectors * (values / (1 - values))
    return found


def distances_from(coordinates: np.ndarray, row: int) -> np.ndarray:
    """Distance of every cell from one, (n,)."""
    found: np.ndarray = np.sqrt(((coordinates - coordinates[row]) ** 2).sum(axis=1))
    return found
