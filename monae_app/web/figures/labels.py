"""Moves labels that would lie over each other apart. L labels."""

from __future__ import annotations

from typing import Any

import numpy as np

ROUNDS = 60


def spread(places: np.ndarray[Any, Any], boxes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Push overlapping labels apart, up and down alone, so that each stays near its group.

    Parameters
    ----------
    places
        Where the labels would like to be, shape (L, 2).
    boxes
        Width and height of each label in the same units, shape (L, 2).

    Returns
    -------
    Where to put them, shape (L, 2).
    """
    moved = np.array(places, dtype=np.float64)
    room = (boxes[:, None] + boxes[None]) / 2  # (L, L, 2)
    for _ in range(ROUNDS):
        apart = moved[:, None] - moved[None]  # (L, L, 2)
        depth = room - np.abs(apart)
        overlap = (depth > 0).all(axis=2)
        np.fill_diagonal(overlap, val=False)
        if not overlap.any():
            break
        # Labels at one and the same height part by their order.
        order = np.subtract.outer(np.arange(len(moved)), np.arange(len(moved)))
        direction = np.where(apart[..., 1] == 0, np.sign(order), np.sign(apart[..., 1]))
        moved[:, 1] += 0.26 * (overlap * direction * depth[..., 1]).sum(axis=1)
    return moved
