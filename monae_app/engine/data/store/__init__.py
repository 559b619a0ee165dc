"""Matrices kept on disk: written once, in one pass over the file that they come from, and opened without reading."""
