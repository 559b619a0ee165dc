"""From a finished run and the values it was made from to the evidence on what regulates what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.analysis.regulation.candidate_pairs import candidate_pairs
from monae_app.engine.analysis.regulation.evidence import LINK_COLUMNS, Regulation
from monae_app.engine.analysis.regulation.links import score_links
from monae_app.engine.analysis.regulation.measured_directions import Directions, directions_of, fit_vectors, space_of
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.inputs_there import check_inputs
from monae_app.engine.data.metacells import find_metacells
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.errors import InputError
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from monae_app.engine.data.dataset import Dataset, Modality
    from monae_app.engine.data.motifs.hits import MotifHits
    from monae_app.engine.result import Result

LINKED = ("rna", "atac")
PAIRS_AT_ONCE = 200_000
WINDOW = 150_000


@dataclass(frozen=True)
class _Side:
    """One modality: its values, its cells on the shared axes, their batches."""

    modality: Modality
    latent: np.ndarray
    batch: np.ndarray

    def directions(self, space: np.ndarray, seed: int) -> Directions:
        values = sp.csr_matrix(self.modality.values)
        fitted = fit_vectors(values, self.latent, self.batch, counted=self.modality.is_count, seed=seed)
        return directions_of(fitted, space, np.asarray(values.mean(axis=0), np.float64).ravel())


def gather(
    result: Result,
    *,
    hits: MotifHits | None = None,
    window: int = WINDOW,
    dataset: Dataset | None = None,
    tell: Telling = SILENT,
) -> Regulation:
    """Read the values that a run was made from, and work out what speaks for which link.

    Parameters
    ----------
    result
        A finished run with RNA.
    hits
        Motifs in its peaks.
    window
        Pairs of a gene and a peak this far from body and promoter are scored (bp).
    dataset
        What the run was made from; read if left out.
    tell
        Told the progress.

    Raises
    ------
    InputError
        If the run has no RNA, or its files are gone or hold other cells.
    """
    if "rna" not in result.modalities:
        raise InputError(
            f"The run has {' and '.join(result.modalities)} alone.",
            "a run with RNA: targets and links are told by the genes.",
            "train one with rna=FILE.",
        )
    for name in set(LINKED) & set(result.modalities):
        check_inputs(
            result.config,
            name,
            expected="the file that the run was made from: links are told by what was measured.",
            todo="put it back, or ask the run where it was made.",
        )
    if dataset is None:
        tell("Reading what was measured")
        dataset = read_dataset(result.config, tell)
    sides = _sides(result, dataset)
    space = space_of(np.vstack([side.latent for side in sides.values()]))
    rows = {name: np.flatnonzero((result.features.obs["modality"] == name).to_numpy()) for name in sides}
    metacells = find_metacells([side.latent for side in sides.values()], seed=result.config.seed)
    written = result.features.obs["name"].to_numpy(object)
    names = {name: written[at].astype(str).astype(object) for name, at in rows.items()}
    profiles = np.empty((0, len(names["rna"])))
    if metacells.enough:
        rna = sides["rna"].modality
        profiles = metacells.profiles(0, sp.csr_matrix(rna.values), counted=rna.is_count)
    vectors = np.asarray(result.features.obsm["X_monae"], np.float32)[rows["rna"]]
    found = Regulation(
        names["rna"], names.get("atac", np.empty(0, object)), _no_links(), vectors, profiles, None, result.config.seed
    )
    if "atac" not in sides:
        return replace(found, notes=("The run has no ATAC: targets are told by expression alone.",))
    located = locate_features(dataset, result.config)
    if not located["rna"]["chrom"].notna().any() or not located["atac"]["chrom"].notna().any():
        return replace(found, notes=("No gene has a place in the genome: peaks cannot be linked to genes.",))
    tell("Fitting every gene and every peak to what was measured of it")
    directions = {name: side.directions(space, result.config.seed) for name, side in sides.items()}
    guidance = sp.csr_matrix(result.features.obsp["guidance"])[rows["rna"]][:, rows["atac"]]
    pairs = candidate_pairs(located["rna"], located["atac"], guidance, promoter=result.config.promoter, window=window)
    chrom = tuple(located[name]["chrom"].to_numpy(object) for name in LINKED)
    counting = tell.counting("Holding links against peaks of other chromosomes")
    links = score_links(pairs, directions["rna"], directions["atac"], chrom, seed=result.config.seed, tell=counting)  # type: ignore[arg-type]
    correlation = np.full(len(links), np.nan)
    if metacells.enough:
        atac = sides["atac"].modality
        correlation = _correlations(
            links, profiles, metacells.profiles(1, sp.csr_matrix(atac.values), counted=atac.is_count)
        )
    links = links.assign(correlation=correlation)[list(LINK_COLUMNS)]
    return replace(found, links=links, hits=_aligned(hits, names["atac"]), notes=_said(links))


def _correlations(links: pd.DataFrame, genes: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Correlate both ends of links over metacells, from standard profiles (m, G) and (m, P)."""
    parts = [links.iloc[first : first + PAIRS_AT_ONCE] for first in range(0, len(links), PAIRS_AT_ONCE)]
    products = [np.einsum("mp,mp->p", genes[:, each["gene"]], peaks[:, each["peak"]]) for each in parts]
    return np.concatenate([*products, np.empty(0)])


