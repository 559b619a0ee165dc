"""What motifs are called: the genes of their factors, however a database or a program writes them."""

from __future__ import annotations

import re

# JASPAR ids that programs put before or behind the name, as Cell Ranger does: Arnt_MA0004.1
_ID_BEFORE = re.compile(r"^(?:MA|UN|PB|PF|CN)\d{4}\.\d+[ ._-]+(?=\w)")
_ID_BEHIND = re.compile(r"[ ._-](?:MA|UN|PB|PF|CN)\d{4}\.\d+$")
# HOCOMOCO: AHR_HUMAN.H11MO.0.B, AHR.H12CORE.0.P.B
_HOCOMOCO = re.compile(r"(?:_(?:HUMAN|MOUSE))?\.H\d+[A-Z]*\.\d.*$|_(?:HUMAN|MOUSE)$", re.IGNORECASE)
# variants, and what Homer and CIS-BP say behind the name: (var.2), (bHLH)/..., _(Homo_sapiens)_(DBD_1.00)
_BEHIND = re.compile(r"(?<=\w)[ _]?\(.*$|[ _-]var\.?\d+$", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"^\((?P<name>[^()]+)\)")
_PARTNERS = re.compile(r"::|\+|/")
# fusions whose hyphen joins two genes
_FUSIONS = {"EWSR1-FLI1": ("EWSR1", "FLI1")}


def genes_of(name: str) -> tuple[str, ...]:
    """Read the genes of a motif's factors from its name, each once, in the order of the name.

    ``FOS::JUN(var.2)`` is FOS and JUN, ``AHR_HUMAN.H11MO.0.B`` is AHR, ``Arnt_MA0004.1`` is Arnt,
    ``(Ahr)_(Homo_sapiens)`` is Ahr; ``NKX2-5`` keeps its hyphen.
    """
    plain = _ID_BEHIND.sub("", _ID_BEFORE.sub("", name.strip()))
    bracketed = _IN_BRACKETS.match(plain)
    if bracketed:
        plain = bracketed["name"]
    plain = _HOCOMOCO.sub("", _BEHIND.sub("", plain)).strip()
    if plain.upper() in _FUSIONS:
        return _FUSIONS[plain.upper()]
    return tuple(dict.fromkeys(part for part in map(str.strip, _PARTNERS.split(plain)) if part))
