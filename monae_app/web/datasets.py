"""Which data a training may take: a bundled sample, or files that the one who asks may read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from monae_app.engine.config import GenomeName, ModalityName, RunConfig, is_bundled
from monae_app.engine.errors import InputError
from monae_app.jobs.registry import LOCAL
from monae_app.web import bundled
from monae_app.web.data_root import DataRoot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from monae_app.jobs.uploads import UploadStore
    from monae_app.web.settings import Settings

# Names of files begin with the door that they came through.
UPLOAD, ROOT, NAMED = "upload:", "root:", "named:"
GENOMES: tuple[str, ...] = get_args(GenomeName)
GTFS = (".gtf", ".gtf.gz", ".gff", ".gff.gz", ".gff3", ".gff3.gz")
# Said by a Source itself, or names of files that a browser must not choose freely.
NOT_SET = frozenset({"inputs", "genome", "bed", "gtf"})
FILE_SETTINGS = frozenset(name for name, known in RunConfig.model_fields.items() if "Path" in str(known.annotation))


@dataclass(frozen=True)
class Source:
    """A data set as the browser names it; what it says is checked anew whenever it is used.

    Parameters
    ----------
    sample
        Name of a bundled sample, or empty.
    inputs
        Otherwise: the chosen files of each modality, named as ``Catalogue.path`` takes them.
    genome
        Coordinates for the chosen files: a bundled genome, or a BED or GTF file named like the others.
    settings
        How the files are read and which cells are left out, where that is not the default: settings of a run.
    """

    sample: str = ""
    inputs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    genome: str = ""
    settings: dict[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def from_json(cls, data: Any) -> Source | None:
        """Read what the browser keeps; what has another shape than ours is passed over."""
        if not isinstance(data, dict):
            return None
        chosen: list[tuple[str, tuple[str, ...]]] = []
        for modality, names in sorted(_mapping(data.get("inputs")).items()):
            several = [names] if isinstance(names, str) else names if isinstance(names, list | tuple) else []
            if modality in get_args(ModalityName) and several:
                chosen.append((modality, tuple(str(name) for name in several)))
        settings = {str(name): value for name, value in _mapping(data.get("settings")).items()}
        return cls(str(data.get("sample") or ""), tuple(chosen), str(data.get("genome") or ""), settings)

    def to_json(self) -> dict[str, Any]:
        """Write what the browser keeps."""
        inputs = {modality: list(names) for modality, names in self.inputs}
        return {"sample": self.sample, "inputs": inputs, "genome": self.genome, "settings": self.settings}


class Catalogue:
    """The samples and files on offer.

    Parameters
    ----------
    settings
        Name the data root and single files.
    samples_root
        Where the samples lie, if not where they are bundled.
    uploads
        The uploads of all users; None for none.
    user
        Says who asks.
    """

    def __init__(
        self,
        settings: Settings,
        samples_root: Path | None = None,
        uploads: UploadStore | None = None,
        user: Callable[[], str] = lambda: LOCAL,
    ) -> None:
        self.root = DataRoot(settings.data_root) if settings.data_root else None
        self.samples = bundled.samples(samples_root)
        self._named = dict(_distinct(settings.offered_files))
        self._uploads = uploads
        self._user = user

    def default(self) -> Source | None:
        """Return the first sample."""
        return Source(sample=self.samples[0].name) if self.samples else None

    def named(self) -> list[str]:
        """Name the files and folders that the app was started with."""
        return [f"{NAMED}{name}" for name in self._named]

    def uploaded(self) -> list[str]:
        """Name the finished uploads of the one who asks, newest first."""
        found = self._uploads.list(self._user()) if self._uploads else []
        return [f"{UPLOAD}{upload.id}" for upload in found if upload.finished is not None]

    def path(self, name: str) -> Path:
        """Turn a name from the browser into a path that the one who asks may read.

        Parameters
        ----------
        name
            ``upload:<id>``, ``root:<path from the data root>`` or ``named:<name>``.

        Raises
        ------
        InputError
            If the name is none of those on offer.
        """
        kind, _, rest = name.partition(":")
        if f"{kind}:" == UPLOAD and self._uploads is not None:
            return self._uploads.path(self._user(), rest)
        if f"{kind}:" == ROOT and self.root is not None:
            return self.root.find(rest)
        if f"{kind}:" == NAMED and rest in self._named:
            return self._named[rest]
        raise InputError(
            f"{name[:200]!r} is not among the files that this server offers.",
            "an uploaded file, one below the folder given as --data-root, or one that the app was started with.",
            "choose a file on the Data page.",
        )

    def label(self, name: str) -> str:
        """Name a file for people, also where it is gone."""
        if name.startswith(UPLOAD):
            try:
                return self.path(name).name
            except InputError:
                return "a file that is gone"
        return name.partition(":")[2]

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
        """Return what a run on this data set is made from: inputs, coordinates and how they are read.

        Raises
        ------
        InputError
            If it names a file that is not on offer, or no file at all.
        """
        overrides = self.checked(source.settings)
        if source.sample:
            settings = self.sample(source.sample).settings()
            if source.genome:
                settings |= {"genome": None, "bed": None, **self.coordinates(source.genome)}
            return settings | overrides
        if not source.inputs:
            raise InputError("No file is chosen.", "a file for RNA, for ATAC, or for both.", "choose the files above.")
        inputs = {modality: [str(self.path(name)) for name in names] for modality, names in source.inputs}
        return {"inputs": inputs, **self.coordinates(source.genome), **overrides}

    def checked(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings that came from a browser, with paths in the place of names of files.

        Raises
        ------
        InputError
            If they name files that are not on offer, or say what is said elsewhere.
        """
        if wrong := sorted(NOT_SET & set(settings)):
            raise InputError(
                f"{wrong[0]} cannot be set here.", "settings of reading and quality.", "choose the files themselves."
            )
        given = {name: value for name, value in settings.items() if value is not None and value != ""}
        named = {name for name in FILE_SETTINGS & set(given) if not is_bundled(name, given[name])}
        return {name: str(self.path(str(value))) if name in named else value for name, value in given.items()}

    def title(self, source: Source) -> str:
        """Name a data set for people."""
        if source.sample:
            return self.sample(source.sample).title
        return " + ".join(
            stem(self.label(names[0])) + (f" and {len(names) - 1} more" if len(names) > 1 else "")
            for _, names in source.inputs
        )

    def coordinates(self, genome: str) -> dict[str, str | None]:
        """Return ``genome``, ``bed`` or ``gtf`` of a run by what a source names: a bundled genome or a file.

        Raises
        ------
        InputError
            If it names a file that is not on offer.
        """
        if not genome:
            return {"bed": None}
        if genome in GENOMES:
            return {"genome": genome}
        path = self.path(genome)
        return {"gtf" if path.name.lower().endswith(GTFS) else "bed": str(path)}


def stem(name: str) -> str:
    """Return the last part of a path without what its ending says."""
    last = name.rsplit("/", 1)[-1]
    return Path(last.removesuffix(".gz")).stem


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _distinct(paths: Iterable[Path]) -> list[tuple[str, Path]]:
    """Name files by their last part, and by more of their path where that is taken."""
    found: dict[str, Path] = {}
    for path in dict.fromkeys(paths):
        depth = 1
        while (name := "/".join(path.parts[-depth:])) in found and depth < len(path.parts):
            depth += 1
        found[name] = path
    return list(found.items())
