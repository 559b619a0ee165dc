"""Every parameter of a run, once: its default, its bounds and its help text."""

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
    "DeviceName",
    "GenomeName",
    "Group",
    "LikelihoodName",
    "MethylationLikelihoodName",
    "ModalityName",
    "RunConfig",
    "make_config",
]
