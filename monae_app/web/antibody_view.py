"""What the antibody grid knows: what each antibody was taken for, and what was mapped by hand.

A mapping is a dict: by the name of the antibody its genes as they are typed, ``CD3D+CD3E``, or nothing for no link. It
stands among the settings of the data set, where the next training finds it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from monae_app.engine.data.antibodies.by_hand import PREFIX, genes_by_hand, split_mapping
from monae_app.engine.data.gene_names import GeneNames
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monae_app.web.guidance_view import GuidanceView

SETTING = "antibody_genes"
BETWEEN = "+"
_SEPARATORS = re.compile(r"[+,;\s]+")


@dataclass(frozen=True)
class Antibody:
    """One antibody of a panel, and what it was taken for.

    Parameters
    ----------
    name
        As the file has it.
    gene
        Its genes, joined by plus signs; empty for none.
    how
        By whom it was matched, as in :class:`~monae_app.engine.data.coding.Coded`.
    target, kind, lacking, note
        As there.
    weight
        Of all its links together.
    else_gene
        Of one that was mapped by hand: the genes that it would have otherwise.
    """

    name: str
    gene: str
    how: str
    target: str = ""
    kind: str = ""
    weight: float = 1.0
    lacking: str = ""
    note: str = ""
    else_gene: str = ""

    @property
    def n_genes(self) -> int:
        """Number of genes that it is linked to."""
        return len(self.gene.split(BETWEEN)) if self.gene else 0

    def mapped(self, mapping: Mapping[str, str]) -> Antibody:
        """Return it as it is with what was mapped by hand."""
        if self.name not in mapping:
            return self
        return replace(self, gene=mapping[self.name], how="hand", weight=1.0, lacking="", else_gene=self.gene)


class AntibodyView:
    """Panels of the data sets that were looked at last.

    Parameters
    ----------
    view
        Of the links, which has what was read.
    """

    def __init__(self, view: GuidanceView) -> None:
        self._view = view

    def panel(self, chosen: dict[str, Any] | None) -> list[Antibody]:
        """Return the antibodies of a data set and what they were taken for, without what was mapped by hand.

        Raises
        ------
        InputError
            If the files are not read yet, or cannot be.
        """
        table = self._view.places(chosen, "protein")
        if "how" not in table:
            raise InputError("There is no RNA to link the antibodies to.", "a file of RNA.", "choose one as well.")
        return [Antibody(**{str(name): value for name, value in row.items()}) for row in table.to_dict("records")]

    def genes(self, chosen: dict[str, Any] | None) -> GeneNames:
        """Return the genes of a data set, to be found by name.

        Raises
        ------
        InputError
            If the files are not read yet, or cannot be.
        """
        key = ("gene names", str(self._view.survey(chosen).folder))
        return self._view.once(key, lambda: GeneNames(self._view.places(chosen, "rna")["name"].tolist()))

    def controls_leave(self, chosen: dict[str, Any] | None) -> bool:
        """Whether isotype controls leave the panel."""
        return str(self._view.settings(chosen).get("isotype_controls", "leave_out")) != "keep"

    def mapping(self, chosen: dict[str, Any] | None) -> dict[str, str]:
        """Return what was mapped by hand.

        Raises
        ------
        InputError
            If what the browser kept is no mapping.
        """
        kept = self._view.settings(chosen).get(SETTING) or ()
        items = kept.split(",") if isinstance(kept, str) else [str(item) for item in kept]
        return {name: BETWEEN.join(genes) for name, genes in split_mapping(items).items()}

    def with_mapping(self, chosen: dict[str, Any] | None, mapping: Mapping[str, str]) -> dict[str, Any]:
        """Return the data set, as the browser keeps it, with a mapping in the place of the one before."""
        source = self._view.source(chosen)
        others = {name: value for name, value in source.settings.items() if name != SETTING}
        items = {SETTING: [f"{name}={genes}" for name, genes in mapping.items()]} if mapping else {}
        return replace(source, settings=others | items).to_json()


def typed_genes(name: str, text: str, genes: GeneNames) -> str:
    """Read the genes that somebody typed for an antibody, and write them as the data do.

    Raises
    ------
    InputError
        If one of them is no gene of the data.
    """
    # a name that is there in one piece may hold what else lies between two names
    whole = genes.find(text.strip())
    symbols = [text.strip()] if whole is not None else [part for part in _SEPARATORS.split(text) if part]
    try:
        found = genes_by_hand([f"{name}={BETWEEN.join(symbols)}"], [name], genes.names, genes.find)
    except InputError as error:
        said = error.found.removeprefix(PREFIX)
        raise InputError(said[:1].upper() + said[1:], error.expected, error.todo) from None
    return BETWEEN.join(genes.names[at] for at in found[name])


def put(mapping: Mapping[str, str], antibody: Antibody, gene: str) -> dict[str, str]:
    """Put genes into a mapping; what the antibody has without it needs none."""
    others = {name: genes for name, genes in mapping.items() if name != antibody.name}
    same = set(gene.split(BETWEEN)) == set(antibody.gene.split(BETWEEN))
    return others if same else others | {antibody.name: gene}


def after_typing(
    panel: Iterable[Antibody], mapping: Mapping[str, str], typed: Mapping[str, str], genes: GeneNames
) -> tuple[dict[str, str], dict[str, InputError]]:
    """Put all that was typed into a mapping.

    Parameters
    ----------
    panel
        Antibodies as they are without a mapping.
    mapping
        What was mapped before.
    typed
        Text in the field of each antibody that is shown, by its name.
    genes
        Of the data.

    Returns
    -------
    tuple
        The mapping after, and the errors by antibody; what was mapped before stays where there is one.
    """
    after, errors = dict(mapping), {}
    for antibody in panel:
        text = typed.get(antibody.name)
        if text is None or text.strip() == after.get(antibody.name, antibody.gene):
            continue
        try:
            after = put(after, antibody, typed_genes(antibody.name, text, genes))
        except InputError as error:
            errors[antibody.name] = error
    return after, errors
