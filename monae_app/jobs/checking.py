"""What would be read of files and folders, a line each, without training: ``monae check``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from monae_app.engine.data.dataset import MIN_CELLS, MIN_FEATURES
from monae_app.engine.data.methylation_reading import coverage_in_words
from monae_app.engine.data.understanding.matrices import WORDS
from monae_app.engine.data.understanding.parts import FEATURES
from monae_app.jobs.cells_together import CellsTogether
from monae_app.jobs.looking import look_at_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from monae_app.engine.data.contents import ReadingOptions

# A file may take as long as it takes to read it: who asks on the command line can stop it.
SECONDS = 3600.0
PASSED_OVER = (
    ".md", ".rst", ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".log", ".py", ".r", ".rmd", ".ipynb", ".sh",
    ".pdf", ".png", ".jpg", ".jpeg", ".svg", ".html", ".css", ".js", ".docx", ".tbi", ".csi", ".md5", ".sha256",
    ".bam", ".bai", ".bw", ".bigwig", ".cloupe", ".vloupe", ".stats",
    ".bed", ".bed.gz", ".gtf", ".gtf.gz", ".gff", ".gff.gz", ".gff3", ".gff3.gz",
)  # fmt: skip
PASSED_NAMES = (
    "readme", "license", "licence", "source", "changelog", "makefile", "copying", "notice", "citation",
    # beside the matrices of Cell Ranger
    "metrics_summary", "per_barcode_metrics", "atac_peak_annotation", "tissue_positions", "tissue_positions_list",
)  # fmt: skip
MATRICES = (".mtx", ".mtx.gz")
ZARR = (".zgroup", ".zattrs", "zarr.json", ".zmetadata")
OF_A_RUN = ("config.json", "cells.h5ad", "features.h5ad")


def inputs_below(path: Path) -> list[Path]:
    """Name what there is to read at a path, sorted.

    A file is read whatever it is called. So is a folder that is a data set itself (10x matrices, zarr). Any other
    folder is walked; hidden files, runs of Monae, and files that by their names are texts, pictures, programs, indices
    or annotations are passed over.
    """
    if not path.is_dir() or _is_dataset(path):
        return [path]
    return list(_walk(path))


def _walk(folder: Path) -> Iterator[Path]:
    if all((folder / name).exists() for name in OF_A_RUN):
        return
    for path in sorted(folder.iterdir()):
        name = path.name.casefold()
        if name.startswith((".", "__macosx")):
            continue
        if path.is_dir():
            # a link to a folder may lead round in a circle
            if _is_dataset(path):
                yield path
            elif not path.is_symlink():
                yield from _walk(path)
        elif not name.endswith(PASSED_OVER) and name.split(".")[0] not in PASSED_NAMES:
            yield path


def _is_dataset(folder: Path) -> bool:
    if folder.name.casefold().endswith(".zarr") or any((folder / name).exists() for name in ZARR):
        return True
    return any(path.name.casefold().endswith(MATRICES) for path in folder.iterdir())


def _beside(said: str) -> None:
    sys.stderr.write(f"monae: {said}\n")


def check(
    paths: Sequence[Path],
    options: ReadingOptions | None = None,
    on_answer: Callable[[dict[str, Any]], None] = lambda _: None,
    on_shared: Callable[[str], None] = _beside,
) -> list[dict[str, Any]]:
    """Read everything at the paths as a run would.

    Parameters
    ----------
    paths
        Files and folders.
    options
        What readers are told.
    on_answer
        Told each answer.
    on_shared
        Told, after all answers, how many cells modalities share by their names, if there are several; by default this
        goes to standard error, beside the lines, one an input, that scripts count.

    Returns
    -------
    list
        As :func:`~monae_app.jobs.looking.look` gives them, with ``ok`` and ``line``.
    """
    below = [(path, inputs_below(path)) for path in paths]
    # one process reads them all: its start takes longer than most files
    read = look_at_each([each for _, found in below for each in found], options, thoroughly=True, seconds=SECONDS)
    answers: list[dict[str, Any]] = []
    together = CellsTogether()
    for path, found in below:
        for _ in found or [path]:
            answer = together.take(next(read)) if found else _nothing(path)
            answers.append(answer | {"ok": _refusal(answer) is None, "line": line(answer)})
            on_answer(answers[-1])
    if said := together.in_words():
        on_shared(said)
    return answers


def _nothing(folder: Path) -> dict[str, Any]:
    return {
        "path": str(folder),
        "error": {
            "found": f"{folder.name} holds no file to read.",
            "expected": "a file of single-cell data, or a folder with some.",
            "todo": "check the path.",
        },
    }


def _refusal(answer: dict[str, Any]) -> dict[str, str] | None:
    if answer.get("error"):
        return dict(answer["error"])
    return next((dict(part["error"]) for part in answer["parts"] if part["error"]), None)


def line(answer: dict[str, Any]) -> str:
    """Say in one line what a file holds and whether it can be read."""
    refused = _refusal(answer)
    if refused:
        text = f"refused; found: {refused['found']} expected: {refused['expected']} to do: {refused['todo']}"
    else:
        text = "; ".join([answer["format"], " + ".join(map(_part, answer["parts"])), *_verdict(answer["parts"])])
    return " ".join(f"{answer['path']}: {text}".split())


def _part(part: dict[str, Any]) -> str:
    guess = part["modality"]
    modality = guess["value"] or "modality unknown"
    sure = "" if guess["certainty"] == "sure" or guess["value"] is None else f" ({guess['certainty']})"
    features = FEATURES.get(modality, "features")
    size = f"{part['cells']:,} cells x {part['features']:,} {features}"
    where = part["matrix"] if part["matrix"] in ("X", "raw") else f"layer {part['matrix'].removeprefix('layers/')}"
    told = [f"{modality}{sure}", size, f"{WORDS[part['kind']]} in {where}"]
    if part.get("coverage"):
        told.append(coverage_in_words(part["coverage"]))
    told[0] = f"{part['name']}: {told[0]}" if part.get("name") else told[0]
    return ", ".join([*told, *([part["origin"]] if modality in ("rna", "atac", "methylation") else [])])


def _verdict(parts: list[dict[str, Any]]) -> list[str]:
    said = ["ok"]
    if len(parts) == 1 and parts[0]["modality"]["value"] is None:
        said.append("say what it is with rna=, atac=, protein= or methylation=")
    elif any(part["modality"]["value"] is None for part in parts):
        names = "rna, atac, protein or methylation"
        said.append(f"parts of unknown modality are read once they are named {names} in the file")
    if any(part["kind"] == "zeros" and part["cells"] for part in parts):
        said.append("nothing to train on, every value is 0")
    if any(part["too_small"] for part in parts):
        said.append(f"too small to train on, which takes {MIN_CELLS} cells and {MIN_FEATURES} features")
    return said
