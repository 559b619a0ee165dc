from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.data.genome import parse_peaks, read_bed
from monae_app.engine.data.guidance import link_genes_to_peaks
from monae_app.engine.data.planted import Planted, make_planted

SIZE = {"n_cells": 700, "n_genes": 240, "n_peaks": 1200}


@pytest.fixture(scope="module")
def standard() -> Planted:
    return make_planted(**SIZE, regime="standard", means=True, protein="same", seed=5)


@pytest.fixture(scope="module")
def hostile() -> Planted:
    return make_planted(**SIZE, regime="hostile", means=True, protein="own", seed=5)


def log_share(table: ad.AnnData, layer: str = "mu0") -> np.ndarray:
    mean = table.layers[layer]
    return np.log(mean / mean.sum(axis=1, keepdims=True))


def within(values: np.ndarray) -> np.ndarray:
    return values - values.mean(axis=0)


def correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    first, second = within(first), within(second)
    return (first * second).sum(axis=0) / (np.linalg.norm(first, axis=0) * np.linalg.norm(second, axis=0))


def type_shares(table: ad.AnnData) -> pd.Series:
    return table.obs["cell_type"].astype(str).value_counts(normalize=True)


def loadings(table: ad.AnnData, latent: np.ndarray) -> np.ndarray:
    """How every feature answers to the hidden axes, (axes, features)."""
    return np.linalg.lstsq(within(latent), within(log_share(table)), rcond=None)[0]


def peak_gene_correlations(data: Planted, leader: pd.Series) -> np.ndarray:
    """Of the loadings of a peak and a gene; genes that hardly vary are left out."""
    genes, peaks = loadings(data.rna, data.latent_rna), loadings(data.atac, data.latent_atac)
    size = np.linalg.norm(genes, axis=0)
    leader = leader[leader.isin(data.rna.var_names[size > 0.5 * size.max()])]
    assert len(leader) > 10
    return correlations(
        genes[:, data.rna.var_names.get_indexer(leader)], peaks[:, data.atac.var_names.get_indexer(leader.index)]
    )


def test_standard_measures_the_same_cells_in_every_modality(standard):
    row = dict(zip(standard.rna.obs["pair_id"], range(standard.rna.n_obs), strict=True))
    for table, latent in ((standard.atac, standard.latent_atac), (standard.protein, standard.latent_protein)):
        mates = [row[pair] for pair in table.obs["pair_id"]]
        assert sorted(mates) == list(range(len(mates)))
        assert mates != sorted(mates)
        assert np.array_equal(standard.latent_rna[mates], latent)
        for column in ("cell_type", "batch", "branch"):
            assert (standard.rna.obs[column].to_numpy(str)[mates] == table.obs[column].to_numpy(str)).all()
    names = [set(table.obs_names) for table in (standard.rna, standard.atac, standard.protein)]
    assert len(set.union(*names)) == sum(len(each) for each in names)


def test_hostile_shifts_the_composition_and_has_no_pairs(hostile):
    rna, atac, protein = (type_shares(table) for table in (hostile.rna, hostile.atac, hostile.protein))
    assert set(rna.index) - set(atac.index) == {"T4"}
    assert set(atac.index) - set(rna.index) == {"T5"}
    for shares in (rna, atac, protein):
        assert 0 < shares["T6"] < 0.025
    both = sorted(set(rna.index) & set(atac.index))
    assert (rna[both] - atac[both]).abs().max() > 0.05
    assert all((table.obs["pair_id"] == -1).all() for table in (hostile.rna, hostile.atac, hostile.protein))


def test_batches_are_balanced_in_standard_and_confounded_in_hostile(standard, hostile):
    for data, low, high in ((standard, 0.0, 0.1), (hostile, 0.4, 0.8)):
        odd = data.rna.obs["cell_type"].str[1:].astype(int) % 2 == 1
        second = data.rna.obs["batch"] == "B1"
        assert low <= abs(second[odd].mean() - second[~odd].mean()) <= high


