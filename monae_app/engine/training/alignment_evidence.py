"""What is said of two modalities: they share structure, hardly any, no more than chance, or it cannot be told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

# where RNA and ATAC came from different tissues or species z stayed below 3; from one, with 250 cells or more, above 8;
# planted proteins under foreign genes below 2.2, under their own, with 600 cells or more, above 8.8
ALIGNED_FROM = 5.0
SIGNIFICANCE = 0.05
# With fewer the null is so wide that no z of 5 can be reached: 8 planted proteins under their own genes have a z of 2
# to 4. The rank among the permutations alone decides there.
GENES_FOR_Z = 20
SHARED_QUANTILE = 0.99
SMALLEST, SMALLEST_LOG_SD = 1e-12, 1e-6
BARS = 30
TITLES = {"rna": "RNA", "atac": "ATAC"}
# what makes the links, and is to be checked where they mean nothing
CLAIMS = {"atac": "genome", "methylation": "genome and the signs", "protein": "names of the genes"}

Answer = Literal["shared", "weak", "chance", "unknown"]
Pair = tuple[str, str]


@dataclass(frozen=True)
class NullBars:
    """Similarities under links put at random, counted in bars of one width.

    Parameters
    ----------
    low, high
        Where the first bar begins and the last one ends.
    counts
        One a bar.
    """

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True)
class AlignmentEvidence:
    """How well two modalities agree under the guidance, and under guidance put at random.

    Parameters
    ----------
    modalities
        Which two.
    answer
        ``shared``, ``weak`` (beyond chance, but so little that two tissues may have it in common), ``chance``, or
        ``unknown``.
    similarity
        Of the programs of both, in [0, 1]: RV coefficient of the two rank-k covariances of linked features.
    null_mean, null_sd
        The same with links permuted.
    z
        How far the similarity lies above the null, in standard deviations of its logarithm (the null is skewed).
    p
        Share of the permutations that are at least as similar, the observed one counted in.
    permutations
        How many.
    shared_axes
        How many leading canonical correlations exceed 99 % of those at random.
    anchor_support, anchor_support_null
        Mean share of neighbours that the two cells of an anchor have in common, observed and at random.
    genes
        G, columns that are linked and vary in both.
    paired
        Whether known pairs of cells align the two, so that the links need not.
    verdict
        One sentence for a user, or a few.
    null
        What the similarity is seen against; None where nothing was permuted.
    """

    modalities: Pair
    answer: Answer
    similarity: float
    null_mean: float
    null_sd: float
    z: float
    p: float
    permutations: int
    shared_axes: int
    anchor_support: float
    anchor_support_null: float
    genes: int
    paired: bool
    verdict: str
    null: NullBars | None = None

    @property
    def aligned(self) -> bool:
        """Whether there is something to align."""
        return self.answer == "shared"

    @property
    def warning(self) -> str | None:
        """What to tell the user; None if there is something to align."""
        return None if self.aligned else self.verdict

    def as_report(self) -> dict[str, Any]:
        """Everything, as JSON holds it."""
        plain = {name: round(each, 4) if isinstance(each, float) else each for name, each in asdict(self).items()}
        bars = None if self.null is None else {**asdict(self.null), "counts": list(self.null.counts)}
        return {**plain, "modalities": list(self.modalities), "aligned": self.aligned, "null": bars}


def evidence_from(
    pair: Pair,
    observed: np.ndarray,
    at_random: np.ndarray,
    support: tuple[float, float],
    n_genes: int,
    *,
    paired: bool = False,
) -> AlignmentEvidence:
    """Judge what was observed beside what came at random.

    Parameters
    ----------
    pair
        Names of the modalities.
    observed, at_random
        RV coefficient and canonical correlations, (1 + k,) and (permutations, 1 + k).
    support
        Of anchors, observed and at random.
    n_genes
        G.
    paired
        Whether known pairs of cells are used.
    """
    similarity = at_random[:, 0]
    logs = np.log(np.maximum(similarity, SMALLEST))
    above = float(np.log(max(observed[0], SMALLEST)) - logs.mean())
    z = float(above / max(logs.std(), SMALLEST_LOG_SD))
    p = (1 + int((similarity >= observed[0]).sum())) / (1 + len(similarity))
    answer: Answer = "chance"
    if p <= SIGNIFICANCE:
        answer = "shared" if z >= ALIGNED_FROM or n_genes < GENES_FOR_Z else "weak"
    beyond = observed[1:] > np.quantile(at_random[:, 1:], SHARED_QUANTILE, axis=0)
    axes = int(np.cumprod(beyond).sum())
    low, high = float(similarity.min()), float(similarity.max())
    counts = np.histogram(similarity, BARS, (low, max(high, low + SMALLEST)))[0]
    return AlignmentEvidence(
        modalities=pair,
        answer=answer,
        similarity=float(observed[0]),
        null_mean=float(similarity.mean()),
        null_sd=float(similarity.std()),
        z=z,
        p=p,
        permutations=len(similarity),
        shared_axes=axes,
        anchor_support=support[0],
        anchor_support_null=support[1],
        genes=n_genes,
        paired=paired,
        verdict=_verdict(pair, answer, (above, p, z, axes), n_genes, paired=paired),
        null=NullBars(low, high, tuple(counts.tolist())),
    )


def not_judged(pair: Pair, reason: str, n_genes: int, *, paired: bool = False) -> AlignmentEvidence:
    """Say why nothing can be said."""
    verdict = f"Whether {in_words(pair)} share structure cannot be told: {reason}."
    return AlignmentEvidence(pair, "unknown", 0.0, 0.0, 0.0, 0.0, 1.0, 0, 0, 0.0, 0.0, n_genes, paired, verdict)


def in_words(pair: Pair) -> str:
    """Name two modalities, RNA first."""
    return " and ".join(TITLES.get(name, name) for name in sorted(pair, key=lambda name: name != "rna"))


def _verdict(
    pair: Pair, answer: Answer, figures: tuple[float, float, float, int], n_genes: int, *, paired: bool
) -> str:
    above, p, z, axes = figures
    both, numbers = in_words(pair), f"p = {p:.3g}, z = {z:.1f}"
    if answer == "shared":
        few = f" Only {n_genes} features are linked, which is little to go by." if n_genes < GENES_FOR_Z else ""
        known = " Known pairs of cells are used besides." if paired else ""
        return (
            f"{both} share structure: under the guidance their programs agree {np.exp(above):.1f} times as well as "
            f"with links put at random ({numbers}), along {axes} axes.{few}{known}"
        )
    if answer == "weak":
        told = f"share hardly more than chance: under the guidance their programs agree {np.exp(above):.1f} times as"
        told = f"{told} well as with links put at random ({numbers}; a z of {ALIGNED_FROM:g} or more is expected)"
    else:
        told = "share no more than chance: under the guidance their programs agree no better than with links put at"
        told = f"{told} random ({numbers}; a p of at most {SIGNIFICANCE:g} is expected)"
    claim = next((CLAIMS[name] for name in pair if name in CLAIMS), "links")
    if paired:
        return f"{both} {told}. Known pairs of cells align them all the same; check the {claim}, which bring nothing."
    return (
        f"{both} {told}. The map mixes the cells all the same, so do not read it before you have checked the {claim} "
        "and that both come from one tissue."
    )
