"""All that is known of a run's regulation, as arrays that can be asked at once: links, and targets of any factor.

G genes, P peaks, L links, m metacells.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.analysis.differential.discoveries import false_discovery_rates
from monae_app.engine.analysis.regulation.motif_support import MotifSupport, links_of_genes
from monae_app.engine.analysis.regulation.targets import GeneSpace, TargetFinder
from monae_app.engine.errors import InputError
from monae_app.engine.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monae_app.engine.data.motifs.hits import MotifHits

FORMAT = 1
REGULON = 50
LINK_COLUMNS = ("gene", "peak", "distance_bp", "score", "sign", "p", "q", "correlation", "in_guidance", "weight")


@dataclass(frozen=True, eq=False)
class Regulation:
    """Evidence on what regulates what in one run.

    Parameters
    ----------
    genes, peaks
        Names, (G,) and (P,); no peaks in a run without ATAC.
    links
        One row a pair, ``gene`` and ``peak`` as positions, the other columns of ``LINK_COLUMNS``, (L,).
    vectors
        Of the genes on the shared axes, (G, D_s).
    profiles
        Measured profiles of genes over metacells, of weighted mean 0 and length 1, (m, G); m is 0 where there are too
        few cells.
    hits
        Motifs in the P peaks; None without.
    seed
        Of the run.
    notes
        What is to be known, in words.
    """

    genes: np.ndarray
    peaks: np.ndarray
    links: pd.DataFrame
    vectors: np.ndarray
    profiles: np.ndarray
    hits: MotifHits | None = None
    seed: int = 0
    notes: tuple[str, ...] = field(default=())

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Number of each gene by its name in lower case; of names that differ in case alone the first."""
        found: dict[str, int] = {}
        for number, name in enumerate(self.genes.tolist()):
            found.setdefault(name.casefold(), number)
        return found

    @cached_property
    def finder(self) -> TargetFinder:
        """What ranks targets."""
        support = None
        if self.hits is not None and len(self.peaks):
            support = MotifSupport(self.hits, links_of_genes(self.links, len(self.genes), len(self.peaks)))
        return TargetFinder(GeneSpace(self.vectors, self.seed), support, self.seed)

    def factors(self, listed: frozenset[str] = frozenset()) -> pd.DataFrame:
        """List the factors that can be asked for: genes with motifs, and genes that are listed as factors.

        Parameters
        ----------
        listed
            Symbols of transcription factors of the organism.

        Returns
        -------
        pandas.DataFrame
            ``tf`` (as the run writes it), ``measured`` (whether it is a gene of the run), ``motif_peaks`` (peaks with
            a motif; NaN without motifs), in the order of their names.
        """
        support = self.finder.support
        names = [gene for genes in self.hits.genes for gene in genes] if self.hits is not None else []
        keys = {name.casefold(): name for name in [*sorted(listed), *names]}
        numbers = self.numbers
        with_motif = {name.casefold() for name in names}
        kept = [key for key in keys if key in numbers or key in with_motif]
        written = [str(self.genes[numbers[key]]) if key in numbers else keys[key] for key in kept]
        found = [None if support is None else support.peaks_of(name) for name in written]
        table = pd.DataFrame(
            {
                "tf": pd.Series(written, dtype=object),
                "measured": pd.Series([key in numbers for key in kept], dtype=bool),
                "motif_peaks": pd.Series([np.nan if has is None else has.sum() for has in found], dtype=np.float64),
            }
        )
        return table.sort_values("tf", ignore_index=True)

    def regulons(self, factors: Sequence[str], size: int = REGULON) -> sp.csr_matrix:
        """Take the genes that the evidence speaks for most as targets of each factor, (G, R), 1 or 0."""
        rows, columns = [], []
        for column, tf in enumerate(factors):
            number, has = self._known(tf)
            leading = self.finder.leading(number, has, size)
            rows.append(leading)
            columns.append(np.full(len(leading), column))
        ends = (np.concatenate([*rows, np.empty(0, int)]), np.concatenate([*columns, np.empty(0, int)]))
        return sp.csr_matrix((np.ones(len(ends[0])), ends), shape=(len(self.genes), len(factors)))

    def links_table(self, gene: str | None = None) -> pd.DataFrame:
        """Give links with names, the surest of each gene first.

        Parameters
        ----------
        gene
            One gene alone, in any case.

        Raises
        ------
        InputError
            If the run has no such gene.
        """
        links = self.links if gene is None else self.links[self.links["gene"] == self._number(gene)]
        named = links.drop(columns="weight")
        named = named.assign(gene=self.genes[links["gene"]], peak=self.peaks[links["peak"]], at=links["gene"])
        return named.sort_values(["at", "p", "score"], ascending=[True, True, False]).drop(columns="at")

    def ranked(self, tf: str) -> np.ndarray:
        """Score all genes as targets of a factor by their places alone, (G,): fast, and alike between factors.

        NaN for the factor itself.
        """
        number, has = self._known(tf)
        found = self.finder.by_places(number, has)
        if number is not None:
            found[number] = np.nan
        return found

    def targets(self, tf: str) -> pd.DataFrame:
        """Rank all genes as targets of a factor.

        Parameters
        ----------
        tf
            A gene of the run, in any case, or a factor that has motifs.

        Returns
        -------
        pandas.DataFrame
            Best first: ``tf``, ``target``, ``rank``, ``score``, ``sign`` (of the measured correlation; 0 where it is
            not known), ``p``, ``q``, ``similarity`` (corrected cosine, in standard deviations), ``correlation`` (over
            metacells, of measured values), ``motif`` (in standard deviations beyond chance; NaN without motifs) and
            ``motif_peaks`` (candidate peaks with a motif; NaN without).

        Raises
        ------
        InputError
            If the run has neither the gene nor motifs of the factor.
        """
        (number, has), finder = self._known(tf), self.finder
        found, score, p = finder.score(number, has)
        table = pd.DataFrame(
            {
                "tf": tf if number is None else self.genes[number],
                "target": self.genes,
                "score": score,
                "sign": 0,
                "p": p,
                "q": false_discovery_rates(p),
                "similarity": found.similarity if number is not None else np.nan,
                "correlation": self._correlations(number),
                "motif": np.nan if found.motif is None else found.motif,
                "motif_peaks": np.nan if has is None else finder.support.counted(has),  # type: ignore[union-attr]
            }
        )
        table["sign"] = np.sign(table["correlation"].fillna(0)).astype(np.int8)
        if number is not None:
            table = table.drop(index=number)
        table = table.sort_values(["score", "target"], ascending=[False, True], ignore_index=True)
        table.insert(2, "rank", np.arange(1, len(table) + 1))
        return table

    def save(self, path: Path) -> None:
        """Write one .npz without pickles, whole or not at all; motifs have a file of their own."""
        arrays: dict[str, Any] = {f"link_{name}": self.links[name].to_numpy() for name in LINK_COLUMNS}
        arrays |= {"genes": self.genes.astype(np.str_), "peaks": self.peaks.astype(np.str_)}
        arrays |= {"vectors": self.vectors, "profiles": self.profiles.astype(np.float32)}
        said = json.dumps({"format": FORMAT, "seed": self.seed, "notes": list(self.notes)})

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                np.savez_compressed(file, said=np.array(said), **arrays)

        write_atomically(path, write)

    @classmethod
    def load(cls, path: Path, hits: MotifHits | None = None) -> Regulation:
        """Read what :meth:`save` wrote, and add motifs.

        Raises
        ------
        InputError
            If the file is missing, damaged, or something else.
        """
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                said = json.loads(str(file["said"]))
                if said["format"] != FORMAT:
                    raise ValueError(f"it is of version {said['format']} of the format, not {FORMAT}")
                links = pd.DataFrame({name: file[f"link_{name}"] for name in LINK_COLUMNS})
                genes, peaks = (file[name].astype(object) for name in ("genes", "peaks"))
                vectors, profiles = file["vectors"], file["profiles"]
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path.name} holds no evidence on regulation ({error}).", "a file that was made here.", "make it anew."
            ) from error
        return cls(genes, peaks, links, vectors, profiles, hits, said["seed"], tuple(said["notes"]))

    def _correlations(self, number: int | None) -> np.ndarray:
        if number is None or not len(self.profiles):
            return np.full(len(self.genes), np.nan)
        found = np.asarray(self.profiles.T @ self.profiles[:, number], np.float64)
        seen = np.asarray(np.abs(self.profiles).sum(axis=0) > 0)
        return np.where(seen & seen[number], found, np.nan)

    def _known(self, tf: str) -> tuple[int | None, np.ndarray | None]:
        """Find the number of a factor's gene and the peaks with its motif, None for either that is not known."""
        number, support = self.numbers.get(tf.casefold()), self.finder.support
        has = support.peaks_of(tf) if support is not None else None
        if number is None and has is None:
            raise self._unknown(f"The run has neither a gene nor motifs that are called {tf!r}.")
        return number, has

    def _unknown(self, found: str) -> InputError:
        return InputError(
            found,
            f"one of its {len(self.genes):,} genes, such as {', '.join(map(str, self.genes[:3]))}.",
            "check the spelling and the organism: mouse genes are written Sox2, human ones SOX2.",
        )

    def _number(self, gene: str) -> int:
        if gene.casefold() not in self.numbers:
            raise self._unknown(f"The run has no gene {gene!r}.")
        return self.numbers[gene.casefold()]
