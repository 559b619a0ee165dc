"""Isotype controls: antibodies against nothing in the sample, which show how much sticks to a cell by itself."""

from __future__ import annotations

import re

from monae_app.engine.data.antibodies.names import readings

_SAID = re.compile(
    r"iso[-_. ]?type|\biso[-_. ]?(?:ctrl|control)|\big[gmade]\w*\W.*(?:ctrl|control)|^neg\w*\W?(?:ctrl|control)",
    re.IGNORECASE,
)
_HOST = r"(?:(?:armenian|syrian|arm)[-_. ]*)?(?:mouse|rat|rag|hamster|rabbit|goat|sheep)[-_. ]*"
_CHAIN = r"(?:[-_., ]*(?:κ|λ|kappa|lambda|k|l)(?![a-z0-9]))?"
_CLONE = r"(?:[-_., (]+(?=[^)]*\d)[-_. a-z0-9]+[)]?)?"
# A subclass by itself, since what cells bear is called IgG, IgD or IgM. IgG4 is a target: neither mouse nor rat has it.
_SUBCLASS = re.compile(rf"^(?:{_HOST}|[mr])?igg[123][abc]?{_CHAIN}{_CLONE}$", re.IGNORECASE)
_OF_HOST = re.compile(rf"^{_HOST}ig[gm]{_CHAIN}{_CLONE}$", re.IGNORECASE)
_KNOWN_CLONE = re.compile(
    r"(?:^|[-_. (])(?:mopc[-_. ]?\d+|mpc[-_. ]?11|rtk[-_. ]?\d{4}|htk[-_. ]?888|mg(?:1|2a|2b)[-_. ]\d\d)(?!\d)",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"(?:^|[-_. ])anti[-_. ]|^(?:[abcd]\d{4}[-_. ])?(?:(?:hu|ms)(?:hu|ms|rt)*|human)[-_. ]", re.IGNORECASE
)


def is_isotype_control(name: str) -> bool:
    """Whether an antibody is an isotype control by its name.

    ``IgG1``, ``IgG2a.Ctrl``, ``Mouse IgG1, κ isotype Ctrl``, ``Rat_IgG2b_Isotype`` and ``Isotype_MOPC.21`` are;
    ``IgD``, ``IgM``, ``IgA``, ``IgG Fc``, ``Ig light chain κ``, ``anti-human IgG1`` and ``Hu.IgG1`` are targets.
    """
    if _SAID.search(name.replace("_", " ")) or _KNOWN_CLONE.search(name):
        return True
    if _AGAINST.search(name):
        return False
    return any(_SUBCLASS.match(each) or _OF_HOST.match(each) for each in readings(name))
