"""The features of a run, found by symbol, by Ensembl id, or by the place of a peak. V features of all modalities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pandas as pd

from monae_app.engine.analysis.imputation import unknown_features
from monae_app.engine.analysis.sorted_names import SortedNames
from monae_app.engine.analysis.tables import FEATURE_ID
from monae_app.engine.result import FEATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.analysis.run_slices import RunSlices

REGION = re.compile(r"^(?P<chrom>[^\s:]+)[:_-](?P<start>[\d,]+)[-_](?P<end>[\d,]+)$")


@dataclass(frozen=True)
class Found:
    """One feature: its row in features.h5ad, its plain name, its Ensembl id or nothing, whether it shaped the map."""

    row: int
    modality: str
    name: str
    id: str
    modelled: bool


class FeatureSearch:
    """Looks features up.

    Parameters
    ----------
    run
        The run.
    """

    def __init__(self, run: RunSlices) -> None:
        self._run = run

    def modalities(self) -> list[str]:
        """Return the modalities that have features, in the order of the run; motifs are one."""
        return [str(name) for name in self._run.column("modality", FEATURES).unique()]

    def starting(self, modality: str, text: str, limit: int) -> list[Found]:
        """Features whose name or Ensembl id begins so, upper and lower case alike, or that overlap a region."""
        rows = [self._names(modality).starting(text, limit)]
        if (ids := self._ids()) is not None:
            rows.append(self._of(modality, ids.starting(_plain_id(text)))[:limit])
        if len(rows[0]) < limit and (region := REGION.match(text)) is not None:
            rows.append(self._overlapping(modality, region)[:limit])
        # in this order, each once
        found = list(dict.fromkeys(np.concatenate(rows).tolist()))[:limit]
        return self._told(modality, found)

    def row(self, modality: str, name: str) -> int | None:
        """Row of the feature of exactly this name; None if there is none."""
        like = self._names(modality).equal(name).tolist()
        return next((found.row for found in self._told(modality, like) if found.name == name), None)

    def check(self, modality: str, names: Sequence[str]) -> None:
        """Make sure that features are there.

        Raises
        ------
        InputError
            If one is not; the message names those that come close.
        """
        missing = [name for name in names if self.row(modality, name) is None]
        if missing:
            raise unknown_features(modality, missing, len(names), self.all_names(modality))

    def alike(self, modality: str, names: Sequence[str]) -> list[Found | None]:
        """Feature of each name, else of this name in other letters, else of this Ensembl id; None where there is none.

        Of ids, the part before the dot counts: what follows is their version.
        """
        known, ids = self._names(modality), self._ids()
        rows = [known.equal(name) for name in names]
        if ids is not None:
            rows = [
                mine if len(mine) else self._of(modality, ids.equal(_plain_id(name)))
                for mine, name in zip(rows, names, strict=True)
            ]
        told = {found.row: found for found in self._told(modality, np.unique(np.concatenate(rows)).tolist())}
        return [
            min((told[row] for row in mine.tolist()), key=lambda found: found.name != name, default=None)
            for mine, name in zip(rows, names, strict=True)
        ]

    def told(self, modality: str, row: int) -> Found:
        """Describe the feature of a row."""
        return self._told(modality, [row])[0]

    def all_told(self, modality: str, rows: Sequence[int]) -> list[Found]:
        """Describe the features of some rows of one modality, in the order asked for."""
        return self._told(modality, list(rows))

    def all_names(self, modality: str) -> list[str]:
        """Read the names of all features of a modality, in the order of the run."""
        return self._texts("name", self._rows(modality))

    def first_row(self, modality: str) -> int:
        """Row of the first feature of a modality; the others follow without a gap."""
        return int(self._rows(modality)[0])

    def _told(self, modality: str, rows: list[int]) -> list[Found]:
        if not rows:
            return []
        modelled = self._column("modelled") if "modelled" in self._run.feature_columns else None
        with self._run.open(FEATURES) as file:
            obs = file["obs"]
            names = _texts_at(obs["name"], rows)
            ids = _texts_at(obs[FEATURE_ID], rows) if FEATURE_ID in obs else [""] * len(rows)
        return [
            Found(row, modality, name, gene, bool(modelled is None or modelled[row]))
            for row, name, gene in zip(rows, names, ids, strict=True)
        ]

    def _names(self, modality: str) -> SortedNames:
        def read() -> SortedNames:
            rows = self._rows(modality)
            return SortedNames.of(self._texts("name", rows), rows)

        return self._run.kept.get(self._run.owner, ("names", modality), read)

    def _ids(self) -> SortedNames | None:
        if FEATURE_ID not in self._run.feature_columns:
            return None

        def read() -> SortedNames:
            every = np.arange(self._run.n_features)
            texts = self._texts(FEATURE_ID, every)
            has = np.array([bool(text) for text in texts], bool)
            return SortedNames.of([_plain_id(text) for text in texts if text], every[has])

        return self._run.kept.get(self._run.owner, "ids", read)

    def _texts(self, column: str, rows: np.ndarray) -> list[str]:
        # not by way of the kept columns: a hundred thousand strings weigh ten times what is kept of them
        with self._run.open(FEATURES) as file:
            node = file["obs"][column]
            if isinstance(node, h5py.Group):
                return _texts_at(node, rows.tolist())
            found = node.asstr()[...]
            return list(found if len(rows) == len(found) else found[rows])

    def _rows(self, modality: str) -> np.ndarray:
        """Rows of all features of a modality, increasing."""
        of_feature = self._run.column("modality", FEATURES)
        return np.flatnonzero((of_feature == modality).to_numpy())

    def _of(self, modality: str, rows: np.ndarray) -> np.ndarray:
        of_feature = self._run.column("modality", FEATURES)
        return rows[(of_feature.iloc[rows] == modality).to_numpy()]

    def _overlapping(self, modality: str, region: re.Match[str]) -> np.ndarray:
        if not {"chrom", "chromStart", "chromEnd"} <= set(self._run.feature_columns):
            return np.zeros(0, np.int64)
        start, end = (int(region[name].replace(",", "") or 0) for name in ("start", "end"))
        chrom = self._run.column("chrom", FEATURES).astype("category")
        spelled = {region["chrom"].casefold(), f"chr{region['chrom']}".casefold()}
        here = [code for code, name in enumerate(chrom.cat.categories) if str(name).casefold() in spelled]
        mine = np.isin(chrom.cat.codes.to_numpy(), here)
        mine &= (self._column("chromStart") < end) & (self._column("chromEnd") > start)
        return self._of(modality, np.flatnonzero(mine))

    def _column(self, name: str) -> np.ndarray:
        return np.asarray(self._run.column(name, FEATURES).to_numpy())


def _plain_id(text: str) -> str:
    """Return an Ensembl id without its version."""
    return text.partition(".")[0]


def _texts_at(node: h5py.Group | h5py.Dataset, rows: list[int]) -> list[str]:
    # HDF5 takes increasing places alone
    order, back = np.unique(rows, return_inverse=True)
    if isinstance(node, h5py.Group):
        names = [*node["categories"].asstr()[...], ""]
        found = [names[code] for code in node["codes"][order].tolist()]
    else:
        found = node.asstr()[order].tolist()
    return ["" if pd.isna(found[place]) else str(found[place]) for place in back.tolist()]
