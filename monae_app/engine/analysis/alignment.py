"""What a user without pairs and labels can go by: whether there was anything to align, and whether it is aligned."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any, Protocol

from monae_app.engine.analysis.consistency import Consistency, integration_consistency
from monae_app.engine.analysis.linked_features import Links, Measured, links_between
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.levels import deviations_of
from monae_app.engine.kept_stages import kept
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monae_app.engine.analysis.outcome import Trained
    from monae_app.engine.data.dataset import Modality

Pair = tuple[str, str]


class Evidence(Protocol):
    """What was found before training, as :mod:`monae_app.engine.training.alignment_null` does."""

    @property
    def warning(self) -> str | None:
        """A sentence if there may be nothing to align."""

    def as_report(self) -> dict[str, Any]:
        """Everything as plain values."""


@dataclass(frozen=True)
class Alignment:
    """What speaks for and against an integration, of every two modalities that are linked, by their names.

    Parameters
    ----------
    evidence
        Found before training.
    consistency
        Found after it.
    """

    evidence: Mapping[Pair, Evidence] = field(default_factory=dict)
    consistency: Mapping[Pair, Consistency] = field(default_factory=dict)

    @classmethod
    def of(
        cls, evidence: Mapping[Pair, Evidence], trained: Trained, n_shared: int, seed: int, tell: Telling = SILENT
    ) -> Alignment:
        """Add to the evidence how consistent every two modalities are; parameters as in :func:`consistency_of`."""
        found = {}
        for names in combinations(trained.dataset.modalities, 2):
            ask = partial(consistency_of, trained, n_shared, seed, names, tell)
            consistency = kept(f"consistency of {names[0]} and {names[1]}", ask, made_of=(Consistency,))
            if consistency is not None:
                found[names] = consistency
        return cls(evidence, found)

    def record(self) -> dict[str, Any]:
        """Return what was found, for report.json.

        ``alignment`` and ``consistency`` of the first two modalities that are linked, and of every further two
        ``alignment_<one>_<other>`` and ``consistency_<one>_<other>``.
        """
        found: dict[str, Any] = {}
        for place, names in enumerate(self._pairs):
            ending = "" if place == 0 else f"_{names[0]}_{names[1]}"
            if names in self.evidence:
                found[f"alignment{ending}"] = self.evidence[names].as_report()
            if names in self.consistency:
                found[f"consistency{ending}"] = {"modalities": list(names), **self.consistency[names].record()}
        return found

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against it, in sentences."""
        before = [sentence for each in self.evidence.values() if (sentence := each.warning)]
        several = len(self._pairs) > 1
        after = [
            f"{names[0]} and {names[1]}: {each.verdict}" if several else each.verdict
            for names, each in self.consistency.items()
            if each.is_warning
        ]
        return (*before, *after)

    @property
    def _pairs(self) -> list[Pair]:
        return list(dict.fromkeys([*self.evidence, *self.consistency]))


def consistency_of(
    trained: Trained,
    n_shared: int,
    seed: int,
    names: tuple[str, str] | None = None,
    tell: Telling = SILENT,
) -> Consistency | None:
    """Integration consistency of two modalities over the shared axes; None where nothing links them.

    Parameters
    ----------
    trained
        What was learned.
    n_shared
        Number of shared axes, which come first in the latent.
    seed
        Of metacells and permutations.
    names
        Of the two; the first two unless named.
    tell
        Told the progress.
    """
    if len(trained.dataset.modalities) < 2:
        return None
    first, second = names or list(trained.dataset.modalities)[:2]
    one, other = (trained.dataset.modalities[name] for name in (first, second))
    # inferred links agree by their making
    links = links_between(trained.graph.stated(), first, second)
    if not len(links):
        return None
    tell = tell.counting(f"Asking whether linked features of {first} and {second} vary together over the cells")
    # from vertices to columns of the whole: no copy of the values is made
    columns = trained.modelled[first][links.first], trained.modelled[second][links.second]
    return integration_consistency(
        (trained.latent[first][:, :n_shared], trained.latent[second][:, :n_shared]),
        (_measured(one), _measured(other)),
        Links(*columns, links.weight, links.sign),
        seed=seed,
        tell=tell,
    )


def _measured(modality: Modality) -> Measured:
    if isinstance(modality.values, CoveredMatrix):
        # a mean over cells must not take what was not covered for a level of 0
        return Measured(deviations_of(modality.values, modality.var), is_counts=False)
    return Measured(modality.values, modality.is_count, modality.library_size if modality.is_count else None)