def test_the_lineage_runs_from_the_root_over_the_fork_to_the_tips(standard):
    obs, latent = standard.rna.obs, standard.latent_rna
    kind, time, branch = obs["cell_type"].to_numpy(str), obs["pseudotime"].to_numpy(), obs["branch"].to_numpy(str)
    on = np.isin(kind, ["T0", "T1", "T2", "T3"])
    assert np.isnan(time[~on]).all()
    assert (branch[~on] == "").all()
    assert time[on].min() >= 0
    assert time[on].max() <= 1
    assert time[kind == "T0"].max() <= time[kind == "T1"].min()
    assert time[kind == "T1"].max() <= min(time[kind == "T2"].min(), time[kind == "T3"].min())
    assert set(branch[kind == "T2"]) == {"a"}
    assert set(branch[kind == "T3"]) == {"b"}
    assert set(branch[on & (time < 0.6)]) == {"stem"}
    ends = [
        latent[on & (time < 0.1)].mean(axis=0),
        *(latent[(branch == arm) & (time > 0.9)].mean(axis=0) for arm in "ab"),
    ]
    for arm, tip, other in (("a", ends[1], ends[2]), ("b", ends[2], ends[1])):
        mine = branch == arm
        way = tip - ends[0]
        assert (
            np.corrcoef(latent[on & (mine | (branch == "stem"))] @ way, time[on & (mine | (branch == "stem"))])[0, 1]
            > 0.5
        )
        assert (
            np.linalg.norm(latent[mine & (time > 0.9)] - tip, axis=1).mean()
            < np.linalg.norm(latent[mine & (time > 0.9)] - other, axis=1).mean()
        )


def test_true_links_follow_their_gene_and_other_peaks_of_the_window_do_not(standard):
    var = standard.atac.var
    assert np.median(peak_gene_correlations(standard, var.loc[var["true_link"], "owner"])) > 0.9
    beside = var.loc[~var["true_link"] & (var["owner"] != ""), "owner"]
    assert abs(np.median(peak_gene_correlations(standard, beside))) < 0.25
    assert 0.38 < var.loc[var["owner"] != "", "true_link"].mean() < 0.52
    assert (var["sign"] == 1).all()
    assert (var["distal_of"] == "").all()


def test_repressive_peaks_fall_when_their_gene_rises(hostile):
    var = hostile.atac.var
    for sign in (1, -1):
        chosen = var["true_link"] & (var["sign"] == sign)
        assert np.median(sign * peak_gene_correlations(hostile, var.loc[chosen, "owner"])) > 0.6
    follows = var["true_link"] | (var["distal_of"] != "")
    assert 0.08 < (var.loc[follows, "sign"] == -1).mean() < 0.22
    assert (var.loc[~follows, "sign"] == 1).all()


def test_distal_peaks_follow_a_gene_near_by_that_is_not_the_owner(hostile):
    var = hostile.atac.var
    far = var[var["distal_of"] != ""]
    assert 0.25 < len(far) / (len(far) + var["true_link"].sum()) < 0.42
    assert not far["true_link"].any()
    assert (far["distal_of"] != far["owner"]).all()
    genes = hostile.genes.set_index("symbol").loc[far["distal_of"]]
    assert (genes["chrom"].to_numpy() == far["chrom"].to_numpy()).all()
    gap = np.maximum(genes["start"].to_numpy() - far["chromEnd"], far["chromStart"] - genes["end"].to_numpy())
    assert gap.min() > 0
    assert gap.max() <= 150_000
    activating = far.loc[far["sign"] == 1]
    assert np.median(peak_gene_correlations(hostile, activating["distal_of"])) > 0.8
    assert abs(np.median(peak_gene_correlations(hostile, activating["owner"]))) < 0.45


def test_the_owner_is_the_gene_whose_body_or_promoter_holds_the_peak(hostile):
    pairs = link_genes_to_peaks(hostile.genes, parse_peaks(hostile.atac.var), promoter=2000)
    names, symbols = hostile.atac.var_names[pairs["peak"]], hostile.genes["symbol"].iloc[pairs["gene"]]
    owned = hostile.atac.var["owner"]
    assert dict(zip(names, symbols, strict=True)) == owned[owned != ""].to_dict()
    assert len(names) == len(set(names))


def test_targets_are_disjoint_go_with_each_other_and_motifs_point_at_their_peaks(standard):
    targets = standard.rna.uns["tf_targets"]
    assert len(targets) == SIZE["n_genes"] // 30
    everyone = [gene for mine in targets.values() for gene in mine]
    assert len(everyone) == len(set(everyone))
    assert not set(everyone) & set(targets)
    values = pd.DataFrame(within(log_share(standard.rna)), columns=standard.rna.var_names)
    agree = [values[factor].corr(values[mine].mean(axis=1)) for factor, mine in targets.items()]
    assert np.mean(agree) > 0.5
    var, hits = standard.atac.var, standard.motif_peaks
    linked = var["owner"].where(var["true_link"], "")
    assert not hits.duplicated().any()
    found, false = [], []
    for factor, mine in targets.items():
        hit = var.index.isin(hits.loc[hits["tf"] == factor, "peak"])
        found.append(hit[linked.isin(mine)].mean())
        false.append(hit[~linked.isin(mine)].mean())
    assert 0.6 < np.mean(found) < 0.8
    assert 0.02 < np.mean(false) < 0.06


