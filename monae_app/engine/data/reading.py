"""From the files of a run to its Dataset, or to one message that says why not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.dataset import Dataset, Modality
from monae_app.engine.data.modality_reading import read_whole
from monae_app.engine.data.on_disk import take
from monae_app.engine.data.quality import keep_cells
from monae_app.engine.data.samples import SAMPLE, mark_sample
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from monae_app.engine.config import ModalityName, RunConfig
    from monae_app.engine.data.modality_reading import Finding


def read_dataset(config: RunConfig, tell: Telling = SILENT) -> Dataset:
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
        modalities[name], findings[name] = _read(name, config, notes, tell)
    columns = config.batch_key
    if not columns and config.sample_as_batch and any(len(each["samples"]) > 1 for each in findings.values()):
        columns = (SAMPLE,)
        for modality, each in modalities.items():
            samples = findings[modality]["samples"]
            if len(samples) == 1:
                modalities[modality] = replace(each, obs=mark_sample(each.obs, samples[0]["name"]))
        notes.append("Each sample is a batch of its own (--set sample_as_batch=false takes them as one).")
    return Dataset(modalities, columns, config.paired, tuple(notes), findings, config.reference_batch or "")


def read_modality(name: ModalityName, config: RunConfig, notes: list[str]) -> Modality:
    """Read one modality; decisions taken on the way are appended to ``notes``, in words."""
    return _read(name, config, notes, SILENT)[0]


def _read(name: ModalityName, config: RunConfig, notes: list[str], tell: Telling) -> tuple[Modality, Finding]:
    whole = read_whole(name, config, notes, tell)
    values, obs = whole.values, whole.obs
    # what is empty is refused as such, not for its few counts
    if all(values.shape):
        keep = keep_cells(values, obs, whole.var, name, config, notes, tell)
        if not keep.all():
            values, obs = take(values, np.flatnonzero(keep)), obs[keep]
    return Modality(name, values, obs, whole.var, whole.likelihood), whole.finding
