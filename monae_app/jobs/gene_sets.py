"""The gene sets of a user: ``<store>/users/<user>/gene_sets/<id>.json``.

The id is worked out from name and genes: nothing that a browser says becomes a path, and the same set is kept once.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from monae_app.engine.errors import InputError
from monae_app.jobs.kept_files import user_folder
from monae_app.jobs.private_files import private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ID = re.compile(r"[0-9a-f]{16}")
MOST_GENES, MOST_SETS, LONGEST_NAME = 1000, 500, 80


@dataclass(frozen=True)
class GeneSet:
    """Some genes (or peaks, or proteins) under one name."""

    id: str
    name: str
    genes: tuple[str, ...]

    @classmethod
    def of(cls, name: Any, genes: Any) -> GeneSet:
        """Make one of what a browser says.

        Raises
        ------
        InputError
            If it names no genes, or too many.
        """
        named = genes if isinstance(genes, list) else []
        wanted = tuple(dict.fromkeys(text for gene in named if isinstance(gene, str) and (text := gene.strip())))
        if not 1 <= len(wanted) <= MOST_GENES:
            raise InputError(
                f"The set holds {len(wanted):,} genes.", f"1 to {MOST_GENES:,} names.", "paste other names."
            )
        called = str(name or "").strip()[:LONGEST_NAME] or "Gene set"
        text = json.dumps([called, wanted], ensure_ascii=False)
        return cls(sha256(text.encode()).hexdigest()[:16], called, wanted)


class GeneSets:
    """The sets of one user.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose they are.
    """

    def __init__(self, store: Path, user: str) -> None:
        self._folder = user_folder(store, user, "gene_sets")

    def add(self, made: GeneSet) -> None:
        """Keep a set.

        Raises
        ------
        InputError
            If there are too many already.
        """
        if len(self.list()) >= MOST_SETS:
            raise InputError(f"There are {MOST_SETS} gene sets.", "fewer of them.", "delete some that are not needed.")
        private_folder(self._folder)
        write_private(self._folder / f"{made.id}.json", json.dumps(asdict(made), ensure_ascii=False).encode())

    def get(self, set_id: str) -> GeneSet:
        """Find a set.

        Raises
        ------
        InputError
            If there is none of this id.
        """
        found = self._read(self._folder / f"{set_id}.json") if ID.fullmatch(set_id) else None
        if found is None:
            raise InputError(f"There is no gene set {set_id[:80]!r}.", "a set of your own.", "paste its genes again.")
        return found

    def remove(self, set_id: str) -> None:
        """Delete a set, if it is there."""
        if ID.fullmatch(set_id):
            (self._folder / f"{set_id}.json").unlink(missing_ok=True)

    def list(self) -> Sequence[GeneSet]:
        """Return all sets by name."""
        found = [self._read(path) for path in self._folder.glob("*.json")]
        return sorted((each for each in found if each is not None), key=lambda each: (each.name.casefold(), each.id))

    def _read(self, path: Path) -> GeneSet | None:
        with suppress(OSError, ValueError, LookupError, TypeError):
            said = json.loads(path.read_text(encoding="utf-8"))
            return GeneSet(path.stem, str(said["name"]), tuple(map(str, said["genes"])))
        return None
