"""Every parameter of a run, once: its default, its bounds and its help text."""

from monae_app.engine.config.graph_stage import FILES, JASPAR, MONAE, MONAE_E, ModelName, is_bundled
from monae_app.engine.config.parameter import (
    DeviceName,
    GenomeName,
    Group,
    LikelihoodName,
    MethylationLikelihoodName,
    ModalityName,
)
from monae_app.engine.config.run import RunConfig, make_config

__all__ = [
    "FILES",
    "JASPAR",
    "MONAE",
    "MONAE_E",
    "DeviceName",
    "GenomeName",
    "Group",
    "LikelihoodName",
    "MethylationLikelihoodName",
    "ModalityName",
    "ModelName",
    "RunConfig",
    "is_bundled",
    "make_config",
]
