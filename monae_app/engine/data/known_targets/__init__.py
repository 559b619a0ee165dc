"""Targets of transcription factors that others have reported: the bundled table, or one of the user."""

from monae_app.engine.data.known_targets.bundled import CITATION, CREDIT, LICENCE, organism_of_run, read_known_targets
from monae_app.engine.data.known_targets.edges import KnownTargets
from monae_app.engine.data.known_targets.own_table import parse_own_targets, read_own_targets

__all__ = [
    "CITATION",
    "CREDIT",
    "LICENCE",
    "KnownTargets",
    "organism_of_run",
    "parse_own_targets",
    "read_known_targets",
    "read_own_targets",
]
