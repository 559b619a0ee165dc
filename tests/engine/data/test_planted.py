from __future__ import annotations

import anndata as ad
import numpy as np
import pytest

from monae_app.engine.data.genome import parse_peaks, read_bed
from monae_app.engine.data.guidance import link_genes_to_peaks
from monae_app.engine.data.planted import make_planted


@pytest.fixture(scope="module")
def data():
    return make_planted(n_cells=1500, n_genes=100, n_peaks=400, n_types=6, seed=3)


def type_means(table: ad.AnnData) -> np.ndarray:
    share = table.X.toarray() / table.X.sum(axis=1)
    kinds = table.obs["cell_type"].to_numpy()
    logs = np.log(np.asarray(np.stack([share[kinds == kind].mean(axis=0) for kind in sorted(set(kinds))])) + 1e-5)
    return logs - logs.mean(axis=0)


def correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first * second).sum(axis=0) / (np.linalg.norm(first, axis=0) * np.linalg.norm(second, axis=0))


def test_followed_peaks_go_with_their_gene_and_shuffled_ones_do_not(data):
    genes, peaks, var = type_means(data.rna), type_means(data.atac), data.atac.var
    # a gene whose expression hardly differs between types leads nobody
    varies = data.rna.var_names[genes.std(axis=0) > np.median(genes.std(axis=0))]
    rows = np.flatnonzero(var["follows"] & var["owner"].isin(varies))
    assert len(rows) > 30
    owners = data.rna.var_names.get_indexer(var["owner"].iloc[rows])
    assert np.median(correlations(genes[:, owners], peaks[:, rows])) > 0.8
    shuffled = np.random.default_rng(0).permutation(owners)
    assert abs(np.median(correlations(genes[:, shuffled], peaks[:, rows]))) < 0.35
    beside = np.flatnonzero(~var["follows"] & var["owner"].isin(varies))
    assert (
        abs(
            np.median(
                correlations(genes[:, data.rna.var_names.get_indexer(var["owner"].iloc[beside])], peaks[:, beside])
            )
        )
        < 0.4
    )


def test_the_owner_is_the_gene_whose_body_or_promoter_holds_the_peak(data):
    pairs = link_genes_to_peaks(data.genes, parse_peaks(data.atac.var), promoter=2000)
    found = dict(zip(data.atac.var_names[pairs["peak"]], data.genes["symbol"].iloc[pairs["gene"]], strict=True))
    assert len(found) == len(pairs)
    owned = data.atac.var["owner"]
    assert found == owned[owned != ""].to_dict()
    assert not data.atac.var.loc[owned == "", "follows"].any()


def test_pairs_name_the_same_cell_and_names_do_not(data):
    assert not set(data.rna.obs_names) & set(data.atac.obs_names)
    rna, atac = data.rna.obs.reset_index(), data.atac.obs.reset_index()
    assert sorted(rna["pair_id"]) == sorted(atac["pair_id"])
    assert (rna["pair_id"].to_numpy() == atac["pair_id"].to_numpy()).mean() < 0.02
    joined = rna.merge(atac, on="pair_id", validate="one_to_one")
    assert (joined["cell_type_x"].astype(str) == joined["cell_type_y"].astype(str)).all()
    assert (joined["batch_x"].astype(str) == joined["batch_y"].astype(str)).all()
    row = dict(zip(rna["pair_id"], data.latent_rna.tolist(), strict=True))
    assert [row[pair] for pair in atac["pair_id"]] == data.latent_atac.tolist()


def test_counts_are_counts_and_no_cell_is_empty(data):
    for table in (data.rna, data.atac):
        values = table.X.data
        assert (values > 0).all()
        assert (values == np.round(values)).all()
        assert table.X.sum(axis=1).min() > 0
        assert table.var_names.is_unique


def test_one_seed_gives_one_data_set_and_another_gives_another(planted):
    again, other = (make_planted(n_cells=120, n_genes=80, n_peaks=300, n_types=3, seed=seed) for seed in (1, 2))
    assert (again.atac.X != planted.atac.X).nnz == 0
    assert again.genes.equals(planted.genes)
    assert (other.rna.X != planted.rna.X).nnz > 0


def test_what_is_written_is_what_is_read(planted, planted_folder):
    for name in ("rna", "atac"):
        found, table = ad.read_h5ad(planted_folder / f"{name}.h5ad"), getattr(planted, name)
        assert (found.X != table.X).nnz == 0
        assert found.obs["pair_id"].tolist() == table.obs["pair_id"].tolist()
        assert found.var_names.tolist() == table.var_names.tolist()
    assert read_bed(planted_folder / "genes.bed.gz").equals(planted.genes)
