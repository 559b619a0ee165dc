"""In which settings two runs differ."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from monae_app.engine.config import RunConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

# told apart by their cells
NO_SETTINGS = {"inputs"}


def differing_settings(first: RunConfig, second: RunConfig) -> list[dict[str, Any]]:
    """List the settings that are not alike: ``name``, ``help``, ``first``, ``second``, in the order of the form."""
    ours, theirs = (_plain(each.model_dump(mode="json")) for each in (first, second))
    return [
        {
            "name": name,
            "help": str(field.description or ""),
            "first": said(ours.get(name)),
            "second": said(theirs.get(name)),
        }
        for name, field in RunConfig.model_fields.items()
        if name not in NO_SETTINGS and ours.get(name) != theirs.get(name)
    ]


def said(value: Any) -> str:
    """Write a value of a setting as people read it; names of files without their folders."""
    if value is None or value in ("", [], ()):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(said, value))
    return str(value)


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: PurePath(each).name if isinstance(each, str) and "/" in each else each for name, each in settings.items()
    }
