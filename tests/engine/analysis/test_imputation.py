from __future__ import annotations

from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis.imputation import AtBatch, feature_rows, impute, impute_shards
from monae_app.engine.analysis.linear_decoding import linear_predictor, normaliser
from monae_app.engine.analysis.outcome import Trained, cells_of, features_of
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.engine.training.decoded import DecodedFeatures

SHARED = 6


@pytest.fixture(scope="module")
def trained(planted, planted_config, located, graph, prepared):
    """What training might have found, drawn at random; every number differs, so that a mix-up shows."""
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.reading import read_dataset

    rng = np.random.default_rng(0)
    dataset = Dataset(read_dataset(planted_config).modalities, batch_columns=("batch",))
    latent, decoded = {}, {}
    for name, each in dataset.modalities.items():
        latent[name] = rng.normal(size=(each.n_cells, 10)).astype(np.float32)
        size = each.n_features
        decoded[name] = DecodedFeatures(
            *(rng.normal(0, 0.5, (size, 10)).astype(np.float32) for _ in range(2)),
            *(rng.uniform(0.2, 1, (size, 2)).astype(np.float32) for _ in range(3)),
        )
    modelled = {name: each.modelled for name, each in prepared.items()}
    return Trained(dataset, graph, located, modelled, latent, decoded)


@pytest.fixture(scope="module")
def result(trained, planted_config):
    return Result(planted_config, cells_of(trained, planted_config)[0], features_of(trained, planted_config), {})


def expected_level(trained, source: str, target: str, column: int) -> np.ndarray:
    axes = 10 if source == target else SHARED
    decoded = trained.decoded[target]
    product = trained.latent[source][:, :axes].astype(float) @ decoded.vectors[:, :axes].T.astype(float)
    return product * decoded.scale[:, column] + decoded.bias[:, column]


def reference(result: Result) -> int:
    return list(result.features.uns["batches"]).index(result.features.uns["reference_batch"])


@pytest.mark.parametrize("source", ["rna", "atac"])
@pytest.mark.parametrize("target", ["rna", "atac"])
def test_imputed_values_follow_the_formula(result, trained, source, target):
    names = trained.dataset.modalities[target].var.index
    chosen = [names[7], names[0], names[-1], names[7]]
    level = np.exp(expected_level(trained, source, target, reference(result)))
    share = (level / level.sum(axis=1, keepdims=True))[:, [7, 0, -1, 7]]
    np.testing.assert_allclose(impute(result, source, target, chosen, scale="proportion"), share, rtol=1e-4)
    np.testing.assert_allclose(impute(result, source, target, chosen), 1e4 * share, rtol=1e-4)
    assert impute(result, source, target, chosen).dtype == np.float32


@pytest.mark.parametrize("source", ["rna", "atac"])
@pytest.mark.parametrize("target", ["rna", "atac"])
@pytest.mark.parametrize("batch", [None, "batch 0", "batch 1"])
def test_proportions_of_all_features_sum_to_1_in_every_batch(result, trained, source, target, batch):
    names = list(trained.dataset.modalities[target].var.index)
    found = impute(result, source, target, names, scale="proportion", batch=batch)
    assert (found > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-4)


def test_another_batch_decodes_with_its_own_scale_and_bias(result, trained):
    names = list(trained.dataset.modalities["rna"].var.index)
    for column, batch in enumerate(result.features.uns["batches"]):
        level = np.exp(expected_level(trained, "atac", "rna", column))
        found = impute(result, "atac", "rna", names[:3], scale="proportion", batch=str(batch))
        np.testing.assert_allclose(found, (level / level.sum(axis=1, keepdims=True))[:, :3], rtol=1e-4)


def test_across_modalities_private_axes_say_nothing(result, trained):
    names = list(trained.dataset.modalities["rna"].var.index[:5])
    before = {source: impute(result, source, "rna", names) for source in ("rna", "atac")}
    cells = result.cells.copy()
    cells.obsm["X_private"] = cells.obsm["X_private"] + 1
    moved = replace(result, cells=cells)
    np.testing.assert_array_equal(impute(moved, "atac", "rna", names), before["atac"])
    assert not np.allclose(impute(moved, "rna", "rna", names), before["rna"])


def test_counts_come_at_the_cells_own_library_size(result, trained):
    names = list(trained.dataset.modalities["atac"].var.index)
    found = impute(result, "atac", "atac", names, scale="counts")
    np.testing.assert_allclose(found.sum(axis=1), trained.dataset.modalities["atac"].library_size, rtol=1e-3)


