"""What is left of training when new cells come: the fitted projections and the trained encoders.

N cells, G modelled features of a modality, D = D_s + D_p latent axes (shared first).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import safetensors
import torch

from monae_app.engine.data.linked_projection import projection_from
from monae_app.engine.errors import InputError
from monae_app.engine.training.assembly import build_encoder
from monae_app.engine.training.checkpoint import save_weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    import scipy.sparse as sp

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.covered import CoveredMatrix
    from monae_app.engine.data.graph_projection import GraphProjection
    from monae_app.engine.data.level_projection import LevelProjection
    from monae_app.engine.data.linked_projection import LinkedProjection
    from monae_app.engine.data.preprocess import Prepared
    from monae_app.engine.data.representation import Projection
    from monae_app.engine.model.cell_autoencoder import CellEncoder

CELLS_AT_ONCE = 8192
FORMAT = "1"
ENCODERS, PROJECTION, MODELLED, LEVELS = "encoders", "projection", "modelled", "batch_levels"


@dataclass(frozen=True)
class CellEmbedder:
    """Places cells of the modalities of a run in its latent space, without training.

    Parameters
    ----------
    encoders
        Trained, by modality.
    projections
        What the encoders read, by modality.
    modelled
        Positions of the features modelled jointly among all of their modality, in the order of the projection.
    levels
        Level of every covariate in each batch, (b, C) int64.
    """

    encoders: Mapping[str, CellEncoder]
    projections: dict[str, Projection | LinkedProjection | LevelProjection | GraphProjection]
    modelled: dict[str, np.ndarray]
    levels: np.ndarray

    @property
    def n_batches(self) -> int:
        """Number of batches, b."""
        return len(self.levels)

    @classmethod
    def of(cls, encoders: Mapping[str, CellEncoder], prepared: dict[str, Prepared], levels: np.ndarray) -> CellEmbedder:
        """Take what training used."""
        return cls(
            encoders,
            {name: each.projection for name, each in prepared.items()},
            {name: each.modelled for name, each in prepared.items()},
            levels,
        )

    @torch.no_grad()
    def embed(
        self,
        modality: str,
        values: sp.csr_matrix | CoveredMatrix,
        batch: np.ndarray,
        measured: np.ndarray | None = None,
    ) -> np.ndarray:
        """Mean latent of cells, in shards.

        Parameters
        ----------
        modality
            Its name.
        values
            The modelled features in their order, (N, G).
        batch
            (N,) int64; or the level of every covariate, (N, C) int64, for batches that the run did not have.
        measured
            Which of the features were measured at all, (G,) bool; None for all.

        Returns
        -------
        numpy.ndarray
            (N, D) float32.
        """
        encoder, projection = self.encoders[modality], self.projections[modality]
        encoder.eval()
        device = next(encoder.parameters()).device
        parts = []
        # at least once: no cells give no rows of the right width
        for start in range(0, max(values.shape[0], 1), CELLS_AT_ONCE):
            rows = slice(start, start + CELLS_AT_ONCE)
            read = torch.from_numpy(projection.transform(values[rows], measured)).to(device)
            parts.append(encoder(read, torch.from_numpy(batch[rows]).to(device)).mean.cpu())
        return torch.cat(parts).numpy()

    def network(self) -> torch.nn.Module:
        """Return the encoders under the names that they have in the whole network."""
        return torch.nn.ModuleDict({ENCODERS: torch.nn.ModuleDict(self.encoders)})

    def save(self, network: torch.nn.Module, path: Path) -> None:
        """Write the network's parameters and what else embedding needs into one safetensors file.

        Beside the network's own names there are ``projection.<modality>.<array>``, ``modelled.<modality>`` and
        ``batch_levels``, the level of every covariate in each batch; the metadata name the format, the number of
        batches, and the kind of every projection.
        """
        arrays = {f"{MODELLED}.{name}": rows for name, rows in self.modelled.items()}
        arrays[LEVELS] = self.levels
        for name, projection in self.projections.items():
            arrays |= {f"{PROJECTION}.{name}.{key}": value for key, value in projection.arrays().items()}
        about = {
            "format": FORMAT,
            "n_batches": str(self.n_batches),
            "kinds": json.dumps({name: projection.kind for name, projection in self.projections.items()}),
        }
        save_weights(network, path, arrays, about)

    @classmethod
    def load(cls, path: Path, config: RunConfig) -> CellEmbedder:
        """Read what :meth:`save` wrote; parts of the network that embedding does not need are passed over.

        Raises
        ------
        InputError
            If the file is missing, damaged, of an earlier version, or does not fit the settings of the run.
        """
        tensors, about = _read(path)
        try:
            return cls._of_tensors(tensors, about, config)
        except (KeyError, ValueError, IndexError, RuntimeError) as error:
            raise InputError(
                f"{path.name} is damaged, or does not fit the settings in the run's config.json.",
                "the files of one run, as they were written.",
                "restore the files, or train anew.",
            ) from error

    @classmethod
    def _of_tensors(cls, tensors: dict[str, torch.Tensor], about: dict[str, str], config: RunConfig) -> CellEmbedder:
        # earlier versions knew one covariate alone
        alone = torch.arange(int(about["n_batches"]))[:, None]
        levels = tensors.get(LEVELS, alone)
        encoders, projections, modelled = {}, {}, {}
        for name, kind in dict(json.loads(about["kinds"])).items():
            arrays = {key: each.numpy() for key, each in _below(f"{PROJECTION}.{name}.", tensors).items()}
            projections[name] = projection_from(kind, arrays)
            encoders[name] = build_encoder(projections[name].n_components, levels, config)
            encoders[name].load_state_dict(_below(f"{ENCODERS}.{name}.", tensors))
            encoders[name].eval()
            modelled[name] = tensors[f"{MODELLED}.{name}"].numpy()
            if len(modelled[name]) != projections[name].n_features:
                msg = f"{len(modelled[name])} modelled features, but a projection of {projections[name].n_features}"
                raise ValueError(msg)
        return cls(encoders, projections, modelled, levels.numpy())


def _below(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            about = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (safetensors.SafetensorError, OSError) as error:
        raise InputError(
            f"{path} is missing or damaged, so no new cell can be embedded.",
            "the weights that the run left behind.",
            "restore the file, or train anew.",
        ) from error
    if about.get("format") != FORMAT:
        raise InputError(
            f"{path} was written by another version, which kept too little to embed new cells.",
            f"weights of format {FORMAT}.",
            "train anew.",
        )
    return tensors, about
