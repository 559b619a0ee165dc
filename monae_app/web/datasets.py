"""Which data a training may take: a bundled sample, or files that this server was told to offer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monae_app.engine.errors import InputError
from monae_app.web import bundled

if TYPE_CHECKING:
    from monae_app.web.settings import Settings

LISTED_FILES = 500
TABLES, BEDS = (".h5ad",), (".bed", ".bed.gz")
GENOMES = ("hg38", "hg19", "mm10")


@dataclass(frozen=True)
class Source:
    """A data set as the browser names it; what it says is checked anew whenever it is used.

    Parameters
    ----------
    sample
        Name of a bundled sample, or empty.
    inputs
        Otherwise: the chosen file a modality, named as in ``Catalogue.files``.
    genome
        Coordinates for the chosen files: a bundled genome, or a BED file named as in ``Catalogue.coordinates``.
    """

    sample: str = ""
    inputs: tuple[tuple[str, str], ...] = ()
    genome: str = ""

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> Source | None:
        """Read what the browser keeps."""
        if not isinstance(data, dict):
            return None
        inputs = tuple(sorted((str(key), str(value)) for key, value in dict(data.get("inputs") or {}).items()))
        return cls(str(data.get("sample") or ""), inputs, str(data.get("genome") or ""))

    def to_json(self) -> dict[str, Any]:
        """Write what the browser keeps."""
        return {"sample": self.sample, "inputs": dict(self.inputs), "genome": self.genome}


class Catalogue:
    """The samples and files on offer.

    Parameters
    ----------
    settings
        Name the data root and single files.
    samples_root
        Where the samples lie, if not where they are bundled.
    """

    def __init__(self, settings: Settings, samples_root: Path | None = None) -> None:
        self._root = settings.data_root.resolve() if settings.data_root else None
        self._named = {path.name: path for path in settings.offered_files}
        self.samples = bundled.samples(samples_root)

    @property
    def root(self) -> Path | None:
        """Folder whose files are on offer."""
        return self._root

    def default(self) -> Source | None:
        """Return the first sample."""
        return Source(sample=self.samples[0].name) if self.samples else None

    def files(self) -> list[str]:
        """Name the .h5ad files on offer: those named at the start, then those below the data root."""
        named = [name for name in self._named if name.endswith(TABLES)]
        return [*named, *(name for name in self._below("*.h5ad") if name not in named)]

    def coordinates(self) -> list[str]:
        """Name the bundled genomes and of the BED files on offer."""
        named = [name for name in self._named if name.endswith(BEDS)]
        return [*GENOMES, *named, *(name for name in self._below("*.bed*") if name not in named)]

    def _below(self, pattern: str) -> list[str]:
        if self._root is None:
            return []
        inside = (path for path in sorted(self._root.rglob(pattern)) if self._confined(path) is not None)
        return [str(path.relative_to(self._root)) for path in islice(inside, LISTED_FILES)]

    def path(self, name: str) -> Path:
        """Turn a name from the browser into a path that it may read.

        Raises
        ------
        InputError
            If the name is none of those on offer.
        """
        if name in self._named:
            return self._named[name]
        path = None if self._root is None or "\0" in name else self._confined(self._root / name)
        if path is None:
            raise InputError(
                f"{name!r} is not among the files that this server offers.",
                "an .h5ad or BED file below the folder given as --data-root.",
                "choose a file from the list, or start the app with another --data-root.",
            )
        return path

    def sample(self, name: str) -> bundled.Sample:
        """Find a sample by name.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        for sample in self.samples:
            if sample.name == name:
                return sample
        raise InputError(f"There is no sample {name!r}.", "one of the bundled samples.", "choose one on the Data page.")

    def settings(self, source: Source) -> dict[str, Any]:
        """Return inputs and genome of a run on this data set.

        Raises
        ------
        InputError
            If it names a file that is not on offer, or no file at all.
        """
        if source.sample:
            return self.sample(source.sample).settings()
        if not source.inputs:
            raise InputError("No file is chosen.", "a file for RNA, for ATAC, or for both.", "choose the files above.")
        inputs = {modality: str(self.path(name)) for modality, name in source.inputs}
        if source.genome in GENOMES:
            return {"inputs": inputs, "genome": source.genome}
        return {"inputs": inputs, "bed": str(self.path(source.genome)) if source.genome else None}

    def title(self, source: Source) -> str:
        """Name a data set for people."""
        if source.sample:
            return self.sample(source.sample).title
        return " + ".join(Path(name).stem for _, name in source.inputs)

    def _confined(self, path: Path) -> Path | None:
        # A link may point out of the folder: what counts is where the file really lies.
        real = path.resolve()
        inside = self._root is not None and real.is_relative_to(self._root)
        return real if inside and real.name.endswith((*TABLES, *BEDS)) and real.is_file() else None
