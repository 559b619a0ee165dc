"""Random tables of targets in which each factor has as many targets, and each gene as many factors, as in a given one.

By trades of curveball: two factors pool the targets that one of them has alone, and deal them anew, each as many as it
had. After enough trades all such tables are equally likely.

*Source:* Strona et al., Nat Commun 5, 4114 (2014). E edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

# trades a factor before the first table, and between two of them
FIRST_TRADES, TRADES = 10, 5


def degree_matched(edges: npt.NDArray[np.int64], *, draws: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield random tables of the same degrees.

    Parameters
    ----------
    edges
        Factor and gene of each edge, by numbers, each pair once, (E, 2).
    draws
        How many tables.
    seed
        Of the trades.

    Yields
    ------
    numpy.ndarray
        (E, 2), factors in increasing order.
    """
    factors, counts = np.unique(edges[:, 0], return_counts=True)
    order = np.argsort(edges[:, 0], kind="stable")
    targets = [set(part.tolist()) for part in np.split(edges[order, 1], np.cumsum(counts)[:-1])]
    random = np.random.default_rng(seed)
    named = np.repeat(factors, counts)
    for draw in range(draws):
        _trade(targets, (TRADES if draw else FIRST_TRADES) * len(targets), random)
        # sorted, so that the table does not hang on the order in which a set was filled
        yield np.column_stack([named, np.concatenate([sorted(each) for each in targets]).astype(np.int64)])


def _trade(targets: list[set[int]], trades: int, random: np.random.Generator) -> None:
    if len(targets) < 2:
        return
    firsts = random.integers(len(targets), size=trades)
    seconds = (firsts + random.integers(1, len(targets), size=trades)) % len(targets)
    for first, second in zip(firsts.tolist(), seconds.tolist(), strict=True):
        one, other = targets[first], targets[second]
        mine = one - other
        pool = np.array(sorted(mine | (other - one)), np.int64)
        if not 0 < len(mine) < len(pool):
            continue
        random.shuffle(pool)
        common = one & other
        targets[first] = common | set(pool[: len(mine)].tolist())
        targets[second] = common | set(pool[len(mine) :].tolist())