def test_counts_across_modalities_are_refused(result, trained):
    names = list(trained.dataset.modalities["rna"].var.index[:2])
    with pytest.raises(InputError, match="library size nobody measured"):
        impute(result, "atac", "rna", names, scale="counts")


def test_a_continuous_modality_comes_on_the_models_own_scale(result, trained):
    cells = result.cells.copy()
    cells.obs["normaliser_rna"] = np.float32(np.nan)
    names = list(trained.dataset.modalities["rna"].var.index)
    found = impute(replace(result, cells=cells), "rna", "rna", names)
    np.testing.assert_allclose(found, expected_level(trained, "rna", "rna", reference(result)), rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(impute(replace(result, cells=cells), "rna", "rna", names, scale="counts"), found)


def test_continuous_values_have_no_bound(result):
    """Levels of counts are bounded before the exponential; continuous values may be of any size."""
    cells, features = result.cells.copy(), result.features.copy()
    cells.obs["normaliser_rna"] = np.float32(np.nan)
    features.obsm["bias"] = features.obsm["bias"] + 5000
    found = impute(replace(result, cells=cells, features=features), "rna", "rna", ["Gene1"])
    assert (found > 4900).all()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"features": ["Gene0", "nonsense", "gene1"]}, "2 of 3 features are not in rna, first 'nonsense'"),
        ({"source": "protein"}, "no modality 'protein'"),
        ({"target": "protein"}, "protein"),
        ({"batch": "batch 7"}, "no batch 'batch 7'"),
    ],
)
def test_what_is_unknown_is_refused(result, changed, sentence):
    asked = {"source": "atac", "target": "rna", "features": ["Gene0"], "batch": None} | changed
    with pytest.raises(InputError, match=sentence) as caught:
        impute(result, asked["source"], asked["target"], asked["features"], batch=asked["batch"])
    assert caught.value.expected
    assert caught.value.todo


def test_unknown_features_are_answered_with_close_ones(result):
    for asked, close in (("gene12", "'Gene12'"), ("Gene1x", "'Gene1")):
        with pytest.raises(InputError) as caught:
            impute(result, "atac", "rna", [asked])
        assert close in caught.value.todo


