"""Where the files that travel with the app lie: at the top of a checkout, inside the package once installed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from monae_app.jobs.sample_folders import DESCRIPTION, sample_folders


@dataclass(frozen=True)
class Sample:
    """One bundled data set.

    Parameters
    ----------
    folder
        Holds the input files, README.md, sample.json and ``run``.
    about
        Content of sample.json.
    """

    folder: Path
    about: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @property
    def title(self) -> str:
        """What people call it."""
        return str(self.about.get("title", self.name))

    @property
    def run_id(self) -> str:
        """Id of its finished run, as the registry lists it."""
        return f"sample-{self.name}"

    def settings(self) -> dict[str, Any]:
        """Return the settings of a run on this sample, with absolute paths."""
        inputs = {modality: str(self.folder / name) for modality, name in self.about["inputs"].items()}
        bed = self.about.get("bed")
        return {"inputs": inputs, "genome": self.about.get("genome"), "bed": str(self.folder / bed) if bed else None}


def folder(name: str) -> Path:
    """Find ``assets`` or ``data_samples``."""
    package = Path(str(files("monae_app")))
    beside, inside = package.parent / name, package / name
    return inside if inside.is_dir() else beside


def samples(root: Path | None = None) -> list[Sample]:
    """List the bundled samples, the one to be seen first at the front."""
    return [
        Sample(path, json.loads((path / DESCRIPTION).read_text(encoding="utf-8")))
        for path in sample_folders(root or folder("data_samples"))
    ]
