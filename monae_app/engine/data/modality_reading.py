"""From the files of one modality to one table of all its cells, before any is left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.dataset import METHYLATION, check_values
from monae_app.engine.data.isotype_background import leave_out_controls
from monae_app.engine.data.levels import CONTEXT
from monae_app.engine.data.methylation_reading import coverage_of
from monae_app.engine.data.part_reading import read_part
from monae_app.engine.data.readers import open_file
from monae_app.engine.data.samples import Sample, sample_names, stack
from monae_app.engine.data.store.kept import telling
from monae_app.engine.data.understanding.known_genes import ORGANISMS
from monae_app.engine.data.understanding.parts import FEATURES, parts_of
from monae_app.engine.data.whole_numbers import are_whole
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    import pandas as pd
    import scipy.sparse as sp

    from monae_app.engine.config import LikelihoodName, MethylationLikelihoodName, ModalityName, RunConfig
    from monae_app.engine.data.contents import Contents, Part
    from monae_app.engine.data.dataset import Likelihood

Finding = dict[str, Any]


@dataclass(frozen=True)
class Whole:
    """All cells of one modality.

    Parameters
    ----------
    values
        Shape (N, G), float32.
    obs, var
        Cells and features, (N, .) and (G, .).
    likelihood
        As told, or as the values look.
    finding
        What the files hold, as JSON.
    """

    values: sp.csr_matrix | CoveredMatrix
    obs: pd.DataFrame
    var: pd.DataFrame
    likelihood: Likelihood
    finding: Finding


def read_whole(name: ModalityName, config: RunConfig, notes: list[str], tell: Telling = SILENT) -> Whole:
    """Read all samples of a modality; decisions taken on the way are appended to ``notes``, in words.

    Raises
    ------
    InputError
        If a file cannot be read, does not hold the modality, or holds values that cannot be modelled.
    """
    samples, found = _samples(name, config, notes, tell)
    if len(samples) > 1:
        tell(f"Stacking {len(samples)} samples of {name}")
    values, obs, var = stack(samples, name, config.join_genes, notes)
    if isinstance(values, CoveredMatrix):
        likelihood: Likelihood = _of_methylation(found[0]["kind"], config.methylation_likelihood, notes)
        if likelihood == "normal":
            values = CoveredMatrix.of_levels(values.with_data(values.level))
    else:
        likelihood = _likelihood(values, name, getattr(config, f"{name}_likelihood"), notes)
    # before any filter, to which a cell with a gap in it would look like one of few counts
    if values.nnz or isinstance(values, CoveredMatrix):
        check_values(values, obs.index, name, likelihood)
    finding = _summed_up(found, name, config, notes)
    if isinstance(values, CoveredMatrix):
        finding["coverage"] = coverage_of(values, var[CONTEXT].to_numpy(str), found[0]["kind"])
    whole = Whole(values, obs, var, likelihood, finding)
    return leave_out_controls(whole, config, notes) if name == "protein" else whole


def _samples(
    name: ModalityName, config: RunConfig, notes: list[str], tell: Telling
) -> tuple[list[Sample], list[Finding]]:
    """Read every part of a modality in every of its files."""
    # files of all modalities are counted together
    before = sum(len(config.inputs[each]) for each in list(config.inputs)[: list(config.inputs).index(name)])
    n_files = sum(map(len, config.inputs.values()))
    chosen: list[tuple[Contents, Part]] = []
    of_file: list[int] = []
    options = ReadingOptions(getattr(config, f"{name}_orientation"), config.peaks, config.bin_size)
    for number, path in enumerate(config.inputs[name], start=before):
        sentence = f"Opening {path.name}, file {number + 1} of {n_files}"
        tell(sentence, before, n_files)
        with telling(partial(_so_far, tell, sentence)):
            contents = open_file(path, options)
        parts, about = parts_of(contents, name)
        chosen += [(contents, part) for part in parts]
        of_file += [number] * len(parts)
        notes += [f"{name}: {_prefix(contents, config, name)}{note}" for note in (*contents.notes, *about)]
    names = part_names(chosen)
    samples: list[Sample] = []
    found: list[Finding] = []
    while chosen:
        contents, part = chosen.pop(0)
        number = of_file.pop(0)
        sentence = f"Reading {name} from {contents.path.name}, file {number + 1} of {n_files}"
        tell(sentence, number, n_files)
        with telling(partial(_so_far, tell, sentence)):
            table = read_part(part, name, config)
        label = names[len(samples)]
        notes += [f"{name}: {label + ': ' if len(names) > 1 else ''}{note}" for note in table.notes]
        about_sample = {"name": label, "file": contents.path.name, "format": contents.format, "part": part.name}
        found.append(about_sample | {"cells": len(table.obs), "features": len(table.var)} | table.found)
        counted = table.found["kind"] != "levels" and are_whole(table.values)
        samples.append(Sample(label, table.values, table.obs, table.var, counted))
    return samples, found


def _so_far(tell: Telling, sentence: str, done: int, total: int) -> None:
    # in hundredths: nobody counts values
    tell(sentence, 100 * done // max(total, 1), 100)


def _prefix(contents: Contents, config: RunConfig, name: ModalityName) -> str:
    return f"{contents.path.name}: " if len(config.inputs[name]) > 1 else ""


def part_names(chosen: list[tuple[Contents, Part]]) -> list[str]:
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
        by_place = name in ("atac", METHYLATION)
        guess = each["genome"] if by_place else each["organism"]
        told = config.genome if by_place or config.genome is None else ORGANISMS[config.genome]
        if config.genome and guess["certainty"] == "sure" and guess["value"] not in (told, None, "human and mouse"):
            notes.append(
                f"{name}: the {FEATURES[name]} of {each['file']} look like {guess['value']} ({guess['because']}), but "
                f"the run was told {config.genome}."
            )
    keys = ("format", "matrix", "kind", "names", "modality", "organism", "genome")
    return {"samples": [{key: each[key] for key in each if key not in keys[3:]} for each in found]} | {
        key: first[key] for key in keys
    }


def _of_methylation(kind: str, wanted: MethylationLikelihoodName, notes: list[str]) -> Likelihood:
    if wanted != "auto":
        return wanted
    if kind == "reads":
        return "beta_binomial"
    notes.append(
        "methylation: levels are modelled as continuous (normal distribution), each as sure as the other; methylated "
        "and covered reads would serve better."
    )
    return "normal"


def _likelihood(values: sp.csr_matrix, name: str, wanted: LikelihoodName, notes: list[str]) -> Likelihood:
    if wanted != "auto":
        return wanted
    if are_whole(values):
        return "nb"
    scaled = "; some are negative, as after scaling" if (values.data < 0).any() else ""
    notes.append(
        f"{name}: the values are not counts{scaled}, so they are modelled as continuous (normal distribution); raw "
        "counts would serve better."
    )
    return "normal"
