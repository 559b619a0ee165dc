"""Which methods there are, what each answers and needs, and which interpreter has it; loads none of them."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# the folder that holds the package
ROOT = Path(__file__).resolve().parents[3]
HOW_TO_INSTALL = "make peers, or: pip install harmonypy magic-impute scglue into an environment that MONAE_PEERS names"


@dataclass(frozen=True)
class Peer:
    """One method.

    Parameters
    ----------
    name, title
        In files and on the page.
    work
        Module of this folder and its function.
    told
        What it does, in a few words.
    package, module
        What it needs beside what is installed with the app, as it is installed and as it is imported; empty for
        nothing.
    embeds, across
        Whether it embeds cells, and whether it imputes across modalities.
    lasts
        In words.
    arguments
        Of the command, on the page.
    beside
        The modality that it takes beside RNA; empty for any.
    """

    name: str
    title: str
    work: str
    told: str
    package: str = ""
    module: str = ""
    embeds: bool = True
    across: bool = False
    lasts: str = "seconds"
    arguments: tuple[str, ...] = ()
    beside: str = ""

    def load(self) -> Callable[..., Any]:
        """Return the function."""
        module, _, name = self.work.partition(":")
        return getattr(import_module(f"monae_app.jobs.peers.{module}"), name)  # type: ignore[no-any-return]

    def interpreter(self) -> str | None:
        """Return a Python that has what it needs; None where nobody installed it."""
        if not self.module or importlib.util.find_spec(self.module):
            return sys.executable
        python = Path(peer_python())
        there = any((python.parents[1] / "lib").glob(f"python*/site-packages/{self.module}"))
        return str(python) if there and python.exists() else None


def peer_python() -> str:
    """Interpreter of the environment that holds the peers: MONAE_PEERS, or .venv-peers beside the sources."""
    return str(Path(os.environ.get("MONAE_PEERS", ROOT / ".venv-peers")).absolute() / "bin" / "python")


PEERS = {
    peer.name: peer
    for peer in (
        Peer("pca", "PCA", "pca:pca", "principal components of expression and gene activity, no integration"),
        Peer("cca", "CCA + 30-NN", "cca:cca", "canonical correlation as in Seurat v3, and neighbours across",
             across=True),
        Peer("harmony", "Harmony", "harmony:harmony", "the components of PCA, corrected for the modality", "harmonypy",
             "harmonypy"),
        Peer("harmony-batches", "Harmony, batches too", "harmony_batches:harmony", "for modality and batch",
             "harmonypy", "harmonypy"),
        Peer("scglue", "scglue, 42 + 42 epochs", "glue:glue", "GLUE, graph-linked autoencoders, cut off",
             "scglue", "scglue", across=True, lasts="up to an hour",
             arguments=("--epochs", "42"), beside="atac"),
        Peer("svd", "SVD-20", "svd:svd", "the first 20 components of each modality", embeds=False),
        Peer("magic", "MAGIC", "magic_diffusion:diffuse", "diffusion over neighbours within a modality", "magic-impute",
             "magic", embeds=False, lasts="a minute"),
    )
}  # fmt: skip
