"""What antibodies bind: the genes of their targets, splice forms, sugars, and controls that bind nothing."""

from monae_app.engine.data.antibodies.isotypes import is_isotype_control
from monae_app.engine.data.antibodies.names import canonical, readings, species_of
from monae_app.engine.data.antibodies.table import ORGANISMS, Organism, Target, organism_of, targets

__all__ = [
    "ORGANISMS",
    "Organism",
    "Target",
    "canonical",
    "is_isotype_control",
    "organism_of",
    "readings",
    "species_of",
    "targets",
]
