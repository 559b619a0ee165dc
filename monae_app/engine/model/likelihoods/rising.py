"""Gamma functions of counts: most counts are 1, 2 or 3, and for these the recursion of gamma is a handful of logs.

lgamma(t + x) - lgamma(t) is the sum of log(t + k), digamma(t + x) - digamma(t) that of 1 / (t + k), k = 0 ... x - 1.
On a CPU gamma functions take many times as long as a logarithm, and their differences lose digits where t is large.
n counts.
"""

from __future__ import annotations

import torch

# counts above are rare: for them it would be more terms than the functions themselves cost
LARGEST_BY_SUM = 12


def rise_of_gamma(counts: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return lgamma(t + x) - lgamma(t) and digamma(t + x) - digamma(t).

    Parameters
    ----------
    counts
        x, (n,), not negative; those that are no whole numbers are looked up as well.
    t
        Above 0, (n,).

    Returns
    -------
    tuple
        (n,) each.
    """
    value, slope = torch.zeros_like(t), torch.zeros_like(t)
    summed = (counts <= LARGEST_BY_SUM) & (counts == counts.floor())
    if not bool(summed.all()):
        there = torch.nonzero(~summed)[:, 0]
        x, at = counts[there], t[there]
        value[there] = torch.lgamma(x + at) - torch.lgamma(at)
        slope[there] = torch.digamma(x + at) - torch.digamma(at)
    left = torch.nonzero(summed & (counts > 0))[:, 0]
    for k in range(LARGEST_BY_SUM):
        if not len(left):
            break
        term = t[left] + k
        value.index_add_(0, left, term.log())
        slope.index_add_(0, left, term.reciprocal_())
        left = left[counts[left] > k + 1]
    return value, slope
