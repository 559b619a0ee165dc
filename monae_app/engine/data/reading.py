"""From the files of a run to its Dataset, or to one message that says why not."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.config import RunConfig
from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.dataset import Dataset, Modality, check_values, is_count
from monae_app.engine.data.part_reading import read_part
from monae_app.engine.data.readers import open_file
from monae_app.engine.data.samples import SAMPLE, Sample, mark_sample, sample_names, stack
from monae_app.engine.data.understanding.known_genes import ORGANISMS
from monae_app.engine.data.understanding.parts import FEATURES, parts_of
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.engine.config import LikelihoodName, ModalityName
    from monae_app.engine.data.contents import Contents, Part
    from monae_app.engine.data.dataset import Likelihood

SAMPLED_VALUES = 1_000_000

Finding = dict[str, Any]


def read_dataset(config: RunConfig) -> Dataset:
    """Read every input of a run.

    Where a modality has several samples and no batch column is named, the samples are the batches, unless
    ``sample_as_batch`` says otherwise.

    Raises
    ------
    InputError
        If a file cannot be read or does not hold what a run needs.
    """
    notes: list[str] = []
    findings: dict[str, Finding] = {}
    modalities: dict[str, Modality] = {}
    for name in config.inputs:
        modalities[name], findings[name] = _read(name, config, notes)
    columns = config.batch_key
    if not columns and config.sample_as_batch and any(len(each["samples"]) > 1 for each in findings.values()):
        columns = (SAMPLE,)
        for modality, each in modalities.items():
            samples = findings[modality]["samples"]
            if len(samples) == 1:
                modalities[modality] = replace(each, obs=mark_sample(each.obs, samples[0]["name"]))
        notes.append("Each sample is a batch of its own (--set sample_as_batch=false takes them as one).")
    return Dataset(modalities, columns, config.paired, tuple(notes), findings)


def read_modality(name: ModalityName, config: RunConfig, notes: list[str]) -> Modality:
    """Read one modality; decisions taken on the way are appended to ``notes``, in words."""
    return _read(name, config, notes)[0]


def _read(name: ModalityName, config: RunConfig, notes: list[str]) -> tuple[Modality, Finding]:
    samples, found = _samples(name, config, notes)
    values, obs, var = stack(samples, name, config.join_genes, notes)
    likelihood = _likelihood(values, name, getattr(config, f"{name}_likelihood"), notes)
    if is_count(likelihood) and values.shape[0]:
        # before the filters, to which a cell with a gap in it would look like one of few counts
        if values.nnz:
            check_values(values, obs.index, name, likelihood)
        keep = keep_cells(values, obs, var, name, config, notes)
        if not keep.all():
            values, obs = values[keep], obs[keep]
    return Modality(name, values, obs, var, likelihood), _summed_up(found, name, config, notes)


def _samples(name: ModalityName, config: RunConfig, notes: list[str]) -> tuple[list[Sample], list[Finding]]:
    """Read every part of a modality in every of its files."""
    chosen: list[tuple[Contents, Part]] = []
    options = ReadingOptions(getattr(config, f"{name}_orientation"), config.peaks, config.bin_size)
    for path in config.inputs[name]:
        contents = open_file(path, options)
        parts, about = parts_of(contents, name)
        chosen += [(contents, part) for part in parts]
        notes += [f"{name}: {_prefix(contents, config, name)}{note}" for note in (*contents.notes, *about)]
    names = _names(chosen)
    samples: list[Sample] = []
    found: list[Finding] = []
    while chosen:
        contents, part = chosen.pop(0)
        table = read_part(part, name, config)
        label = names[len(samples)]
        notes += [f"{name}: {label + ': ' if len(names) > 1 else ''}{note}" for note in table.notes]
        about_sample = {"name": label, "file": contents.path.name, "format": contents.format, "part": part.name}
        found.append(about_sample | {"cells": len(table.obs), "features": len(table.var)} | table.found)
        samples.append(Sample(label, table.values, table.obs, table.var, _whole(table.values)))
    return samples, found


def _prefix(contents: Contents, config: RunConfig, name: ModalityName) -> str:
    return f"{contents.path.name}: " if len(config.inputs[name]) > 1 else ""


def _names(chosen: list[tuple[Contents, Part]]) -> list[str]:
    """Name samples by their files, and by their parts where a file holds several."""
    paths = [contents.path for contents, _ in chosen]
    files = list(dict.fromkeys(paths))
    stems = dict(zip(files, sample_names(files), strict=True))
    names: list[str] = []
    for path, (_, part) in zip(paths, chosen, strict=True):
        several = paths.count(path) > 1
        name = stems[path] if not several else part.name if len(files) == 1 else f"{stems[path]}_{part.name}"
        names.append(name if name and name not in names else f"{name}_{len(names) + 1}".strip("_"))
    return names


def _summed_up(found: list[Finding], name: ModalityName, config: RunConfig, notes: list[str]) -> Finding:
    """Say once for all samples what they are, and where that contradicts the genome of the run."""
    first = found[0]
    for each in found:
        guess = each["genome"] if name == "atac" else each["organism"]
        told = config.genome if name == "atac" or config.genome is None else ORGANISMS[config.genome]
        if config.genome and guess["certainty"] == "sure" and guess["value"] not in (told, None, "human and mouse"):
            notes.append(
                f"{name}: the {FEATURES[name]} of {each['file']} look like {guess['value']} ({guess['because']}), but "
                f"the run was told {config.genome}."
            )
    keys = ("format", "matrix", "kind", "names", "modality", "organism", "genome")
    return {"samples": [{key: each[key] for key in each if key not in keys[3:]} for each in found]} | {
        key: first[key] for key in keys
    }


def _whole(values: sp.csr_matrix) -> bool:
    sample = values.data[:: max(1, len(values.data) // SAMPLED_VALUES)]
    # NaN is neither: it is left to the check of the modality, which says where it stands
    finite = sample[np.isfinite(sample)]
    return bool(np.array_equal(finite, np.round(finite)))


def _likelihood(values: sp.csr_matrix, name: str, wanted: LikelihoodName, notes: list[str]) -> Likelihood:
    if wanted != "auto":
        return wanted
    if _whole(values):
        return "nb"
    scaled = "; some are negative, as after scaling" if (values.data < 0).any() else ""
    notes.append(
        f"{name}: the values are not counts{scaled}, so they are modelled as continuous (normal distribution); raw "
        "counts would serve better."
    )
    return "normal"


def keep_cells(
    values: sp.csr_matrix,
    _obs: pd.DataFrame,
    _var: pd.DataFrame,
    name: ModalityName,
    config: RunConfig,
    notes: list[str],
) -> np.ndarray:
    """Say which cells pass the quality filters of a run, (N,) bool; how many do not is appended to ``notes``."""
    library = np.asarray(values.sum(axis=1)).ravel()
    keep = library >= config.min_counts
    if config.low_count_mads and keep.any():
        logs = np.log1p(library)
        middle = np.median(logs[keep])
        spread = 1.4826 * np.median(np.abs(logs[keep] - middle))
        keep &= logs >= middle - config.low_count_mads * spread
    if not keep.all():
        dropped = int((~keep).sum())
        notes.append(f"{name}: {dropped:,} of {len(keep):,} cells have too few counts and were left out.")
    return keep


def read_feature(config: RunConfig, modality: ModalityName, feature: str) -> pd.Series:
    """Measured values of one feature, by cell name, shape (N,).

    Raises
    ------
    InputError
        If the files cannot be read or have no such feature.
    """
    modified = tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in config.inputs[modality])
    cells, names, columns = _columns(
        config.model_copy(update={"inputs": {modality: config.inputs[modality]}}).model_dump_json(), modified
    )
    if feature not in names:
        raise InputError(
            f"{config.inputs[modality][0].name} has no feature {feature!r}.",
            "a name from var.",
            "choose another feature.",
        )
    return pd.Series(columns[:, names.get_loc(feature)].toarray().ravel(), index=cells)


@lru_cache(maxsize=4)
def _columns(settings: str, _modified: tuple[int, ...]) -> tuple[pd.Index, pd.Index, sp.csc_matrix]:
    config = RunConfig.model_validate_json(settings)
    (modality,) = config.inputs
    whole = read_modality(modality, config, [])
    return whole.obs.index, whole.var.index, sp.csc_matrix(whole.values)
