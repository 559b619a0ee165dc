"""Monae App: integrate, impute and explore single-cell modalities."""

__version__ = "0.1.0"
