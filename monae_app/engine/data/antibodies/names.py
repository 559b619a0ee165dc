"""How an antibody is called: the same target in the many ways in which kits, toolkits and R write it.

``CD3``, ``Hu.CD3-UCHT1``, ``cd3.1``, ``anti-human CD3``, ``A0034_CD3_TotalSeqB`` and ``CD3-CTCATTGTAACTCCT`` are one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_GREEK = {
    "α": "a", "β": "b", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "κ": "k", "λ": "l", "μ": "m", "µ": "m",
    "alpha": "a", "beta": "b", "gamma": "g", "delta": "d", "epsilon": "e", "zeta": "z", "kappa": "k", "lambda": "l",
}  # fmt: skip
_GREEK_LETTER = re.compile("|".join(sorted(_GREEK, key=len, reverse=True)))
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[^a-z0-9]+(?=\d)")
_NO_LETTER = re.compile(r"[^a-z0-9-]|(?<!\d)-|-(?!\d)")

SHORTEST_TARGET = 3
_SPACE = r"[-_. ]"
_SPECIES = {"hu": "human", "human": "human", "ms": "mouse", "mouse": "mouse", "rt": "rat", "rat": "rat"}
_WORD = "human|mouse|rat|hu|ms|rt"
# before the target
_SPECIES_FIRST = re.compile(
    rf"^(?P<anti>anti{_SPACE}+)?(?P<species>(?:{_WORD})(?:[-_. /]*(?:{_WORD}))*){_SPACE}+", re.I
)
_BEFORE = re.compile(
    rf"^(?:(?:adt|ab|prot|protein|anti){_SPACE}+|[abcd]\d{{4}}{_SPACE}+|x(?=\d))",
    re.IGNORECASE,
)
# behind the target: what kits and toolkits append, and the sequence of the tag
_BEHIND = re.compile(
    rf"{_SPACE}+(?:total{_SPACE}?seq{_SPACE}?[abcd]?|[abcd]\d{{4}}|adt|prot|protein|antibody|recombinant|[acgt]{{10,20}})$",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"^(?P<outer>[^()\[\]]*)[(\[](?P<inner>[^()\[\]]+)[)\]]?(?P<rest>[^()\[\]]*)$")
_CLONE_NUMBER = re.compile(rf"(?<=.){_SPACE}\d{{1,2}}$")
# A clone is told by a digit in its name; R1, L2 and the like are parts of the target's.
_CLONE = re.compile(r"^(?=.*\d)(?!r\d?[a-z]?\d?$)[a-z0-9][-_. a-z0-9/]{2,}$", re.IGNORECASE)
# names of antibodies begin with one of these rarely enough: what follows would be a second target, no clone
_SECOND_TARGET = re.compile(r"^(?:cd|tcr|hla|ig)\d*", re.IGNORECASE)


def canonical(name: str) -> str:
    """Write a name as one writes none: lower case, Greek letters as Latin ones, nothing between letters.

    A hyphen stays between two digits: ``CD3-1`` is no ``CD31``.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    text = _GREEK_LETTER.sub(lambda found: _GREEK[found.group()], text)
    return _NO_LETTER.sub("", _BETWEEN_DIGITS.sub("-", text))


def species_of(name: str) -> frozenset[str]:
    """Organisms that an antibody is made against by its name, as ``Hu.CD4`` and ``anti-mouse CD4``; none unsaid."""
    found = next((found for each in _peeled(name) if (found := _SPECIES_FIRST.match(each))), None)
    words = re.findall(_WORD, found["species"], re.IGNORECASE) if found else []
    return frozenset(_SPECIES[word.lower()] for word in words)


@lru_cache(maxsize=4096)
def readings(name: str) -> tuple[str, ...]:
    """Say what may be meant by a name, the most literal reading first.

    Parameters
    ----------
    name
        Of an antibody, as the file writes it.

    Returns
    -------
    tuple of str
        The name; without what kits and toolkits add, one thing after another; what stands before and in brackets; each
        of these without the number of a clone (``CD4.1``), and without its name (``CD3-UCHT1``).
    """
    literal = list(_peeled(unicodedata.normalize("NFKC", name).strip()))
    whole = [*literal, *_of_brackets(literal[-1])]
    numbered = [_CLONE_NUMBER.sub("", each) for each in whole]
    heads = [head for each in whole for head in _heads(each)]
    return tuple(dict.fromkeys(each for each in (*whole, *numbered, *heads) if each))


def _peeled(name: str) -> Iterator[str]:
    """Leave out one thing after another that stands around the target, as long as something is left."""
    yield name
    patterns = (_BEHIND, _BEFORE, _SPECIES_FIRST)
    while inner := next((each for pattern in patterns if (each := pattern.sub("", name)) not in (name, "")), None):
        name = inner
        yield name


def _of_brackets(name: str) -> Iterator[str]:
    found = _IN_BRACKETS.match(name)
    if not found:
        return
    yield found["outer"].strip()
    yield from (part.strip() for part in re.split(r"[,;]", found["inner"]))


def _heads(name: str) -> Iterator[str]:
    """Beginnings of a name, the longest first, whose rest looks like the name of a clone."""
    for gap in reversed(list(re.finditer(_SPACE, name))):
        rest = name[gap.end() :]
        if gap.start() >= SHORTEST_TARGET and _CLONE.match(rest) and not _SECOND_TARGET.match(rest):
            yield name[: gap.start()]
