"""Is there anything to align? The links between features against the same links put at random.

Anchors always exist, and any two matrices have positive canonical correlations, even those of two organs. What chance
alone gives is measured: the gene activities are handed to other genes, so that each activity keeps its peaks, its depth
and its correlations with the other activities, and only the claim which gene it belongs to is wrong. If RNA and ATAC
vary along common gene programs, they agree far better under the true names than under any other.

Three things that RNA and ATAC have in common without sharing any biology are taken out. Depth: the part of every gene
that follows the depth of the cells is removed. Abundance: genes change places only with genes of similar RNA abundance,
so that whatever abundant, long or well covered genes have in common stays in the null. Neighbourhood: under a wide
window neighbouring genes share peaks, and gene families lie together, so only the closest links are used.

N, M cells; G genes that are linked and vary in both; k programs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from monae_app.engine.data.decomposition import column_moments, leading_components, standardised
from monae_app.engine.data.preprocess import log_normalised
from monae_app.engine.model.anchors import mutual_neighbors, shared_neighbor_support, unit_rows
from monae_app.engine.telling import SILENT, Telling
from monae_app.engine.training.anchoring import gene_activity

if TYPE_CHECKING:
    import scipy.sparse as sp

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Modality
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.preprocess import Prepared

CELLS_AT_MOST = 1500
CELLS_FOR_ANCHORS = 1000
FEWEST_CELLS, FEWEST_GENES = 10, 20
PROGRAMS = 20
PERMUTATIONS, ANCHOR_PERMUTATIONS = 200, 5
STRATA, FEWEST_IN_STRATUM = 20, 20
CLOSE_WEIGHT = 0.5  # 1.5 kb from gene body and promoter
# where RNA and ATAC came from different tissues or species z stayed below 3; from one, with 250 cells or more, above 8;
# planted proteins under foreign genes below 2.2, under their own, with 600 cells or more, above 8.8
ALIGNED_FROM = 5.0
SHARED_QUANTILE = 0.99
SMALLEST_VARIANCE, SMALLEST_LOG_SD = 1e-12, 1e-6
# what is held against RNA: the first that there is
TITLES = {"atac": "ATAC", "methylation": "methylation", "protein": "protein"}
CLAIMS = {"atac": "genome", "methylation": "genome and the signs", "protein": "names of the genes"}


@dataclass(frozen=True)
class AlignmentEvidence:
    """How well two modalities agree under the guidance, and under guidance put at random.

    Parameters
    ----------
    similarity
        Of the gene programs of both, in [0, 1]: RV coefficient of the two rank-k gene-gene covariances.
    null_mean, null_sd
        The same with genes permuted.
    z
        How far the similarity lies above the null, in standard deviations of its logarithm (the null is skewed).
    p
        Share of the permutations that are at least as similar, the observed one counted in.
    shared_axes
        How many leading canonical correlations exceed 99 % of those at random.
    anchor_support, anchor_support_null
        Mean share of neighbours that the two cells of an anchor have in common, observed and at random.
    genes
        G.
    verdict
        One sentence for a user.
    aligned
        Whether there is something to align.
    """

    similarity: float
    null_mean: float
    null_sd: float
    z: float
    p: float
    shared_axes: int
    anchor_support: float
    anchor_support_null: float
    genes: int
    verdict: str
    aligned: bool

    @property
    def warning(self) -> str | None:
        """What to tell the user; None if there is something to align."""
        return None if self.aligned else self.verdict

    def as_report(self) -> dict[str, Any]:
        """Everything, as JSON holds it."""
        return {name: round(each, 4) if isinstance(each, float) else each for name, each in asdict(self).items()}


@dataclass(frozen=True)
class _Programs:
    """Leading components of the standardised cells x genes: cells (N, k), weight (k,), genes (k, G)."""

    cells: np.ndarray
    weight: np.ndarray
    genes: np.ndarray


def alignment_evidence(
    prepared: dict[str, Prepared], graph: GuidanceGraph, config: RunConfig, tell: Telling = SILENT
) -> AlignmentEvidence | None:
    """Compare RNA and gene activity under the guidance with 200 permutations of it.

    The activity is that of ATAC, or without ATAC that of methylation, or the one of proteins, of which a gene has one.

    Parameters
    ----------
    prepared
        Modalities; at most 1,500 cells of each are looked at, drawn from the run's seed.
    graph
        Which peaks make the activity of which gene.
    config
        Of the run.
    tell
        Told the progress.

    Returns
    -------
    AlignmentEvidence or None
        None where nothing has to be inferred: without RNA or what is linked to it, without links, or with known pairs.

    Notes
    -----
    *Source:* RV coefficient: Robert and Escoufier 1976, Appl Stat 25:257. With X = U S V^T of RNA and Y = W T Z^T of
    gene activity, over the k leading components, it is |S V^T Z T|^2 / (|S^2| |T^2|). The singular values of S V^T Z T
    are the canonical correlations that anchors are found from. Permuting genes permutes the columns of Z^T alone, so
    that no permutation needs a decomposition of its own.
    """
    other = next((name for name in TITLES if name in prepared), "")
    if not {"rna", other} <= set(prepared) or not len(graph.source) or config.paired:
        return None
    tell(f"Asking whether the links join what goes together: RNA and {TITLES[other]}")
    graph = _close_links(graph)
    rng = np.random.default_rng(config.seed)
    rows = {name: _some_cells(prepared[name].modality, rng) for name in ("rna", other)}
    if min(map(len, rows.values())) < FEWEST_CELLS:
        return _not_judged(other, f"one of them has fewer than {FEWEST_CELLS} cells with counts", 0)
    views = _common_genes({name: _of_rows(prepared[name], each) for name, each in rows.items()}, graph, other)
    n_genes = views["rna"].shape[1]
    if n_genes < FEWEST_GENES:
        return _not_judged(other, f"only {n_genes:,} genes are linked and vary in both", n_genes)
    rna, activity = (_programs(values, config.seed) for values in views.values())
    tell(f"Comparing with {PERMUTATIONS} maps whose links are put at random")
    strata = _strata(np.asarray(views["rna"].sum(axis=0)).ravel())
    as_linked, *orders = np.arange(n_genes), *(_permuted(strata, n_genes, rng) for _ in range(PERMUTATIONS))
    support, *at_random = (_anchor_support(rna, activity, each) for each in (as_linked, *orders[:ANCHOR_PERMUTATIONS]))
    return _evidence(
        _agreement(rna, activity, as_linked),
        np.stack([_agreement(rna, activity, each) for each in orders]),
        (support, float(np.mean(at_random))),
        n_genes,
        other,
    )


def _close_links(graph: GuidanceGraph) -> GuidanceGraph:
    close = graph.weight >= CLOSE_WEIGHT
    parts = ("source", "target", "weight", "sign")
    return replace(graph, **{name: getattr(graph, name)[close] for name in parts}) if close.any() else graph


def _some_cells(modality: Modality, rng: np.random.Generator) -> np.ndarray:
    """Draw rows of cells that have counts."""
    return np.sort(rng.permutation(modality.informative)[:CELLS_AT_MOST])


def _of_rows(prepared: Prepared, rows: np.ndarray) -> Prepared:
    modality = prepared.modality
    return replace(prepared, modality=replace(modality, values=modality.values[rows], obs=modality.obs.iloc[rows]))


def _common_genes(prepared: dict[str, Prepared], graph: GuidanceGraph, other: str) -> dict[str, sp.csr_matrix]:
    """RNA and gene activity of the genes that vary in both, normalised, without what follows depth."""
    views = {"rna": prepared["rna"].profile, other: gene_activity(prepared, graph, other)}
    varies = np.all([column_moments(each)[1] > SMALLEST_VARIANCE for each in views.values()], axis=0)
    return {
        name: log_normalised(values[:, varies]) if prepared[name].modality.is_count else values[:, varies]
        for name, values in views.items()
    }


def _programs(values: sp.csr_matrix, seed: int) -> _Programs:
    depth = np.asarray(values.sum(axis=1), dtype=np.float64).ravel()
    depth -= depth.mean()
    depth /= max(float(np.linalg.norm(depth)), SMALLEST_VARIANCE)
    return _Programs(*leading_components(_without(standardised(values), depth), PROGRAMS, seed))


def _without(matrix: LinearOperator, direction: np.ndarray) -> LinearOperator:
    """Remove what lies along a unit vector of cells, (N,), from every column."""

    def residual(columns: np.ndarray) -> np.ndarray:
        return np.asarray(columns - np.outer(direction, direction @ columns))

    def forward(right: np.ndarray) -> np.ndarray:
        return residual(matrix @ right)

    def backward(left: np.ndarray) -> np.ndarray:
        return np.asarray(matrix.T @ residual(left))

    return LinearOperator(
        matrix.shape,
        matvec=lambda v: forward(v.reshape(-1, 1)).ravel(),
        rmatvec=lambda v: backward(v.reshape(-1, 1)).ravel(),
        matmat=forward,
        rmatmat=backward,
        dtype=np.float64,
    )


def _strata(abundance: np.ndarray) -> list[np.ndarray]:
    """Genes in groups of similar abundance."""
    n_groups = max(1, min(STRATA, len(abundance) // FEWEST_IN_STRATUM))
    return np.array_split(np.argsort(abundance, kind="stable"), n_groups)


def _permuted(strata: list[np.ndarray], n_genes: int, rng: np.random.Generator) -> np.ndarray:
    """Give the activity of every gene to another of its group."""
    order = np.arange(n_genes)
    for group in strata:
        order[group] = rng.permutation(group)
    return order


def _cross(rna: _Programs, activity: _Programs, order: np.ndarray) -> np.ndarray:
    """S V^T Z T, programs of RNA x programs of activity."""
    return np.asarray(rna.weight[:, None] * (rna.genes @ activity.genes[:, order].T) * activity.weight)


def _agreement(rna: _Programs, activity: _Programs, order: np.ndarray) -> np.ndarray:
    """RV coefficient, then the canonical correlations, largest first, (1 + k,)."""
    size = max(float(np.linalg.norm(rna.weight**2) * np.linalg.norm(activity.weight**2)), SMALLEST_VARIANCE)
    values = np.linalg.svd(_cross(rna, activity, order), compute_uv=False)
    return np.concatenate([[(values**2).sum() / size], values])


def _anchor_support(rna: _Programs, activity: _Programs, order: np.ndarray) -> float:
    """Mean support of the anchors that this order of the genes gives."""
    left, _, right = np.linalg.svd(_cross(rna, activity, order), full_matrices=False)
    first, second = (
        unit_rows(cells[:CELLS_FOR_ANCHORS] @ turn) for cells, turn in ((rna.cells, left), (activity.cells, right.T))
    )
    anchors = mutual_neighbors(first, second, 5)
    return float(shared_neighbor_support(first, second, anchors).mean()) if len(anchors) else 0.0


def _evidence(
    observed: np.ndarray, at_random: np.ndarray, support: tuple[float, float], n_genes: int, other: str = "atac"
) -> AlignmentEvidence:
    similarity = at_random[:, 0]
    logs = np.log(np.maximum(similarity, SMALLEST_VARIANCE))
    above = np.log(max(observed[0], SMALLEST_VARIANCE)) - logs.mean()
    z = float(above / max(logs.std(), SMALLEST_LOG_SD))
    beyond = observed[1:] > np.quantile(at_random[:, 1:], SHARED_QUANTILE, axis=0)
    axes = int(np.cumprod(beyond).sum())
    aligned = z >= ALIGNED_FROM
    both = f"RNA and {TITLES[other]}"
    if aligned:
        verdict = (
            f"{both} have something to align: under the guidance their gene programs agree {np.exp(above):.1f} "
            f"times as well as with links put at random (z = {z:.1f}), along {axes} axes."
        )
    else:
        verdict = (
            f"{both} may have nothing to align: under the guidance their gene programs agree hardly better than with "
            f"links put at random (z = {z:.1f}; {ALIGNED_FROM:g} or more is expected). The map mixes the cells all the "
            f"same, so do not read it before you have checked the {CLAIMS[other]} and that both come from one tissue."
        )
    return AlignmentEvidence(
        similarity=float(observed[0]),
        null_mean=float(similarity.mean()),
        null_sd=float(similarity.std()),
        z=z,
        p=(1 + int((similarity >= observed[0]).sum())) / (1 + len(similarity)),
        shared_axes=axes,
        anchor_support=support[0],
        anchor_support_null=support[1],
        genes=n_genes,
        verdict=verdict,
        aligned=aligned,
    )


def _not_judged(other: str, reason: str, n_genes: int) -> AlignmentEvidence:
    verdict = f"Whether RNA and {TITLES[other]} have anything to align cannot be told: {reason}."
    return AlignmentEvidence(0.0, 0.0, 0.0, 0.0, 1.0, 0, 0.0, 0.0, n_genes, verdict, aligned=False)
