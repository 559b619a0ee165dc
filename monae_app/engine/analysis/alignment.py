"""What a user without pairs and labels can go by: whether there was anything to align, and whether it is aligned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from monae_app.engine.analysis.consistency import Consistency, integration_consistency
from monae_app.engine.analysis.linked_features import Links, Measured, links_between

if TYPE_CHECKING:
    from monae_app.engine.analysis.outcome import Trained
    from monae_app.engine.data.dataset import Modality


class Evidence(Protocol):
    """What was found before training, as :mod:`monae_app.engine.training.alignment_null` does."""

    @property
    def warning(self) -> str | None:
        """A sentence if there may be nothing to align."""

    def as_report(self) -> dict[str, Any]:
        """Everything as plain values."""


@dataclass(frozen=True)
class Alignment:
    """What speaks for and against an integration.

    Parameters
    ----------
    evidence
        Found before training; None where nothing had to be inferred.
    consistency
        Found after it; None where nothing is linked.
    """

    evidence: Evidence | None
    consistency: Consistency | None

    def record(self) -> dict[str, Any]:
        """Return what was found, for report.json: ``alignment`` and ``consistency``."""
        found = {} if self.evidence is None else {"alignment": self.evidence.as_report()}
        return found if self.consistency is None else found | {"consistency": self.consistency.record()}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against it, in sentences."""
        before = self.evidence.warning if self.evidence is not None else None
        after = self.consistency.verdict if self.consistency is not None and self.consistency.is_warning else None
        return tuple(sentence for sentence in (before, after) if sentence)


def consistency_of(trained: Trained, n_shared: int, seed: int) -> Consistency | None:
    """Integration consistency of the first two modalities over the shared axes; None where nothing links them.

    Parameters
    ----------
    trained
        What was learned.
    n_shared
        Number of shared axes, which come first in the latent.
    seed
        Of metacells and permutations.
    """
    if len(trained.dataset.modalities) < 2:
        return None
    (first, one), (second, other) = list(trained.dataset.modalities.items())[:2]
    links = links_between(trained.graph, first, second)
    if not len(links):
        return None
    # from vertices to columns of the whole: no copy of the values is made
    columns = trained.modelled[first][links.first], trained.modelled[second][links.second]
    return integration_consistency(
        (trained.latent[first][:, :n_shared], trained.latent[second][:, :n_shared]),
        (_measured(one), _measured(other)),
        Links(*columns, links.weight, links.sign),
        seed=seed,
    )


def _measured(modality: Modality) -> Measured:
    return Measured(modality.values, modality.is_count, modality.library_size if modality.is_count else None)
