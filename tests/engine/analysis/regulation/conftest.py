"""Planted regulation, with the true latent of the cells in place of a trained one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.engine.analysis.regulation.candidate_pairs import candidate_pairs
from monae_app.engine.analysis.regulation.evidence import LINK_COLUMNS, Regulation
from monae_app.engine.analysis.regulation.links import score_links
from monae_app.engine.analysis.regulation.measured_directions import directions_of, fit_vectors, space_of
from monae_app.engine.data.genome import parse_peaks
from monae_app.engine.data.guidance import link_genes_to_peaks
from monae_app.engine.data.motifs.table_reading import read_motif_table
from monae_app.engine.data.planted import make_planted

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.engine.data.planted import Planted

PROMOTER, WINDOW = 2000, 150_000


@dataclass(frozen=True)
class Known:
    """A planted set, the evidence on it, and which links are true."""

    planted: Planted
    genes: pd.DataFrame
    peaks: pd.DataFrame
    regulation: Regulation
    true: np.ndarray


def places(planted: Planted) -> tuple[pd.DataFrame, pd.DataFrame]:
    genes = planted.genes.set_axis(["chrom", "start", "end", "symbol", "strand"], axis=1).set_index("symbol")
    return genes.loc[planted.rna.var_names], parse_peaks(planted.atac.var)


def near(genes: pd.DataFrame, peaks: pd.DataFrame) -> sp.csr_matrix:
    pairs = link_genes_to_peaks(genes, peaks, promoter=PROMOTER)
    return sp.csr_matrix((np.ones(len(pairs)), (pairs["gene"], pairs["peak"])), (len(genes), len(peaks)))


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    planted = make_planted(n_cells=1200, n_genes=600, n_peaks=3000, regime="standard", seed=3)
    genes, peaks = places(planted)
    sides = {"rna": (planted.rna, planted.latent_rna), "atac": (planted.atac, planted.latent_atac)}
    space = space_of(np.vstack([latent for _, latent in sides.values()]))
    vectors, directions = {}, {}
    for name, (table, latent) in sides.items():
        values = sp.csr_matrix(table.X)
        vectors[name] = fit_vectors(values, latent, table.obs["batch"].cat.codes.to_numpy(), counted=True)
        directions[name] = directions_of(vectors[name], space, np.asarray(values.mean(axis=0)).ravel())
    pairs = candidate_pairs(genes, peaks, near(genes, peaks), promoter=PROMOTER, window=WINDOW)
    chrom = genes["chrom"].to_numpy(object), peaks["chrom"].to_numpy(object)
    links = score_links(pairs, directions["rna"], directions["atac"], chrom, seed=0)
    gene = genes.index.to_numpy(str)[links["gene"]]
    var = planted.atac.var.iloc[links["peak"].to_numpy()]
    true = ((var["owner"].astype(str) == gene) & var["true_link"]).to_numpy()
    folder = tmp_path_factory.mktemp("regulation")
    planted.motif_peaks.to_csv(folder / "motifs.tsv", sep="\t", index=False)
    regulation = Regulation(
        genes.index.to_numpy(object),
        peaks.index.to_numpy(object),
        links.assign(correlation=np.nan)[list(LINK_COLUMNS)],
        vectors["rna"].astype(np.float32),
        np.empty((0, len(genes))),
        read_motif_table(folder / "motifs.tsv", peaks),
    )
    return Known(planted, genes, peaks, regulation, true)
