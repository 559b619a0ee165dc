"""What features are called: gene symbols where there is any way to them, each name once."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd
from anndata.utils import make_index_unique

from monae_app.engine.data.understanding.known_genes import GENOMES, ORGANISMS, measured, share_known

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.engine.config import GenomeName, ModalityName

NameKind = Literal["symbols", "Ensembl ids", "peaks", "proteins", "numbers", "other names"]
GENE_ID = "gene_id"
# Columns in which symbols stand beside ids, best first.
SYMBOL_COLUMNS = (
    "gene_symbols", "gene_symbol", "symbols", "symbol", "gene_name", "gene_names", "feature_name", "feature_names",
    "gene_short_name", "external_gene_name", "hgnc_symbol", "mgi_symbol", "gene", "genes", "name", "names", "features",
)  # fmt: skip
ID_COLUMNS = ("gene_id", "gene_ids", "ensembl_id", "ensembl", "feature_id")
ENSEMBL = re.compile(r"^ENS[A-Z]{0,6}G\d{6,}(?:\.\d+)?(?:_PAR_Y)?$")
PEAK = re.compile(r"^.*[^\s:_-][:_-]\d+[:_-]\d+$")
# how mixtures of species are written by Cell Ranger, Drop-seq and others
SPECIES = re.compile(r"^(grch\d+|hg\d+|human|grcm\d+|mm\d+|mouse)_+(?=.)", re.IGNORECASE)
# both names of a gene in one: ENSG00000000003_TSPAN6, TSPAN6|ENSG00000000003.14
_ID = r"(?P<id>ENS[A-Z]{0,6}G\d{6,}(?:\.\d+)?)"
BOTH = re.compile(rf"^(?:{_ID}[-_|:;](?P<symbol>.+)|(?P<before>.+)[-_|:;]{_ID.replace('id', 'behind')})$")
MOST, MOSTLY = 0.9, 0.5
KNOWN = 0.2
_EXAMPLES = 3


@dataclass(frozen=True)
class Named:
    """Features with their names settled.

    Parameters
    ----------
    var
        As given, with the names in its index, shape (G, columns); ids that gave way stand in ``gene_id``.
    kind
        What the names are.
    notes
        What was decided, in words.
    """

    var: pd.DataFrame
    kind: NameKind
    notes: tuple[str, ...] = ()


def share_matching(names: pd.Index, pattern: re.Pattern[str]) -> float:
    """Share of the names that match, 0 to 1."""
    few = measured(names)
    return sum(pattern.match(str(name)) is not None for name in few) / len(few) if len(few) else 0.0


def kind_of_names(names: pd.Index) -> NameKind:
    """Say what most of the names are."""
    for kind, pattern in (("Ensembl ids", ENSEMBL), ("numbers", re.compile(r"^\d+$")), ("peaks", PEAK)):
        if share_matching(names, pattern) > MOSTLY:
            return kind  # type: ignore[return-value]
    return "symbols" if any(share_known(names, genome) > KNOWN for genome in GENOMES) else "other names"


def name_features(
    var: pd.DataFrame,
    modality: ModalityName,
    *,
    genome: GenomeName | None = None,
    symbol_of: Callable[[], pd.Series] | None = None,
) -> Named:
    """Give features the names by which they are linked, each once.

    Parameters
    ----------
    var
        Of one part, shape (G, columns).
    modality
        Peaks keep their names; so do proteins and methylated regions.
    genome
        Of the run: in a mixture of species, its genes are those whose prefix is taken off.
    symbol_of
        Gives the symbol of each gene id (without version) of the user's own annotation, if there is one.
    """
    if modality == "atac":
        return Named(var, "peaks" if kind_of_names(var.index) == "peaks" else "other names")
    if modality == "methylation":
        return _unique(Named(var, kind_of_names(var.index)))
    if modality == "protein":
        return _unique(Named(var, "proteins"))
    named = _without_species(_split(var), genome)
    kind = kind_of_names(named.var.index)
    if kind in ("Ensembl ids", "numbers"):
        named = _with_symbols(named, kind, symbol_of)
    else:
        named = Named(_with_ids(named.var), kind, named.notes)
    return _unique(named)


def symbols_apart(names: pd.Index) -> pd.DataFrame | None:
    """Take names apart that hold both the id and the symbol of a gene, columns symbol and id; None for other names."""
    if share_matching(names, BOTH) < MOST:
        return None
    matches = [BOTH.match(str(name)) for name in names]
    found = [
        (match["symbol"] or match["before"], match["id"] or match["behind"]) if match else (str(name), "")
        for name, match in zip(names, matches, strict=True)
    ]
    return pd.DataFrame(found, columns=["symbol", "id"], index=names)


def _split(var: pd.DataFrame) -> pd.DataFrame:
    both = symbols_apart(var.index)
    if both is None:
        return var
    split = var.set_axis(pd.Index(both["symbol"].to_numpy()))
    return split if GENE_ID in split else split.assign(**{GENE_ID: both["id"].to_numpy()})


def _without_species(var: pd.DataFrame, genome: GenomeName | None) -> Named:
    """Take the prefix of one species off its genes; those of another keep theirs."""
    few = measured(var.index)
    found = [match for name in few if (match := SPECIES.match(str(name)))]
    if len(found) < MOST * len(few) or not found:
        return Named(var, "other names")
    prefixes = pd.Series([match.group(1) for match in found]).value_counts()
    of_genome = [prefix for prefix in prefixes.index if genome and organism_of(prefix) == ORGANISMS[genome]]
    main = of_genome[0] if of_genome else prefixes.index[0]
    names = pd.Index([_stripped(str(name), main) for name in var.index])
    own = int((names != var.index).sum())
    note = f"the prefix {main}_ was taken off the names of {own:,} genes"
    if own < len(names):
        note += f"; {len(names) - own:,} genes of another species keep theirs and get no links"
    return Named(var.set_axis(names), "other names", (f"{note}.",))


def organism_of(prefix: str) -> str:
    """Organism that a prefix of gene names stands for."""
    return "mouse" if prefix.casefold().startswith(("mm", "mouse", "grcm")) else "human"


def _stripped(name: str, prefix: str) -> str:
    match = SPECIES.match(name)
    return name[match.end() :] if match and match.group(1) == prefix else name


def _with_symbols(named: Named, kind: NameKind, symbol_of: Callable[[], pd.Series] | None) -> Named:
    var = named.var
    column = symbol_column(var)
    if column is not None:
        symbols, source = _texts(var[column]), f"the column {column!r} of var"
    elif symbol_of is not None and kind == "Ensembl ids":
        symbols = pd.Series(var.index.map(without_version), index=var.index).map(symbol_of())
        source = "the annotation"
    else:
        return Named(var, kind, (*named.notes, _without_symbols(var.index, kind)))
    known = (symbols.notna() & (symbols != "")).to_numpy()
    names = pd.Index(symbols.where(known, var.index.to_series()).astype(str))
    if not known.any():
        return Named(var, kind, (*named.notes, _without_symbols(var.index, kind)))
    changed = var.set_axis(names)
    if kind == "Ensembl ids" and GENE_ID not in changed:
        changed = changed.assign(**{GENE_ID: var.index.to_numpy()})
    what = "Ensembl ids" if kind == "Ensembl ids" else "numbers"
    note = f"the names are {what}; {int(known.sum()):,} of {len(names):,} genes got their symbol from {source}."
    return Named(changed, "symbols", (*named.notes, note))


def _without_symbols(names: pd.Index, kind: NameKind) -> str:
    shown = ", ".join(map(repr, names[:2]))
    if kind == "numbers":
        return f"the names are numbers ({shown}, ...), and no column of var holds gene symbols: genes get no links."
    return (
        f"the names are Ensembl ids ({shown}, ...), and no column of var holds gene symbols: to link genes, add a "
        "column 'gene_symbols' to var, or give the annotation with --gtf FILE."
    )


def without_version(name: str) -> str:
    """Ensembl id without its version: ENSG00000123456.7 -> ENSG00000123456."""
    return name.split(".", 1)[0]


def symbol_column(var: pd.DataFrame) -> str | None:
    """Return the column of var in which symbols stand, None if there is none."""
    by_folded = {str(name).casefold(): name for name in reversed(var.columns)}
    for wanted in SYMBOL_COLUMNS:
        if wanted not in by_folded:
            continue
        texts = _texts(var[by_folded[wanted]])
        names = pd.Index(texts[texts != ""])
        if len(names) and kind_of_names(names) not in ("Ensembl ids", "numbers", "peaks"):
            return str(by_folded[wanted])
    return None


def _texts(column: pd.Series) -> pd.Series:
    plain = column.astype(object)
    return plain.where(plain.notna(), "").astype(str).str.strip()


def _with_ids(var: pd.DataFrame) -> pd.DataFrame:
    """Keep ids that stand beside symbols under the one name that the rest of the code knows."""
    if GENE_ID in var:
        return var
    found = next((name for name in ID_COLUMNS if name in var), None)
    if found is None or share_matching(pd.Index(_texts(var[found])), ENSEMBL) <= MOSTLY:
        return var
    return var.assign(**{GENE_ID: _texts(var[found])})


def _unique(named: Named) -> Named:
    names = named.var.index
    repeated = names[names.duplicated()].unique()
    if not len(repeated):
        return named
    shown = ", ".join(repr(str(name)) for name in repeated[:_EXAMPLES]) + (", ..." if len(repeated) > _EXAMPLES else "")
    note = f"{len(repeated):,} names stand more than once ({shown}); from the second on they end in -1, -2 and so on."
    with warnings.catch_warnings():
        # of names that ended in a number before: A, A, A-1
        warnings.simplefilter("ignore", UserWarning)
        unique = named.var.set_axis(make_index_unique(names))
    return Named(unique, named.kind, (*named.notes, note))
