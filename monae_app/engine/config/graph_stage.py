"""Parameters of the model, of the graph stage of Monae-E, and of the evidence of motifs."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import Literal

from pydantic import Field

from monae_app.engine.config.incoming import IncomingSettings
from monae_app.engine.config.parameter import parameter

MONAE, MONAE_E = "monae", "monae-e"
ModelName = Literal["monae", "monae-e"]
JASPAR = "jaspar"
# settings that name a file
FILES = ("bed", "gtf", "peaks", "motif_peaks", "motifs", "fasta")


class GraphStageSettings(IncomingSettings):
    """Which model, and what its graph holds."""

    model: ModelName = parameter(
        "monae",
        "model",
        "The model to train: monae, whose encoders read components of the values; or monae-e, which first embeds "
        "cells, features and motifs as vertices of one graph, and starts from their vectors.",
        expert=False,
    )
    motif_peaks: Path | None = Field(
        None, description="A table of motifs and peaks that was made already, such as peak_motif_mapping.bed."
    )
    motifs: Path | None = Field(
        None, description="Motifs to find in the peaks: jaspar for the bundled ones, or a file; needs fasta."
    )
    fasta: Path | None = Field(None, description="FASTA file of the genome that motifs are found in.")

    graph_stage_steps: int = parameter(
        50,
        "graph",
        "Monae-E: steps of drawn edges that move the vectors of the graph beyond their start in closed form (0: none).",
        ge=0,
        le=10_000_000,
    )
    graph_stage_rate: float = parameter(
        0.01, "graph", "Monae-E: step size of the graph stage, relative to past gradients (Adagrad).", gt=0, le=1
    )

    def files(self) -> dict[str, Path]:
        """Files that settings name, by setting; the bundled motifs are none."""
        named = {name: getattr(self, name) for name in FILES}
        return {name: path for name, path in named.items() if path is not None and not is_bundled(name, path)}

    def wrong_motifs(self) -> str:
        """Say what is wrong with the settings of motifs, in words; empty if nothing is."""
        given = [name for name in ("motif_peaks", "motifs", "fasta") if getattr(self, name) is not None]
        if not given:
            return ""
        if "atac" not in self.inputs:
            return f"{' and '.join(given)}: motifs lie in peaks, and there is no atac among the inputs; leave them away"
        if given not in (["motif_peaks"], ["motifs", "fasta"]):
            return (
                f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} given; give motif_peaks alone (a table "
                "that was made already), or both motifs (jaspar or a file) and fasta (the genome)"
            )
        return ""


def is_bundled(name: str, path: object) -> bool:
    """Whether a setting names the motifs that come with the app, and no file."""
    return name == "motifs" and str(path) == JASPAR