@pytest.mark.parametrize("source", ["rna", "atac"])
@pytest.mark.parametrize("batch", [None, AtBatch.REFERENCE, AtBatch.OWN, "batch 0"])
@pytest.mark.parametrize("features", [None, ["Gene7", "Gene0", "Gene79"]])
def test_shards_equal_the_whole(result, monkeypatch, source, batch, features):
    whole = impute(result, source, "rna", features, batch=batch)
    monkeypatch.setattr("monae_app.engine.analysis.linear_decoding.VALUES_AT_ONCE", 17 * whole.shape[1])
    parts = list(impute_shards(result, source, "rna", features, batch=batch))
    assert len(parts) == -(-len(whole) // 17)
    assert [rows.start for rows, _ in parts[1:]] == [rows.stop for rows, _ in parts[:-1]]
    np.testing.assert_allclose(np.concatenate([values for _, values in parts]), whole, rtol=1e-5)


def test_shards_refuse_at_once(result):
    with pytest.raises(InputError, match="no modality 'protein'"):
        impute_shards(result, "rna", "protein")


@pytest.mark.parametrize("source", ["rna", "atac"])
def test_at_its_own_batch_a_cell_is_decoded_as_in_that_batch(result, trained, source):
    own = impute(result, source, "rna", batch=AtBatch.OWN)
    for code, batch in enumerate(result.features.uns["batches"]):
        mine = trained.dataset.batch_codes[source] == code
        np.testing.assert_allclose(own[mine], impute(result, source, "rna", batch=str(batch))[mine], rtol=1e-4)
    assert not np.allclose(own, impute(result, source, "rna"))


def test_a_run_that_does_not_say_whose_batch_is_which_is_decoded_at_the_reference_only(result):
    cells = result.cells.copy()
    del cells.obs["monae_batch"]
    old = replace(result, cells=cells)
    np.testing.assert_array_equal(impute(old, "rna", "rna", ["Gene1"]), impute(result, "rna", "rna", ["Gene1"]))
    with pytest.raises(InputError, match="does not say which batch"):
        impute(old, "rna", "rna", ["Gene1"], batch=AtBatch.OWN)


def test_rows_of_features_come_in_the_order_asked_for(result):
    rows = feature_rows(result, "rna", ["Gene5", "Gene0"])
    assert result.features.obs["name"].iloc[rows].tolist() == ["Gene5", "Gene0"]
    assert len(feature_rows(result, "rna", [])) == 0


def test_what_was_saved_imputes_the_same(result, trained, tmp_path):
    saved = replace(result, report={"metrics": {}})
    saved.save(tmp_path / "run")
    loaded = Result.load(tmp_path / "run")
    names = list(trained.dataset.modalities["atac"].var.index[:9])
    np.testing.assert_array_equal(impute(loaded, "rna", "atac", names), impute(result, "rna", "atac", names))
    assert loaded.modalities == ["rna", "atac"]


def test_far_out_levels_stay_finite():
    level = linear_predictor(np.full((2, 1), 1e4, np.float32), np.ones((3, 1), np.float32), np.ones(3), np.zeros(3))
    assert np.isfinite(np.exp(level)).all()


def test_normalisers_are_the_same_in_shards(monkeypatch):
    rng = np.random.default_rng(0)
    parts = rng.normal(size=(25, 3)), rng.normal(size=(7, 3)), rng.random(7), rng.normal(size=7)
    expected = np.exp(parts[0] @ parts[1].T * parts[2] + parts[3]).sum(axis=1)
    np.testing.assert_allclose(normaliser(*parts), expected, rtol=1e-5)
    monkeypatch.setattr("monae_app.engine.analysis.linear_decoding.VALUES_AT_ONCE", 4 * 7)
    np.testing.assert_allclose(normaliser(*parts), expected, rtol=1e-5)


def test_the_tables_hold_what_training_found(result, trained):
    cells, features = result.cells, result.features
    np.testing.assert_array_equal(cells.obsm["X_monae"], np.vstack([*trained.latent.values()])[:, :SHARED])
    np.testing.assert_array_equal(cells.obsm["X_private"], np.vstack([*trained.latent.values()])[:, SHARED:])
    for name, each in trained.decoded.items():
        rows = (features.obs["modality"] == name).to_numpy()
        np.testing.assert_array_equal(features.obsm["X_monae"][rows], each.vectors[:, :SHARED])
        np.testing.assert_array_equal(features.obsm["posterior_sd"][rows], each.vectors_sd)
        for part in ("scale", "bias", "dispersion"):
            np.testing.assert_array_equal(features.obsm[part][rows], getattr(each, part))
    assert cells.X is None
    assert isinstance(cells.obs["leiden"].dtype, pd.CategoricalDtype)
    assert list(features.uns["batches"]) == ["batch 0", "batch 1"]


def test_both_graphs_join_genes_to_peaks_near_them(result, planted):
    names = result.features.obs["name"].to_numpy()
    is_gene = (result.features.obs["modality"] == "rna").to_numpy()
    place = result.features.obs
    for which in ("guidance", "refined"):
        matrix = result.features.obsp[which].tocoo()
        assert matrix.nnz > 0
        np.testing.assert_array_equal(is_gene[matrix.row], ~is_gene[matrix.col])
        one, other = place.iloc[matrix.row], place.iloc[matrix.col]
        assert (one["chrom"].astype(str).to_numpy() == other["chrom"].astype(str).to_numpy()).all()
        reach = 20_000 if which == "guidance" else 150_000
        gap = np.maximum(
            one["chromStart"].to_numpy() - other["chromEnd"].to_numpy(),
            other["chromStart"].to_numpy() - one["chromEnd"].to_numpy(),
        )
        assert gap.max() <= reach + 2000
        joined = set(zip(names[matrix.row], names[matrix.col], strict=True))
        owned = planted.atac.var.query("owner != ''")
        assert set(zip(owned["owner"], owned.index, strict=True)) <= joined


def test_refined_weights_are_cosines_of_the_shared_vectors(result):
    features = result.features
    vectors = features.obsm["X_monae"].astype(float)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    matrix = features.obsp["refined"].tocoo()
    cosine = (vectors[matrix.row] * vectors[matrix.col]).sum(axis=1)
    np.testing.assert_allclose(matrix.data, (1 + cosine) / 2, rtol=1e-4, atol=1e-6)


def test_cell_map_and_normalisers_are_columns_of_every_cell(result, trained):
    assert isinstance(result.cells, ad.AnnData)
    for target in ("rna", "atac"):
        of_target = result.cells.obs[f"normaliser_{target}"].to_numpy()
        level = np.vstack(
            [np.exp(expected_level(trained, source, target, reference(result))) for source in ("rna", "atac")]
        )
        np.testing.assert_allclose(of_target, level.sum(axis=1), rtol=1e-4)
