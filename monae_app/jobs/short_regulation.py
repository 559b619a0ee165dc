"""The regulation of a run, worked out by short work: what speaks for links and targets, and levels over groups.

N cells, G genes, P peaks, K groups.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
import threadpoolctl

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.regulation.activity import master_regulators, regulon_activity
from monae_app.engine.analysis.regulation.gathering import gather
from monae_app.engine.analysis.regulation.group_levels import imputed_levels, measured_levels
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.data.coordinates import locate_features, read_annotation
from monae_app.engine.data.genome import transcription_factors
from monae_app.engine.data.known_targets import organism_of_run
from monae_app.engine.data.motifs.hits import MOTIF_HITS, MotifHits
from monae_app.engine.data.motifs.organisms import GENOMES
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.result import Result
from monae_app.engine.telling import Telling
from monae_app.jobs import bitsets
from monae_app.jobs.kept_npz import Kept, columns_of
from monae_app.jobs.kept_regulation import PLACES, KeptRegulation, groups_asked

if TYPE_CHECKING:
    from monae_app.engine.analysis.regulation.evidence import Regulation
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.telling import Event
    from monae_app.jobs.short_work import Bench

KEPT_BYTES = 512 * 2**20
# cells of which the activity of factors is worked out; drawn by the run's seed
MOST_CELLS = 50_000
OTHERS = "all others"
LEVELS = ("difference", "activity", "rest", "expression", "expression_rest")
PLACE_COLUMNS = ("chrom", "start", "end", "strand")


def regulate_run(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Work out what regulates what in a run, and levels and activities over groups, and keep them.

    Parameters
    ----------
    order
        ``folder`` of the run, and ``groups`` as ``groups_asked`` names them.
    bench
        Where.

    Returns
    -------
    dict
        ``groups``, as they were asked for.
    """
    folder, groups = Path(order["folder"]), dict(order["groups"])
    kept, asked = KeptRegulation(bench.store, bench.user), groups_asked(groups)
    evidence = kept.evidence(folder)
    if (
        evidence is not None
        and kept.read(folder, asked) is not None
        and kept.read(folder, {"kind": PLACES}) is not None
    ):
        return {"groups": groups}
    bench.tell(0.02, "Reading the run")
    with threadpoolctl.threadpool_limits(1):
        result, run = Result.load(folder), RunSlices(folder, KeptArrays(KEPT_BYTES))
        tell = Telling("regulation", _heard(bench))
        dataset = read_dataset(result.config, tell)
        if evidence is None:
            path = folder / MOTIF_HITS
            hits = MotifHits.load(path) if path.exists() else None
            window = result.config.refined_window
            evidence = gather(result, hits=hits, window=window, dataset=dataset, tell=tell)
            kept.write_evidence(folder, evidence)
        kept.write(folder, {"kind": PLACES}, _places(dataset, result))
        bench.tell(0.7, "Averaging over groups")
        kept.write(folder, asked, _over_groups(run, dataset, evidence, groups, bench))
    return {"groups": groups}


def group_codes(run: RunSlices, groups: dict[str, Any]) -> tuple[np.ndarray, list[str]]:
    """Group of each cell, (N,), negative for none, and names of the K groups."""
    if groups.get("bits"):
        chosen = bitsets.read(str(groups["bits"]), run.n_cells)
        return np.where(chosen, 0, 1).astype(np.int64), [str(groups["name"]), OTHERS]
    column = run.column(str(groups["column"]))
    names = sorted(set(column.dropna().astype(str)))
    return pd.Categorical(column.astype(str).where(column.notna()), categories=names).codes.astype(np.int64), names


def _heard(bench: Bench) -> Any:
    def heard(event: Event) -> None:
        share = event.get("done", 0) / max(event.get("total") or 1, 1)
        bench.tell(0.1 + 0.55 * share, str(event["message"]))

    return heard


