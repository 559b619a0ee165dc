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


@dataclass(frozen=True)
class Question:
    """Unpaired, unlabelled counts, the gene-peak pairs of the guidance, and the seed.

    Parameters
    ----------
    rna, atac
        Counts.
    gene, peak
        Columns of ``rna`` and ``atac`` that the guidance joins, one pair an entry.
    seed
        Of everything random.
    epochs
        For a peer that trains: the most epochs of each of its phases; None for its own stop.
    """

    rna: ad.AnnData
    atac: ad.AnnData
    gene: np.ndarray
    peak: np.ndarray
    seed: int
    epochs: int | None


class Answer:
    """Writes what a peer found.

    ``embedding.npz`` (rna and atac, rows as in the inputs), ``<source>-<target>.npy`` (imputed values of all features
    of the target, of cells of the source, on a scale proportional to counts) and ``about.json``: CPU seconds, user and
    system, of this process from its start until the answer was known, start-up and reading included.
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

    def embedding(self, rna: np.ndarray, atac: np.ndarray) -> None:
        """Write the embedding."""
        np.savez(self.folder / "embedding.npz", rna=rna, atac=atac)

    def imputed(self, source: str, target: str, values: np.ndarray) -> None:
        """Write imputed values, (cells of the source, features of the target)."""
        np.save(self.folder / f"{source}-{target}.npy", np.asarray(values, np.float32))


def answer(method: Callable[[Question, Answer], None]) -> None:
    """Run a peer on what the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("inputs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int)
    parsed = parser.parse_args()
    warnings.filterwarnings("ignore")
    with np.load(parsed.inputs / "links.npz") as links:
        gene, peak = links["gene"], links["peak"]
    rna, atac = (ad.read_h5ad(parsed.inputs / f"{name}.h5ad") for name in ("rna", "atac"))
    method(Question(rna, atac, gene, peak, parsed.seed, parsed.epochs), Answer(parsed.out))
