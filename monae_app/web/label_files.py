"""Files whose cells give labels to a run or get some from it: which are on offer, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monae_app.engine.errors import InputError
from monae_app.web.basket import COORDINATES, Basket
from monae_app.web.datasets import ROOT
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.web.services import Services

GIVES, GETS = "gives", "gets"
# What is offered of the data root's own level; what lies deeper is chosen on the Data page, and then offered here too.
TABLES = (".h5ad", ".h5mu", ".h5", ".hdf5", ".loom", ".zarr", ".zarr.zip", ".csv", ".csv.gz", ".tsv", ".tsv.gz")


@dataclass(frozen=True)
class Look:
    """What a file holds, of what matters here.

    Parameters
    ----------
    ref
        Its name, as ``Catalogue.path`` takes it.
    name
        What people call it.
    parts
        Of each its ``modality`` (empty where nothing tells), its number of ``cells`` and its columns of ``labels``.
    error
        Why it cannot be used, if so: ``found``, ``expected``, ``todo``.
    """

    ref: str
    name: str
    parts: tuple[dict[str, Any], ...] = ()
    error: dict[str, str] | None = None

    @classmethod
    def from_json(cls, data: Any) -> Look | None:
        """Read what the page keeps; None of nothing."""
        if not isinstance(data, dict) or not data.get("ref"):
            return None
        return cls(data["ref"], str(data.get("name")), tuple(data.get("parts") or ()), data.get("error"))

    def to_json(self) -> dict[str, Any]:
        """Write what the page keeps."""
        return {"ref": self.ref, "name": self.name, "parts": list(self.parts), "error": self.error}

    def modality(self, known: Sequence[str], asked: str | None = None) -> str:
        """Return what was asked for if a part is that, else the first that the run knows, else the first of the run."""
        own = [str(part["modality"]) for part in self.parts if part["modality"] in known]
        return next((name for name in own if name == asked), next(iter(own), known[0]))

    def labels(self, modality: str) -> list[str]:
        """Columns of labels, best first; those of the part of a modality before those of others."""
        parts = sorted(self.parts, key=lambda part: part["modality"] != modality)
        return list(dict.fromkeys(name for part in parts for name in part["labels"]))

    @property
    def sentence(self) -> str:
        """Say what it holds."""
        told = []
        for part in self.parts:
            kind = f" of {modality_title(part['modality'])}" if part["modality"] else ""
            labels = f"labels in {', '.join(part['labels'][:4])}" if part["labels"] else "no column of labels"
            told.append(f"{part['cells']:,} cells{kind}, {labels}")
        return f"{'; '.join(told)}."


class LabelFiles:
    """The files that the one who asks may choose.

    Parameters
    ----------
    services
        Of the app.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def options(self, basket: Any) -> list[dict[str, str]]:
        """Offer uploads, what was chosen on the Data page, files that the app was started with, and the data root's."""
        catalogue = self._services.catalogue
        chosen = [each.ref for each in Basket.from_json(basket).files]
        refs = dict.fromkeys([*catalogue.uploaded(), *chosen, *catalogue.named(), *self._of_root()])
        named = [(ref, catalogue.label(ref)) for ref in refs]
        return [{"label": name, "value": ref} for ref, name in named if not name.lower().endswith(COORDINATES)]

    def look(self, ref: str) -> Look:
        """Look into a file, by a process of its own."""
        seen, name = self._services.look(ref), self._services.catalogue.label(ref)
        if seen.get("error"):
            return Look(ref, name, error=seen["error"])
        parts = [
            {
                "modality": str(part["modality"].get("value") or ""),
                "cells": int(part["cells"]),
                "labels": [str(label) for label in part["labels"]],
            }
            for part in seen.get("parts") or []
        ]
        return Look(ref, name, tuple(parts))

    def order(self, ref: str, role: str) -> dict[str, Any]:
        """Say which file it is, as short work takes it: its ``path``, its ``version`` and whether it ``gives`` labels.

        Raises
        ------
        InputError
            If it is not on offer (any more).
        """
        path = self._services.catalogue.path(ref)
        try:
            seen = path.stat()
        except OSError:
            raise InputError(f"{path.name} is gone.", "a file that is there.", "choose another file.") from None
        return {"path": str(path), "version": [seen.st_mtime_ns, seen.st_size], "gives": role != GETS}

    def name(self, ref: str) -> str:
        """Name a file for people."""
        return self._services.catalogue.label(ref).rsplit("/", 1)[-1]

    def _of_root(self) -> list[str]:
        root = self._services.catalogue.root
        if root is None:
            return []
        try:
            entries = root.list().entries
        except InputError:
            return []
        return [f"{ROOT}{entry.path}" for entry in entries if entry.name.lower().endswith(TABLES)]
