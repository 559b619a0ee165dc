"""Looks over the cells and features of a data set: ``python -m monae_app.jobs.survey FOLDER WHAT JSON``.

Away from the web process: reading takes seconds, and doublets are found with a library that brings numba.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from monae_app.engine.config import make_config
from monae_app.engine.data.cutoffs import without_cutoffs
from monae_app.engine.errors import InputError
from monae_app.jobs.columns import write_columns
from monae_app.jobs.kept_matrices import matrices_kept
from monae_app.jobs.surveys import write_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.engine.config import ModalityName, RunConfig
    from monae_app.engine.data.dataset import Dataset

CPU_SECONDS = 3600


def main(arguments: list[str]) -> int:
    """Write what is asked for into the folder: ``places``, ``quality``, ``doublets`` or ``alignment``.

    How far it is stands in ``<what>.json``: {"state": "running" | "done" | "failed", "message", "error"}.
    """
    folder, what, values = Path(arguments[0]), arguments[1], json.loads(arguments[2])

    def say(message: str) -> None:
        write_state(folder, what, "running", message)

    try:
        say("Reading the files")
        # Imported here: it brings readers that take seconds to load, and the page learns at once that it began.
        from monae_app.engine.data.reading import read_dataset

        # the cells that cut-offs would take away are to be shown, and so are controls among the antibodies
        shown = {"isotype_controls": "keep"} if what == "places" else {}
        config = make_config(**without_cutoffs(values) | shown)
        answer = {"places": _places, "quality": _quality, "doublets": _doublets, "alignment": _alignment}[what]
        with matrices_kept():
            dataset = read_dataset(config)
        said = answer(dataset, config, folder, say)
    except InputError as error:
        write_state(folder, what, "failed", str(error), error=error)
        return 2
    write_state(folder, what, "done", said=said)
    return 0


def _places(dataset: Dataset, _config: RunConfig, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    from monae_app.engine.data.coding import code_proteins
    from monae_app.engine.data.genome import parse_peaks

    say("Looking where genes and peaks lie")
    found = {name: each.var.index.to_frame(index=False, name="name") for name, each in dataset.modalities.items()}
    if "atac" in found:
        places = parse_peaks(dataset.modalities["atac"].var).reset_index(drop=True)
        found["atac"] = found["atac"].join(places)
    if {"rna", "protein"} <= set(found):
        genes = found["rna"]["name"].tolist()
        coded = code_proteins(dataset.modalities["protein"].var, genes)
        found["protein"] = found["protein"].assign(
            gene=["+".join(genes[at] for at in each.genes) for each in coded],
            lacking=[", ".join(each.lacking) for each in coded],
            **{name: [getattr(each, name) for each in coded] for name in ("how", "target", "kind", "weight", "note")},
        )
    for name, table in found.items():
        write_columns(table, folder / f"places-{name}.npz")
    return {"modalities": list(found)}


def _quality(dataset: Dataset, config: RunConfig, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    from monae_app.engine.data.coordinates import read_annotation
    from monae_app.engine.data.quality import cell_quality

    annotation = read_annotation(config)
    counted = [name for name, each in dataset.modalities.items() if each.is_count]
    for name in counted:
        say(f"Counting {name}")
        each = dataset.modalities[name]
        table = cell_quality(each.values, each.var, cast("ModalityName", name), annotation)
        write_columns(table, folder / f"quality-{name}.npz")
    return {"modalities": counted, "left_aside": [name for name in dataset.modalities if name not in counted]}


def _doublets(dataset: Dataset, _config: RunConfig, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    from monae_app.engine.data.doublets import FEATURES, doublet_scores

    thresholds: dict[str, float | None] = {}
    for name, each in dataset.modalities.items():
        if name not in FEATURES or not each.is_count:
            continue
        say(f"Looking for doublets in {name}")
        kind, sample = cast("ModalityName", name), each.obs.get("sample")
        scores, thresholds[name] = doublet_scores(each.values, kind, sample, say=say)
        write_columns(pd.DataFrame({"doublet_score": scores}), folder / f"doublets-{name}.npz")
    return {"thresholds": thresholds}


def _alignment(dataset: Dataset, config: RunConfig, _folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    from monae_app.engine.data.coordinates import locate_features
    from monae_app.engine.data.linking import link, modelled_features
    from monae_app.engine.telling import Telling
    from monae_app.engine.training.alignment_null import alignment_evidence

    def heard(event: dict[str, Any]) -> None:
        counted = f", {event['done']:,} of {event['total']:,}" if "total" in event else ""
        say(f"{event['message']}{counted}")

    tell = Telling("link", heard)
    graph = link(dataset, locate_features(dataset, config), config, tell)
    found = alignment_evidence(dataset, modelled_features(dataset, graph), graph, config, tell)
    return {"modalities": list(dataset.modalities), "pairs": [each.as_report() for each in found.values()]}


if __name__ == "__main__":
    from monae_app.jobs.isolation import bound_this_process, memory_bound

    # files of others are opened: what ends this process by its size is explained by who waits for it
    bound_this_process(memory_bound(), CPU_SECONDS)
    raise SystemExit(main(sys.argv[1:]))
