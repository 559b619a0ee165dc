"""The order of names that may be numbers, as those of clusters are."""

from __future__ import annotations


def by_number(name: str) -> tuple[bool, int, str]:
    """Sort key: numbered names by their number, then all others by name."""
    number = name.isdecimal()
    return not number, int(name) if number else 0, name
