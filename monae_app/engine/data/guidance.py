"""The guidance graph: which features regulate or encode each other, from their places in the genome and their names.

V vertices (the modelled features of all modalities), P gene-peak pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

DECAY_LENGTH = 1000
DECAY_POWER = -0.75
SMALLEST_WEIGHT = 0.01


@dataclass(frozen=True)
class GuidanceGraph:
    """Signed, weighted edges between features, each pair once, self-loops left implicit.

    Parameters
    ----------
    vertices
        One row a vertex: ``modality`` and ``name``; all features of a modality stand together, shape (V, 2).
    source, target
        Ends of the edges as positions in ``vertices``, shape (P,).
    weight
        In (0, 1], shape (P,), float32.
    sign
        +1 or -1, shape (P,), int8.
    inferred
        Whether an edge comes from the data that it guides, and not from annotation, shape (P,); None if none does.
    """

    vertices: pd.DataFrame
    source: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    sign: np.ndarray
    inferred: np.ndarray | None = None

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            msg = f"guidance graph: {problem}"
            raise ValueError(msg)

    def _problem(self) -> str | None:
        if len({len(each) for each in (self.source, self.target, self.weight, self.sign, self.is_inferred)}) != 1:
            return "lengths differ"
        ends = np.sort(np.stack([self.source, self.target]), axis=0)
        modality = self.vertices["modality"].to_numpy()
        checks = (
            ((ends >= 0) & (ends < self.n_vertices), "an edge leaves the graph"),
            (self.source != self.target, "a self-loop stands among the edges"),
            (
                np.array(len(np.unique(ends[0] * self.n_vertices + ends[1])) == len(self.source)),
                "a pair of features is joined twice",
            ),
            ((self.weight > 0) & (self.weight <= 1), "a weight is outside (0, 1]"),
            (np.isin(self.sign, (-1, 1)), "a sign is neither +1 nor -1"),
            (
                np.array((modality[1:] != modality[:-1]).sum() + 1 == len(np.unique(modality))),
                "the features of a modality do not stand together",
            ),
        )
        return next((sentence for holds, sentence in checks if not holds.all()), None)

    @property
    def n_vertices(self) -> int:
        """Number of vertices, V."""
        return len(self.vertices)

    def block(self, modality: str) -> slice:
        """Positions of one modality's vertices."""
        found = np.flatnonzero((self.vertices["modality"] == modality).to_numpy())
        return slice(int(found[0]), int(found[-1]) + 1)

    @property
    def is_inferred(self) -> np.ndarray:
        """Whether an edge was inferred from the data, shape (P,)."""
        return np.zeros(len(self.source), bool) if self.inferred is None else self.inferred

    def edges(self, rows: np.ndarray) -> GuidanceGraph:
        """Return the graph with these edges alone, by positions or as a mask."""
        parts = {name: getattr(self, name)[rows] for name in ("source", "target", "weight", "sign")}
        return replace(self, **parts, inferred=None if self.inferred is None else self.inferred[rows])

    def stated(self) -> GuidanceGraph:
        """Return the graph without inferred edges, which are no evidence about the data that they come from."""
        return self if self.inferred is None else self.edges(~self.inferred)

    def with_inferred(self, modality: str, gene: np.ndarray, feature: np.ndarray, weight: np.ndarray) -> GuidanceGraph:
        """Add edges that were inferred; pairs that are joined already stay as they are.

        Parameters
        ----------
        modality
            What the features are of.
        gene, feature
            Positions within the blocks of ``rna`` and of that modality, (E,).
        weight
            In (0, 1], (E,).
        """
        source, target = gene + self.block("rna").start, feature + self.block(modality).start
        known = [np.minimum(a, b) * self.n_vertices + np.maximum(a, b) for a, b in
                 ((self.source, self.target), (source, target))]  # fmt: skip
        new = ~np.isin(known[1], known[0])
        return replace(
            self,
            source=np.r_[self.source, source[new]],
            target=np.r_[self.target, target[new]],
            weight=np.r_[self.weight, np.clip(weight[new], SMALLEST_WEIGHT, 1)].astype(np.float32),
            sign=np.r_[self.sign, np.ones(int(new.sum()), np.int8)].astype(np.int8),
            inferred=np.r_[self.is_inferred, np.ones(int(new.sum()), bool)],
        )

    def message_edges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Edges in both directions and a self-loop of weight 1 on every vertex, for message passing.

        Returns
        -------
        tuple
            Ends (2, 2P + V), weights and signs (2P + V,).
        """
        loops = np.arange(self.n_vertices)
        ends = np.stack([np.r_[self.source, self.target, loops], np.r_[self.target, self.source, loops]])
        weight = np.r_[self.weight, self.weight, np.ones(self.n_vertices, np.float32)]
        sign = np.r_[self.sign, self.sign, np.ones(self.n_vertices, np.int8)]
        return ends, weight.astype(np.float32), sign


def link_genes_to_peaks(genes: pd.DataFrame, peaks: pd.DataFrame, *, promoter: int, window: int = 0) -> pd.DataFrame:
    """Find the pairs of a gene and a peak that overlaps its body or promoter, or lies within a window of them.

    Parameters
    ----------
    genes
        Columns ``chrom``, ``start``, ``end``, ``strand``; rows without coordinates are left out.
    peaks
        Columns ``chrom``, ``start``, ``end``.
    promoter
        bp upstream of the start of the gene; upstream of the end where the strand is ``-``.
    window
        bp beyond body and promoter.

    Returns
    -------
    pandas.DataFrame
        ``gene`` and ``peak`` (positions in the inputs), ``distance`` (bp from body + promoter, 0 inside), ``weight``
        = ((distance + 1 kb) / 1 kb)^-0.75. Sorted by gene, then peak.
    """
    located = genes[["chrom", "start", "end", "strand"]].reset_index(drop=True).rename_axis("gene").reset_index()
    located = located.dropna(subset=["chrom", "start", "end"]).astype({"start": np.int64, "end": np.int64})
    minus = located["strand"] == "-"
    body_start = np.maximum(located["start"] - np.where(minus, 0, promoter), 0)
    body_end = located["end"] + np.where(minus, promoter, 0)
    reach = pd.DataFrame(
        {
            "chrom": located["chrom"].astype(str),
            "start": np.maximum(body_start - window, 0),
            "end": body_end + window,
            "gene": located["gene"],
            "body_start": body_start,
            "body_end": body_end,
        }
    ).reset_index(drop=True)
    spots = peaks[["chrom", "start", "end"]].reset_index(drop=True).rename_axis("peak").reset_index()
    spots = spots.dropna(subset=["chrom", "start", "end"]).astype({"start": np.int64, "end": np.int64})
    spots["chrom"] = spots["chrom"].astype(str)
    if reach.empty or spots.empty:
        return pd.DataFrame({"gene": [], "peak": [], "distance": [], "weight": []}).astype(int)
    # here, not above: it brings matplotlib, which takes a second
    import bioframe

    found = bioframe.overlap(reach, spots, how="inner", suffixes=("", "_peak"))
    before = found["body_start"] - found["end_peak"]
    after = found["start_peak"] - found["body_end"]
    distance = np.maximum(np.maximum(before, after), 0).to_numpy(np.int64)
    pairs = pd.DataFrame(
        {
            "gene": found["gene"].to_numpy(np.int64),
            "peak": found["peak_peak"].to_numpy(np.int64),
            "distance": distance,
            "weight": ((distance + DECAY_LENGTH) / DECAY_LENGTH) ** DECAY_POWER,
        }
    )
    return pairs.sort_values(["gene", "peak"], ignore_index=True)


def build_guidance(
    features: dict[str, Sequence[str]],
    genes: pd.DataFrame | None,
    peaks: pd.DataFrame | None,
    *,
    promoter: int,
    window: int,
    coding: pd.DataFrame | None = None,
    regions: pd.DataFrame | None = None,
) -> GuidanceGraph:
    """Join the features of all modalities into one graph.

    Parameters
    ----------
    features
        Names of the features by modality, in the order of the model.
    genes
        Coordinates of the ``rna`` features, row by row, NaN where unknown; None without RNA.
    peaks
        Coordinates of the ``atac`` features, row by row; None without ATAC.
    promoter, window
        As in :func:`link_genes_to_peaks`.
    coding
        ``gene`` and ``protein``, positions among the ``rna`` and ``protein`` features, each pair once, and ``weight``
        of the link (1 without that column); None without proteins or without RNA.
    regions
        ``gene`` and ``region``, positions among the ``rna`` and ``methylation`` features, and ``sign``, as from
        :func:`~monae_app.engine.data.regions.link_genes_to_regions`; None without methylation or without RNA.

    Raises
    ------
    InputError
        If no peak lies near any gene.
    """
    vertices = pd.DataFrame(
        {
            "modality": np.repeat(list(features), [len(names) for names in features.values()]),
            "name": [name for names in features.values() for name in names],
        }
    )
    starts = {name: int(np.argmax(vertices["modality"] == name)) for name in features}
    nothing = np.empty(0, np.int64)
    parts: list[tuple[Any, Any, Any, Any]] = [(nothing, nothing, np.empty(0), nothing)]
    if genes is not None and peaks is not None:
        pairs = _near(genes, peaks, promoter=promoter, window=window)
        one = np.ones(len(pairs), np.int64)
        parts.append((pairs["gene"] + starts["rna"], pairs["peak"] + starts["atac"], pairs["weight"], one))
    if coding is not None:
        of_links = coding["weight"] if "weight" in coding else np.ones(len(coding))
        ends = coding["gene"] + starts["rna"], coding["protein"] + starts["protein"]
        parts.append((*ends, of_links, np.ones(len(coding), np.int64)))
    if regions is not None:
        ends = regions["gene"] + starts["rna"], regions["region"] + starts["methylation"]
        parts.append((*ends, np.ones(len(regions)), regions["sign"]))
    source, target, weight, sign = (np.concatenate(each) for each in zip(*parts, strict=True))
    return GuidanceGraph(vertices, source, target, weight.astype(np.float32), sign.astype(np.int8))


def _near(genes: pd.DataFrame, peaks: pd.DataFrame, *, promoter: int, window: int) -> pd.DataFrame:
    pairs = link_genes_to_peaks(genes, peaks, promoter=promoter, window=window)
    if pairs.empty:
        raise InputError(
            f"None of the {len(peaks):,} peaks lies in the body or promoter of one of the {len(genes):,} genes.",
            "peaks and genes of the same genome.",
            "check the genome, or widen the search with --set window=50000.",
        )
    return pairs