def _sides(result: Result, dataset: Dataset) -> dict[str, _Side]:
    """Values and cells of RNA and, if there is any, ATAC."""
    modality = result.cells.obs["modality"].to_numpy()
    latent = np.asarray(result.cells.obsm["X_monae"], np.float64)
    found = {}
    for name in LINKED:
        if name not in dataset.modalities:
            continue
        mine = modality == name
        given = [f"{name}:{each}" for each in dataset.modalities[name].obs.index]
        if given != result.cells.obs_names[mine].tolist():
            raise InputError(
                f"The files of {name} hold other cells than the run was made from.",
                "the files as they were.",
                "put them back, or train a run on those that are there.",
            )
        found[name] = _Side(dataset.modalities[name], latent[mine], dataset.batch_codes[name])
    return found


def _no_links() -> pd.DataFrame:
    kinds: dict[str, type] = dict.fromkeys(LINK_COLUMNS, float)
    kinds |= {"gene": np.int64, "peak": np.int64, "distance_bp": np.int64, "sign": np.int8, "in_guidance": bool}
    return pd.DataFrame({name: np.empty(0, kind) for name, kind in kinds.items()})


def _said(links: pd.DataFrame) -> tuple[str, ...]:
    unknown = int(links["p"].isna().sum())
    if not unknown:
        return ()
    return (
        f"{unknown:,} of {len(links):,} pairs have no p-value: the feature has no counts, or fewer than 200 peaks lie "
        "on other chromosomes.",
    )


def _aligned(hits: MotifHits | None, peaks: np.ndarray) -> MotifHits | None:
    """Bring hits to the peaks of the run, in its order; peaks that were not scanned have none."""
    if hits is None or (len(hits.peaks) == len(peaks) and (hits.peaks == peaks).all()):
        return hits
    at = pd.Index(hits.peaks).get_indexer(pd.Index(peaks))
    if (at < 0).all():
        raise InputError(
            f"None of the peaks of the motif hits, such as {hits.peaks[0]}, is one of the run's, such as {peaks[0]}.",
            "hits in the peaks of this run.",
            "find them anew: monae motifs RUN --fasta GENOME.fa --out FILE.npz.",
        )
    there = np.flatnonzero(at >= 0)
    moved = sp.csr_matrix((np.ones(len(there)), (there, at[there])), shape=(len(peaks), len(hits.peaks)))
    counts, scores = (sp.csr_matrix(moved @ each) for each in (hits.counts, hits.scores))
    for each in (counts, scores):
        each.sort_indices()
    return replace(hits, peaks=peaks, counts=counts.astype(np.int32), scores=scores.astype(np.float32))
