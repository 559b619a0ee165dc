"""How a peer is asked and how it answers: files in, files out, CPU seconds beside them."""

from __future__ import annotations

import argparse
import json
import platform
import resource
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

LINKS = "links.npz"


@dataclass(frozen=True)
class Question:
    """Unpaired, unlabelled values, the links of the guidance, and the seed.

    Parameters
    ----------
    names
        Of the two modalities; the first is the one whose features the others are summed to (genes).
    first, second
        Their tables, counts but for what a run models as levels.
    in_first, in_second
        Columns of ``first`` and ``second`` that the guidance joins, one pair an entry.
    seed
        Of everything random.
    epochs
        For a peer that trains: the most epochs of each of its phases; None for its own stop.
    """

    names: tuple[str, str]
    first: ad.AnnData
    second: ad.AnnData
    in_first: np.ndarray
    in_second: np.ndarray
    seed: int
    epochs: int | None = None

    @property
    def tables(self) -> dict[str, ad.AnnData]:
        """By modality."""
        return dict(zip(self.names, (self.first, self.second), strict=True))


class Answer:
    """Writes what a peer found.

    ``embedding.npz`` (an array a modality, rows as in the inputs), ``<source>-<target>.npy`` (imputed values of all
    features of the target, of cells of the source, on a scale proportional to counts) and ``about.json``: CPU seconds,
    user and system, of this process from its start until the answer was known, start-up and reading included.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.about: dict[str, object] = {}

    def known(self, *packages: str, **more: object) -> None:
        """Stop the clock: what follows is writing down and imputing for the score."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        self.about = {
            "cpu_s": round(used.ru_utime + used.ru_stime, 2),
            "peak_memory_mb": round(used.ru_maxrss / 1024),
            "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
            **more,
        }
        (self.folder / "about.json").write_text(json.dumps(self.about), encoding="utf-8")

    def embedding(self, **of_modality: np.ndarray) -> None:
        """Write the embedding, (cells, axes) by modality."""
        np.savez(self.folder / "embedding.npz", **of_modality)  # type: ignore[arg-type]

    def imputed(self, source: str, target: str, values: np.ndarray) -> None:
        """Write imputed values, (cells of the source, features of the target)."""
        np.save(self.folder / f"{source}-{target}.npy", np.asarray(values, np.float32))


def answer(method: Callable[[Question, Answer], None]) -> None:
    """Run a method on what the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("inputs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int)
    parsed = parser.parse_args()
    warnings.filterwarnings("ignore")
    method(read_question(parsed.inputs, parsed.seed, parsed.epochs), Answer(parsed.out))


def read_question(inputs: Path, seed: int, epochs: int | None = None) -> Question:
    """Read a question; links.npz names the modalities, which are RNA and ATAC if it does not."""
    with np.load(inputs / LINKS, allow_pickle=False) as links:
        pairs = links["gene"], links["peak"]
        names = [str(name) for name in links["modalities"]] if "modalities" in links else ["rna", "atac"]
    first, second = (ad.read_h5ad(inputs / f"{name}.h5ad") for name in names)
    return Question((names[0], names[1]), first, second, *pairs, seed, epochs)


def write_question(inputs: Path, question: Question) -> None:
    """Write a question so that a process of another environment can read it."""
    inputs.mkdir(parents=True, exist_ok=True)
    for name, table in question.tables.items():
        table.write_h5ad(inputs / f"{name}.h5ad")
    pairs = {"gene": question.in_first, "peak": question.in_second}
    np.savez(inputs / LINKS, modalities=np.array(question.names), **pairs)  # type: ignore[arg-type]
