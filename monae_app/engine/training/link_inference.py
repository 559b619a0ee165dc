"""Guidance from the data where no annotation fits: matched metacells, features that go together over them, links.

Which cells of two modalities correspond is known in one of three ways: by known pairs of cells; by the links that there
are, where some features are annotated and others are not; or, where there is nothing, by geometry alone, which is often
ambiguous and says so. Cells are matched, links inferred over the matched metacells, cells matched anew by these links
and all links inferred once more.

N, M cells; m metacells; P links.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy.sparse as sp
from sklearn.cluster import MiniBatchKMeans

from monae_app.engine.data.inferred_links import InferredLinks, infer_links
from monae_app.engine.data.preprocess import log_normalised
from monae_app.engine.kept_stages import kept
from monae_app.engine.telling import SILENT, Telling
from monae_app.engine.training.alignment_evidence import in_words
from monae_app.engine.training.anchoring import aligned_scores, links_to_genes
from monae_app.engine.training.geometry_matching import Matching, match_geometries
from monae_app.engine.training.linked_programs import programs_of

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.preprocess import Prepared

METACELLS, CELLS_PER_METACELL, FEWEST_METACELLS, FEWEST_CELLS = 100, 15, 10, 3
GEOMETRY_METACELLS, GEOMETRY_COMPONENTS = 40, 12
FEWEST_LINKS, FEWEST_PAIRS = 20, 100
LISTED = 50

Way = Literal["pairs", "links", "geometry"]
WAYS = {
    "pairs": "known pairs of cells",
    "links": "the links that there are",
    "geometry": "the geometry of either modality, without any feature or cell in common",
}


@dataclass(frozen=True)
class Inferred:
    """Links that were inferred between RNA and one other modality.

    Parameters
    ----------
    modality
        The other one.
    way
        How cells were matched.
    links
        What was found, in columns of the modelled features; none where it cannot be told.
    fdr
        What was asked for.
    matching
        Of geometries, where they were matched.
    reason
        Why there are none; empty where there are.
    """

    modality: str
    way: Way
    links: InferredLinks
    fdr: float
    matching: Matching | None = None
    reason: str = ""

    @property
    def verdict(self) -> str:
        """What was done, and what that means, in a few sentences."""
        both = in_words(("rna", self.modality))
        if self.reason:
            return f"No links between {both} were inferred: {self.reason}."
        return (
            f"{len(self.links):,} links between {both} are inferred from the data, not from "
            f"annotation: features that go together over metacells matched by {WAYS[self.way]} (FDR {self.fdr:g} "
            "against metacells matched at random). They show co-variation, not regulation; how many are true is not "
            "known, and no score that asks whether linked features agree is independent of them."
        )

    def record(self, genes: np.ndarray, features: np.ndarray) -> dict[str, Any]:
        """Return everything, for report.json; names of the modelled features are given."""
        strongest = [
            {"gene": str(genes[gene]), "feature": str(features[feature]), "correlation": round(r, 4), "q": round(q, 5)}
            for gene, feature, r, q in zip(
                self.links.gene[:LISTED].tolist(),
                self.links.feature[:LISTED].tolist(),
                self.links.correlation[:LISTED].tolist(),
                self.links.q[:LISTED].tolist(),
                strict=True,
            )
        ]
        found: dict[str, Any] = {
            "modalities": ["rna", self.modality],
            "matched_by": self.way,
            "count": len(self.links),
            "fdr": self.fdr,
            "least_correlation": round(float(self.links.correlation.min()), 4) if len(self.links) else None,
            "precision": None,
            "strongest": strongest,
            "verdict": self.verdict,
        }
        if self.matching is not None:
            found["geometry"] = {
                "similarity": round(self.matching.similarity, 4),
                "surrogates": [round(each, 4) for each in self.matching.surrogates],
                "p": round(self.matching.p, 4),
                "consensus": round(self.matching.consensus, 4),
            }
        return found


def with_inferred_links(
    dataset: Dataset, prepared: dict[str, Prepared], graph: GuidanceGraph, config: RunConfig, tell: Telling = SILENT
) -> tuple[GuidanceGraph, tuple[Inferred, ...]]:
    """Add links between RNA and every other modality that the data suggest.

    Parameters
    ----------
    dataset, prepared
        Of the run.
    graph
        The guidance so far; without links where none were wanted.
    config
        Says whether to infer, how many links a feature may have, and the FDR.
    tell
        Told the progress.

    Returns
    -------
    tuple
        The guidance, its inferred links marked, and what was found of each modality.
    """
    if config.infer_links == "no" or "rna" not in prepared:
        return graph, ()
    found = []
    for other in prepared:
        if other != "rna":
            both = {name: prepared[name] for name in ("rna", other)}
            infer = partial(_infer, dataset, both, graph, config, tell)
            inferred = kept(f"links inferred between rna and {other}", infer, (Inferred, InferredLinks, Matching))
            graph = graph.with_inferred(other, inferred.links.gene, inferred.links.feature, inferred.links.correlation)
            found.append(inferred)
            if inferred.reason:
                tell.warn(inferred.verdict)
    return graph, tuple(found)


def inference_record(inferred: tuple[Inferred, ...], graph: GuidanceGraph) -> dict[str, Any]:
    """Return what was inferred, for report.json: ``guidance_inferred``, a list with an entry a modality."""
    names = graph.vertices["name"].to_numpy(str)
    found = [each.record(names[graph.block("rna")], names[graph.block(each.modality)]) for each in inferred]
    return {"guidance_inferred": found} if found else {}


def _infer(
    dataset: Dataset, prepared: dict[str, Prepared], graph: GuidanceGraph, config: RunConfig, tell: Telling
) -> Inferred:
    other = next(name for name in prepared if name != "rna")
    known = dataset.known_pairs("rna", other) if dataset.use_pairs else np.empty((0, 2), np.int64)
    tell(f"Inferring links between rna and {other} from the data")
    if len(known) >= FEWEST_PAIRS:
        return _checked(other, "pairs", _over(prepared, _pair_metacells(prepared, known, config.seed), config), config)
    if len(links_to_genes(graph, other)[0]) >= FEWEST_LINKS:
        return _checked(other, "links", _by_links(prepared, graph, config, tell), config)
    matching, cells = _matched_by_geometry(prepared, config, tell)
    if not matching.is_clear:
        reason = (
            "their geometries match no better than shuffled ones do, or in more than one way (similarity "
            f"{matching.similarity:.2f}, of shuffled ones up to {max(matching.surrogates):.2f}, p = {matching.p:.2g}; "
            f"{matching.consensus:.0%} of the starts that fit agree)"
        )
        return Inferred(other, "geometry", _none(), config.inferred_fdr, matching, reason)
    first = _over(prepared, cells, config, matching)
    if len(first) < FEWEST_LINKS:
        return _checked(other, "geometry", first, config, matching)
    again = graph.with_inferred(other, first.gene, first.feature, first.correlation)
    return _checked(other, "geometry", _by_links(prepared, again, config, tell), config, matching)


def _checked(
    other: str, way: Way, links: InferredLinks, config: RunConfig, matching: Matching | None = None
) -> Inferred:
    few = len(links) < FEWEST_LINKS
    reason = f"only {len(links)} pairs go together beyond chance" if few else ""
    return Inferred(other, way, _none() if few else links, config.inferred_fdr, matching, reason)


def _none() -> InferredLinks:
    empty = np.empty(0, np.int64)
    return InferredLinks(empty, empty, np.empty(0), np.empty(0))


def _by_links(prepared: dict[str, Prepared], graph: GuidanceGraph, config: RunConfig, tell: Telling) -> InferredLinks:
    """Match cells by the links that there are."""
    other = next(name for name in prepared if name != "rna")
    scores = aligned_scores(prepared, graph, other, config, tell)
    number = _metacells_of(min(map(len, scores)))
    clusters = MiniBatchKMeans(number, random_state=config.seed, n_init=3, batch_size=2048)
    label = clusters.fit_predict(np.vstack(scores))
    return _over(prepared, (label[: len(scores[0])], label[len(scores[0]) :]), config)


def _pair_metacells(prepared: dict[str, Prepared], known: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Cluster cells measured in both; -1 for cells without a partner."""
    sides = list(prepared.values())
    both = np.hstack([side.representation[rows] for side, rows in zip(sides, known.T, strict=True)])
    label = MiniBatchKMeans(_metacells_of(len(known)), random_state=seed, n_init=3, batch_size=2048).fit_predict(both)
    labels = [np.full(side.modality.n_cells, -1) for side in sides]
    for mine, rows in zip(labels, known.T, strict=True):
        mine[rows] = label
    return labels[0], labels[1]