def test_means_are_what_counts_are_drawn_from_and_mu0_knows_no_batch(standard):
    for table in (standard.rna, standard.atac, standard.protein):
        mean = table.layers["mu"]
        counts = table.X.toarray()
        assert np.allclose(mean.sum(axis=1), table.layers["mu0"].sum(axis=1), rtol=1e-4)
        assert abs(counts.sum() / mean.sum() - 1) < 0.02
        often = mean.mean(axis=0) > np.quantile(mean.mean(axis=0), 0.7)
        assert np.median(correlations(counts, mean)[often]) > 0.5
    effect = log_share(standard.rna, "mu") - log_share(standard.rna)
    effect -= np.median(effect, axis=1, keepdims=True)
    of_batch = [effect[(standard.rna.obs["batch"] == name).to_numpy()] for name in ("B0", "B1")]
    # in a few cells a feature reaches the bounds of the level, where the effect is cut off
    assert all(np.median(np.abs(each - np.median(each, axis=0)).mean(axis=0)) < 0.01 for each in of_batch)
    assert np.abs(of_batch[0].mean(axis=0) - of_batch[1].mean(axis=0)).mean() > 0.1


def test_doublets_hold_two_cells_counts(standard, hostile):
    assert not standard.rna.obs["doublet"].any()
    for table in (hostile.rna, hostile.atac):
        twice = table.obs["doublet"].to_numpy()
        assert 0.02 < twice.mean() < 0.09
        ratio = np.asarray(table.X.sum(axis=1)).ravel() / table.layers["mu"].sum(axis=1)
        assert abs(np.median(ratio[~twice]) - 1) < 0.05
        assert np.median(ratio[twice]) > 1.4


def test_ambient_counts_reach_every_feature_in_every_cell(standard, hostile):
    clean, ambient = (np.exp(log_share(data.rna)) for data in (standard, hostile))
    smallest = [np.quantile(share.min(axis=0) / np.median(share, axis=0), 0.1) for share in (clean, ambient)]
    assert smallest[0] < 0.02 < smallest[1]


def test_a_protein_is_named_by_the_gene_that_it_follows(standard, hostile):
    for data in (standard, hostile):
        assert data.protein.n_vars == 40
        assert (data.protein.var_names == data.protein.var["gene"]).all()
        assert data.protein.var_names.isin(data.rna.var_names).all()
    mates = standard.rna.obs.reset_index().set_index("pair_id").index.get_indexer(standard.protein.obs["pair_id"])
    genes = log_share(standard.rna)[mates][:, standard.rna.var_names.get_indexer(standard.protein.var_names)]
    proteins = log_share(standard.protein)
    assert np.median(correlations(genes, proteins)) > 0.5
    assert abs(np.median(correlations(np.roll(genes, 1, axis=1), proteins))) < 0.3


def test_asking_for_more_changes_nothing_else(standard):
    bare = make_planted(**SIZE, regime="standard", seed=5)
    assert bare.protein is None
    assert "mu" not in bare.rna.layers
    for one, two in ((bare.rna, standard.rna), (bare.atac, standard.atac)):
        assert (one.X != two.X).nnz == 0
        assert one.obs.equals(two.obs)
        assert one.var.equals(two.var)
    assert bare.motif_peaks.equals(standard.motif_peaks)


def test_one_seed_gives_one_data_set_and_another_gives_another():
    size = {"n_cells": 60, "n_genes": 60, "n_peaks": 150, "regime": "hostile"}
    first, again, other = (make_planted(**size, seed=seed) for seed in (1, 1, 2))
    assert (first.rna.X != again.rna.X).nnz == 0
    assert (first.atac.X != again.atac.X).nnz == 0
    assert first.motif_peaks.equals(again.motif_peaks)
    assert (first.rna.X != other.rna.X).nnz > 0


def test_what_is_written_is_what_is_read(hostile, tmp_path):
    hostile.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "rna.h5ad",
        "atac.h5ad",
        "protein.h5ad",
        "genes.bed.gz",
        "truth.npz",
        "motif_peaks.tsv.gz",
    }
    for name in ("rna", "atac", "protein"):
        found, table = ad.read_h5ad(tmp_path / f"{name}.h5ad"), getattr(hostile, name)
        assert (found.X != table.X).nnz == 0
        assert np.array_equal(found.layers["mu0"], table.layers["mu0"])
        with np.load(tmp_path / "truth.npz") as truth:
            assert np.array_equal(truth[f"z_{name}"], getattr(hostile, f"latent_{name}"))
    targets = ad.read_h5ad(tmp_path / "rna.h5ad").uns["tf_targets"]
    assert {factor: list(mine) for factor, mine in targets.items()} == hostile.rna.uns["tf_targets"]
    assert read_bed(tmp_path / "genes.bed.gz").equals(hostile.genes)
    hits = pd.read_csv(tmp_path / "motif_peaks.tsv.gz", sep="\t")
    assert hits.equals(hostile.motif_peaks)
