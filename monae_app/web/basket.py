"""The files that a user has chosen and what each of their parts is to be used as; kept by the browser, as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from monae_app.engine.errors import InputError
from monae_app.web.datasets import GENOMES, Source

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

Kind = Literal["data", "coordinates"]
COORDINATES = (".bed", ".bed.gz", ".gtf", ".gtf.gz", ".gff", ".gff.gz", ".gff3", ".gff3.gz")
MODALITIES = ("rna", "atac", "protein", "methylation")
# what is linked to genes by its place
PLACED = ("atac", "methylation")
LEAVE_OUT = ""
GENES, PEAKS = "genes", "peaks"


@dataclass(frozen=True)
class ChosenFile:
    """One file of the basket.

    Parameters
    ----------
    ref
        How the server knows it, see :class:`monae_app.web.datasets.Source`.
    name
        What people call it.
    look
        What it holds, as :func:`monae_app.jobs.launcher.look` says; None before anybody looked.
    uses
        What each part is used as: a modality, or empty to leave it out. Of coordinates: ``genes`` or ``peaks``.
    turned
        What the rows of a text table are, if the user said so: ``cells`` or ``features``.
    """

    ref: str
    name: str
    look: Mapping[str, Any] | None = None
    uses: tuple[str, ...] = ()
    turned: str = ""

    @property
    def kind(self) -> Kind:
        """Whether it holds cells, or places in a genome."""
        return "coordinates" if self.name.lower().endswith(COORDINATES) else "data"

    @property
    def waiting(self) -> bool:
        """Whether somebody has to look into it yet."""
        return self.kind == "data" and self.look is None

    @property
    def error(self) -> dict[str, str] | None:
        """Why it cannot be used, if so."""
        return None if self.look is None else self.look.get("error")

    @property
    def parts(self) -> list[dict[str, Any]]:
        """What it holds, as the look says."""
        return [] if self.look is None else list(self.look.get("parts") or [])


@dataclass(frozen=True)
class Basket:
    """All chosen files.

    Parameters
    ----------
    files
        In the order in which they were chosen.
    removed
        What was taken out last, with its place, so that it can be put back.
    genome
        The user's choice: a bundled genome or the reference of a file; empty to go by what the files look like.
    settings
        Settings of reading that the user chose, by their names in RunConfig.
    taken
        Uploads that came in by themselves once: one that was taken out does not come in again.
    """

    files: tuple[ChosenFile, ...] = ()
    removed: tuple[int, ChosenFile] | None = None
    genome: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    taken: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Any) -> Basket:
        """Read what the browser keeps; what it cannot be is passed over."""
        if not isinstance(data, dict):
            return cls()
        removed = data.get("removed")
        return cls(
            tuple(_file(each) for each in data.get("files") or []),
            (int(removed[0]), _file(removed[1])) if removed else None,
            str(data.get("genome") or ""),
            dict(data.get("settings") or {}),
            tuple(str(ref) for ref in data.get("taken") or ()),
        )

    def to_json(self) -> dict[str, Any]:
        """Write what the browser keeps."""
        return {
            "files": [_json(each) for each in self.files],
            "removed": [self.removed[0], _json(self.removed[1])] if self.removed else None,
            "genome": self.genome,
            "settings": dict(self.settings),
            "taken": list(self.taken),
        }

    def add(self, chosen: Sequence[tuple[str, str]]) -> Basket:
        """Put files in, by reference and name; those that are in already stay as they are."""
        known = {each.ref for each in self.files}
        fresh = {ref: name for ref, name in chosen if ref not in known}
        added = (ChosenFile(ref, name, uses=_first_use(name)) for ref, name in fresh.items())
        return replace(self, files=(*self.files, *added))

    def take(self, finished: Sequence[tuple[str, str]]) -> Basket:
        """Put uploads in that have just been finished, each once."""
        fresh = [(ref, name) for ref, name in finished if ref not in self.taken]
        return replace(self.add(fresh), taken=(*self.taken, *(ref for ref, _ in fresh)))

    def keep(self, door: str, refs: Collection[str]) -> Basket:
        """Drop the files of a door that it has no more; ``door`` is how their references begin."""
        files = tuple(each for each in self.files if not each.ref.startswith(door) or each.ref in refs)
        removed = self.removed
        if removed is not None and removed[1].ref.startswith(door) and removed[1].ref not in refs:
            removed = None
        return replace(self, files=files, removed=removed)

    def with_look(self, ref: str, look: Mapping[str, Any]) -> Basket:
        """Note what a file holds; each part is used as what it looks like, once."""
        parts = look.get("parts") or []
        uses = tuple(guessed(part, "modality") or LEAVE_OUT for part in parts)
        return self._changed(ref, look=look, uses=uses)

    def used_as(self, ref: str, part: int, use: str) -> Basket:
        """Use a part of a file as something else."""
        found = self.file(ref)
        if found is None or part >= len(found.uses):
            return self
        return self._changed(ref, uses=(*found.uses[:part], use, *found.uses[part + 1 :]))

    def with_matrix(self, ref: str, part: int, matrix: str) -> Basket:
        """Take another matrix of the modality that this part is used as; ``auto`` for the one that was found."""
        found = self.file(ref)
        use = found.uses[part] if found is not None and part < len(found.uses) else LEAVE_OUT
        return self.with_setting(f"{use}_matrix", matrix, "auto") if use in MODALITIES else self

    def with_setting(self, name: str, value: Any, default: Any) -> Basket:
        """Set a setting of reading; its default is not kept."""
        others = {key: kept for key, kept in self.settings.items() if key != name}
        return replace(self, settings=others if value == default else {**others, name: value})

    def with_places(self, genome: str) -> Basket:
        """Choose where genes lie; empty to go by what the files look like."""
        return replace(self, genome=genome)

    def turn(self, ref: str) -> Basket:
        """Take the rows of a text table for what its columns were taken for; it has to be looked at anew."""
        found = self.file(ref)
        if found is None:
            return self
        now = next((part.get("rows") for part in found.parts if part.get("rows")), "cells")
        return self._changed(ref, turned="features" if now == "cells" else "cells", look=None, uses=())

    def without(self, ref: str) -> Basket:
        """Take a file out; it can be put back until the next one is taken out."""
        for place, each in enumerate(self.files):
            if each.ref == ref:
                return replace(self, files=self.files[:place] + self.files[place + 1 :], removed=(place, each))
        return self

    def restored(self) -> Basket:
        """Put back what was taken out last."""
        if self.removed is None:
            return self
        place, each = self.removed
        return replace(self, files=(*self.files[:place], each, *self.files[place:]), removed=None)

    def file(self, ref: str) -> ChosenFile | None:
        """Find a file by its reference."""
        return next((each for each in self.files if each.ref == ref), None)

    def modalities(self) -> dict[str, list[str]]:
        """List the references of the files of each modality that is used, in the order of ``MODALITIES``."""
        data = [each for each in self.files if each.kind == "data"]
        found = {name: [each.ref for each in data if name in each.uses] for name in MODALITIES}
        return {name: refs for name, refs in found.items() if refs}

    def guessed_genome(self) -> str:
        """Genome that most parts look like; empty if none says."""
        votes = Counter(
            genome
            for each in self.files
            for part, use in zip(each.parts, each.uses, strict=False)
            if use in ("rna", *PLACED) and (genome := guessed(part, "genome")) in GENOMES
        )
        return votes.most_common(1)[0][0] if votes else ""

    def places(self) -> str:
        """Where genes lie: the user's choice, else a file with gene coordinates, else what the data look like."""
        own = next((each.ref for each in self.files if each.kind == "coordinates" and GENES in each.uses), "")
        return self.genome or own or self.guessed_genome()

    def source(self) -> Source:
        """Return the data set that a training takes.

        Raises
        ------
        InputError
            If a file cannot be used, was not looked at yet, or nothing is to be used.
        """
        for each in self.files:
            if each.error:
                raise InputError(
                    f"{each.name} cannot be read.", "files that can be read.", "take it out of the list, or mend it."
                )
            if each.waiting:
                raise InputError(f"{each.name} is still being looked at.", "a moment.", "wait until it is listed.")
        inputs = self.modalities()
        if not inputs:
            raise InputError(
                "No file is used as a modality.",
                "RNA, ATAC, protein or methylation, at least one of them.",
                "say what each file is in the column 'Use as'.",
            )
        settings = dict(self.settings)
        peaks = next((each.ref for each in self.files if each.kind == "coordinates" and PEAKS in each.uses), None)
        if peaks is not None:
            settings["peaks"] = peaks
        for name, refs in inputs.items():
            turned = {each.turned for each in self.files if each.ref in refs and each.turned}
            if len(turned) == 1:
                settings[f"{name}_orientation"] = turned.pop()
        return Source(
            inputs=tuple((name, tuple(refs)) for name, refs in inputs.items()),
            genome=self.places() if set(PLACED) & set(inputs) or self.genome else self.guessed_genome(),
            settings=settings,
        )

    def _changed(self, ref: str, **values: Any) -> Basket:
        return replace(self, files=tuple(replace(each, **values) if each.ref == ref else each for each in self.files))


def guessed(part: Mapping[str, Any], what: str) -> str:
    """Say what a part probably is: its modality, organism or genome; empty where nothing speaks for anything."""
    return str((part.get(what) or {}).get("value") or "")


def _first_use(name: str) -> tuple[str, ...]:
    if not name.lower().endswith(COORDINATES):
        return ()
    return (PEAKS,) if "peak" in name.lower() else (GENES,)


def _file(data: Mapping[str, Any]) -> ChosenFile:
    look = data.get("look")
    return ChosenFile(
        str(data["ref"]),
        str(data["name"]),
        dict(look) if isinstance(look, dict) else None,
        tuple(str(use) for use in data.get("uses") or ()),
        str(data.get("turned") or ""),
    )


def _json(each: ChosenFile) -> dict[str, Any]:
    return {"ref": each.ref, "name": each.name, "look": each.look, "uses": list(each.uses), "turned": each.turned}