def _matched_by_geometry(
    prepared: dict[str, Prepared], config: RunConfig, tell: Telling
) -> tuple[Matching, tuple[np.ndarray, np.ndarray]]:
    """Match metacells of each modality by itself by the distances among them."""
    number = min(GEOMETRY_METACELLS, *(_metacells_of(side.modality.n_cells) for side in prepared.values()))
    labels, centres = [], []
    for side in prepared.values():
        values = log_normalised(side.profile) if side.modality.is_count else side.profile
        programs = programs_of(values, config.seed)
        cells = (programs.cells * programs.weight)[:, :GEOMETRY_COMPONENTS]
        means = MiniBatchKMeans(number, random_state=config.seed, n_init=3, batch_size=2048).fit(cells)
        labels.append(means.labels_)
        centres.append(means.cluster_centers_)
    counted = tell.counting("Matching the geometries of both modalities, and of shuffled ones")
    return match_geometries(*centres, seed=config.seed, tell=counted), (labels[0], labels[1])


def _metacells_of(n_cells: int) -> int:
    return int(np.clip(n_cells // CELLS_PER_METACELL, 2, METACELLS))


def _over(
    prepared: dict[str, Prepared],
    labels: tuple[np.ndarray, np.ndarray],
    config: RunConfig,
    matching: Matching | None = None,
) -> InferredLinks:
    """Infer links over metacells of both modalities; those of the other are brought to the first by a coupling."""
    number = 1 + max(int(each.max()) for each in labels)
    (genes, of_genes), (features, of_features) = (
        _profiles(*each, number) for each in zip(prepared.values(), labels, strict=True)
    )
    if matching is not None:
        weights = matching.coupling / matching.coupling.sum(axis=1, keepdims=True)
        features, of_features = weights @ features, of_genes
    size = np.minimum(of_genes, of_features)
    kept = size >= FEWEST_CELLS
    if kept.sum() < FEWEST_METACELLS:
        return _none()
    return infer_links(
        genes[kept],
        features[kept],
        weight=np.sqrt(size[kept]),
        most=config.inferred_per_feature,
        fdr=config.inferred_fdr,
        seed=config.seed,
    )


def _profiles(side: Prepared, label: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean log profile of every metacell, (m, F), and its cells, (m,); cells of label -1 are in none."""
    rows = np.flatnonzero(label >= 0)
    size = np.bincount(label[rows], minlength=number)
    gather = sp.csr_matrix((1 / np.maximum(size[label[rows]], 1), (label[rows], rows)), (number, len(label)))
    mean = np.asarray((gather @ side.profile).todense(), np.float64)
    if side.modality.is_count:
        mean = np.log1p(1e4 * mean / np.maximum(mean.sum(axis=1, keepdims=True), 1e-9))
    return mean, size