def _places(dataset: Dataset, result: Result) -> Kept:
    """Where genes and peaks lie: those of the run in its order, and all genes of its annotation."""
    annotation = read_annotation(result.config)
    arrays: dict[str, np.ndarray] = {}
    if annotation is not None:
        arrays |= columns_of("annotation", annotation)
    if {"rna", "atac"} <= set(dataset.modalities):
        located = locate_features(dataset, result.config)
        for name in ("rna", "atac"):
            table = located[name].assign(
                chrom=located[name]["chrom"].fillna("").astype(str), strand=located[name]["strand"].fillna(".")
            )
            for side in ("start", "end"):
                table[side] = pd.to_numeric(table[side]).fillna(-1).astype(np.int64)
            arrays |= columns_of(name, table[list(PLACE_COLUMNS)].reset_index(drop=True))
    return Kept(arrays, {})


def _over_groups(run: RunSlices, dataset: Dataset, evidence: Regulation, groups: dict[str, Any], bench: Bench) -> Kept:
    codes, names = group_codes(run, groups)
    library = run.column("library_size").to_numpy(np.float64)
    arrays: dict[str, np.ndarray] = {}
    counts: dict[str, list[int]] = {}
    for name in ("rna", "atac"):
        if name not in dataset.modalities:
            continue
        span, side = run.spans[name], dataset.modalities[name]
        mine = codes[span.start : span.stop]
        counts[name] = np.bincount(mine[mine >= 0], minlength=len(names)).tolist()
        depth = library[span.start : span.stop] if side.is_count else None
        arrays[name] = measured_levels(sp.csr_matrix(side.values), depth, mine, len(names))
        other = "atac" if name == "rna" else "rna"
        if name == "atac" and side.is_count and other in run.spans:
            bench.tell(0.8, "Imputing peaks in cells of RNA")
            theirs = run.spans[other]
            arrays["atac_imputed"] = imputed_levels(run, other, name, codes[theirs.start : theirs.stop], len(names))
    bench.tell(0.88, "Working out how active factors are")
    table = _regulators(run, dataset, evidence, codes, names)
    return Kept(arrays | columns_of("regulators", table), {"groups": names, "cells": counts})


def _regulators(
    run: RunSlices, dataset: Dataset, evidence: Regulation, codes: np.ndarray, names: list[str]
) -> pd.DataFrame:
    """Rank factors by their activity in each group, from the RNA of some cells."""
    organism = organism_of_run(run.config.genome, evidence.genes.tolist())
    listed = transcription_factors(None if organism is None else GENOMES[organism])
    factors = evidence.factors(listed)
    nothing = factors.assign(group="", rank=0, **dict.fromkeys(LEVELS, np.nan))
    if not len(factors):
        return nothing
    span, rna = run.spans["rna"], dataset.modalities["rna"]
    mine = codes[span.start : span.stop]
    random = np.random.default_rng(run.config.seed)
    chosen = np.sort(random.permutation(np.flatnonzero(mine >= 0))[:MOST_CELLS])
    values = sp.csr_matrix(rna.values)[chosen]
    if rna.is_count:
        depth = run.column("library_size").to_numpy(np.float64)[span.start : span.stop][chosen]
        values = sp.csr_matrix(sp.diags_array(1e4 / np.maximum(depth, 1)) @ values)
        values.data = np.log1p(values.data)
    elif values.nnz and values.data.min() < 0:
        # an order of genes is all that is asked for
        values = sp.csr_matrix(values - values.min())
    members = evidence.regulons(factors["tf"].tolist())
    activity = regulon_activity(values, members, seed=run.config.seed)
    number = [evidence.numbers.get(name.casefold(), -1) for name in factors["tf"]]
    own = np.full((len(chosen), len(number)), np.nan, np.float32)
    there = np.array([each >= 0 for each in number], bool)
    own[:, there] = values[:, [each for each in number if each >= 0]].toarray()
    groups = np.array([*names, ""], object)[mine[chosen]]
    table = master_regulators(activity, own, groups, factors["tf"].tolist())
    # of one group alone nothing is more active than elsewhere
    return table.merge(factors, on="tf", how="left") if len(table) else nothing
