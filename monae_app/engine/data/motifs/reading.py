"""A file of motifs, told by what stands in it: MEME, JASPAR or PFM, TRANSFAC; compressed or not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from monae_app.engine.data.motifs.jaspar_text import is_jaspar, read_jaspar
from monae_app.engine.data.motifs.meme_text import is_meme, read_meme
from monae_app.engine.data.motifs.motif import MotifCollection
from monae_app.engine.data.motifs.transfac_text import is_transfac, read_transfac
from monae_app.engine.data.readers.guard import guarded
from monae_app.engine.data.readers.unpacking import unpacked
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monae_app.engine.data.motifs.motif import Motif

# JASPAR CORE as text has 2 MB; all of CIS-BP 100 MB
MOST_BYTES = 128 << 20
MOST_MOTIFS = 20_000
EXPECTED = "motifs in the text format of MEME, JASPAR (PFM) or TRANSFAC"
TODO = "download the motifs as MEME or JASPAR text, or take those that come with the app: jaspar."
_FORMATS = ((is_meme, read_meme), (is_transfac, read_transfac), (is_jaspar, read_jaspar))


def read_motifs(path: Path) -> MotifCollection:
    """Read a file of motifs.

    Returns
    -------
    MotifCollection
        Named by the file, its version the first letters of the file's SHA-256. Motifs that are there twice, with the
        same counts, are there once.

    Raises
    ------
    InputError
        If the file holds no motifs, is too large, or an id stands for two motifs.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path.name}.", f"{EXPECTED}.", "check the path.")
    text = _text(path)
    lines = text.splitlines()
    reader = next((read for is_it, read in _FORMATS if is_it(lines)), None)
    if reader is None:
        first = next((line.strip() for line in lines if line.strip()), "")
        raise InputError(f"{path.name} holds no motifs; it begins with {first[:60]!r}.", f"{EXPECTED}.", TODO)
    try:
        motifs = reader(lines)
    except ValueError as error:
        raise InputError(f"{path.name} cannot be read: {error}.", f"{EXPECTED}.", TODO) from None
    if not 0 < len(motifs) <= MOST_MOTIFS:
        raise InputError(f"{path.name} holds {len(motifs):,} motifs.", f"1 to {MOST_MOTIFS:,} {EXPECTED}.", TODO)
    version = f"sha256 {hashlib.sha256(text.encode()).hexdigest()[:16]}"
    kept = _each_once(path, motifs)
    dropped = len(motifs) - len(kept)
    notes = (f"{dropped:,} motifs of {path.name} stand there more than once and count once.",) if dropped else ()
    return MotifCollection(tuple(kept), path.name, version, notes)


def _text(path: Path) -> str:
    with guarded(path, "motifs", EXPECTED, TODO), unpacked(path) as file:
        content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise InputError(f"{path.name} is larger than {MOST_BYTES >> 20} MB.", f"{EXPECTED}.", TODO)
        return content.decode("utf-8-sig")


def _each_once(path: Path, motifs: Sequence[Motif]) -> list[Motif]:
    kept: dict[str, Motif] = {}
    for motif in motifs:
        first = kept.setdefault(motif.id, motif)
        if first.counts.shape != motif.counts.shape or (first.counts != motif.counts).any():
            raise InputError(
                f"{path.name} has two motifs with the id {motif.id}.",
                "an id of its own for each motif.",
                "rename one of them in the file.",
            )
    return list(kept.values())
