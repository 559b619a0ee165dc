"""Looks up results: medians over seeds, and paired differences with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import TYPE_CHECKING

from scipy.stats import t

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.benchmarks.store import Record

CONFIDENCE = 0.95
CPU = "cpu_s"


@dataclass(frozen=True)
class Interval:
    """Mean of paired differences over seeds, with a 95 % interval by Student's t; infinite for one seed."""

    mean: float
    low: float
    high: float
    seeds: int

    def __str__(self) -> str:
        if self.seeds == 1:
            return f"{self.mean:+.3f} (one seed)"
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def interval(differences: Iterable[float]) -> Interval:
    """Summarise paired differences, one a seed."""
    values = list(differences)
    if len(values) < 2:
        return Interval(values[0], float("-inf"), float("inf"), 1)
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * stdev(values) / len(values) ** 0.5
    mean = fmean(values)
    return Interval(mean, mean - half, mean + half, len(values))


class Book:
    """All results at hand.

    Parameters
    ----------
    records
        As stored.
    """

    def __init__(self, records: list[Record]) -> None:
        self.records = records
        self._found = {(each["data"], each["method"], each["seed"]): each for each in records}

    def values(self, data: str, method: str, metric: str) -> dict[int, float]:
        """Seed -> value, where it was measured; ``cpu_s`` counts as a metric."""
        found = {}
        for (of_data, of_method, seed), record in self._found.items():
            value = record[CPU] if metric == CPU else record["scores"].get(metric)
            if (of_data, of_method) == (data, method) and value is not None:
                found[seed] = float(value)
        return found

    def median(self, data: str, method: str, metric: str) -> float | None:
        """Median over seeds, None if not measured."""
        found = self.values(data, method, metric)
        return median(found.values()) if found else None

    def paired(
        self,
        data: str,
        first: str,
        second: str,
        metric: str,
        combine: Callable[[float, float], float] = lambda one, two: one - two,
    ) -> list[float]:
        """Combine the values of two methods seed by seed, by default their difference, where both were measured."""
        one, two = self.values(data, first, metric), self.values(data, second, metric)
        return [combine(one[seed], two[seed]) for seed in sorted(one.keys() & two.keys())]

    def difference(self, data: str, first: str, second: str, metric: str) -> Interval | None:
        """Paired difference first - second, None if no seed has both."""
        found = self.paired(data, first, second, metric)
        return interval(found) if found else None

    def seeds(self, data: str) -> list[int]:
        """Seeds of a data set that anything was measured on."""
        return sorted({seed for of_data, _, seed in self._found if of_data == data})

    def data(self) -> list[str]:
        """Data sets that anything was measured on."""
        return sorted({each["data"] for each in self.records})
