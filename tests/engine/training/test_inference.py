from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors
import safetensors.numpy
import scipy.sparse as sp
import torch

from monae_app.engine.data.linked_projection import LinkedProjection
from monae_app.engine.errors import InputError
from monae_app.engine.training.assembly import build_encoder
from monae_app.engine.training.checkpoint import save_weights
from monae_app.engine.training.inference import CellEmbedder


@pytest.fixture(scope="module")
def embedder(linked, planted_config) -> CellEmbedder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoders = {
            name: build_encoder(each.representation.shape[1], 2, planted_config) for name, each in linked.items()
        }
    return CellEmbedder.of(encoders, linked, np.arange(2)[:, None])


@pytest.fixture
def path(embedder, tmp_path):
    embedder.save(embedder.network(), tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors"


def asked(embedder, linked, name="rna"):
    batch = np.arange(linked[name].modality.n_cells) % 2
    return embedder.embed(name, linked[name].values, batch)


@pytest.mark.parametrize("name", ["rna", "atac"])
def test_what_is_embedded_is_the_encoders_mean_of_the_representation(embedder, linked, name):
    each = linked[name]
    batch = torch.arange(each.modality.n_cells) % 2
    with torch.no_grad():
        expected = embedder.encoders[name].eval()(torch.from_numpy(each.representation), batch).mean.numpy()
    np.testing.assert_allclose(asked(embedder, linked, name), expected, atol=1e-6)
    assert expected.std() > 0.01


def test_cells_in_shards_lie_where_they_lie_at_once(embedder, linked, monkeypatch):
    whole = asked(embedder, linked)
    monkeypatch.setattr("monae_app.engine.training.inference.CELLS_AT_ONCE", 7)
    np.testing.assert_allclose(asked(embedder, linked), whole, atol=1e-5)


def test_no_cells_give_no_rows_of_the_right_width(embedder, linked, planted_config):
    found = embedder.embed("rna", linked["rna"].values[:0], np.empty(0, np.int64))
    assert found.shape == (0, planted_config.latent_shared + planted_config.latent_private)


def test_dropout_and_batch_norm_are_off(embedder, linked):
    embedder.encoders["rna"].train()
    np.testing.assert_array_equal(asked(embedder, linked), asked(embedder, linked))


def test_loaded_equals_saved(embedder, linked, planted_config, path):
    loaded = CellEmbedder.load(path, planted_config)
    for name in ("rna", "atac"):
        np.testing.assert_array_equal(asked(loaded, linked, name), asked(embedder, linked, name))
        np.testing.assert_array_equal(loaded.modelled[name], embedder.modelled[name])
    assert loaded.n_batches == 2
    # the encoder of the peaks reads their genes as well
    assert isinstance(loaded.projections["atac"], LinkedProjection)
    assert loaded.projections["atac"].n_components == linked["atac"].representation.shape[1]


def test_loaded_equals_saved_where_features_were_not_measured(embedder, linked, planted_config, path):
    loaded = CellEmbedder.load(path, planted_config)
    for name in ("rna", "atac"):
        values = linked[name].values
        measured = np.arange(values.shape[1]) % 3 > 0
        seen = sp.csr_matrix(values @ sp.diags(measured.astype(np.float32)))
        found, expected = (each.embed(name, seen, np.zeros(120, int), measured) for each in (loaded, embedder))
        np.testing.assert_array_equal(found, expected)
        assert not np.allclose(found, embedder.embed(name, seen, np.zeros(120, int)))


def test_the_rest_of_a_network_does_not_disturb(embedder, linked, planted_config, tmp_path):
    network = embedder.network()
    network["something_new"] = torch.nn.Linear(3, 3)
    embedder.save(network, tmp_path / "w.safetensors")
    loaded = CellEmbedder.load(tmp_path / "w.safetensors", planted_config)
    np.testing.assert_array_equal(asked(loaded, linked), asked(embedder, linked))


def test_the_file_names_what_it_holds(path):
    with safetensors.safe_open(path, framework="np") as file:
        names, about = set(file.keys()), file.metadata()
    assert {"projection.rna.right", "projection.atac.own.weight", "projection.atac.link.data", "modelled.rna"} <= names
    assert any(name.startswith("encoders.atac.") for name in names)
    assert json.loads(about["kinds"]) == {"rna": "counts", "atac": "linked:peaks"}


def test_weights_of_other_settings_are_refused(planted_config, path):
    with pytest.raises(InputError, match="damaged, or does not fit the settings"):
        CellEmbedder.load(path, planted_config.model_copy(update={"hidden_width": 32}))


def test_weights_without_projections_are_refused(planted_config, tmp_path):
    save_weights(torch.nn.Linear(2, 2), tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="another version"):
        CellEmbedder.load(tmp_path / "w.safetensors", planted_config)


@pytest.mark.parametrize("content", [None, b"", b"no weights", bytes(100)])
def test_a_missing_or_damaged_file_is_refused_in_words(planted_config, tmp_path, content):
    path = tmp_path / "w.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="missing or damaged"):
        CellEmbedder.load(path, planted_config)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("modelled.rna", None),
        ("modelled.rna", lambda values: values[:-1]),
        ("projection.atac.link.indices", lambda values: values + 1_000_000),
        ("projection.atac.genes.right", None),
        ("encoders.rna.mean.weight", None),
    ],
)
def test_a_file_whose_parts_do_not_belong_together_is_refused(planted_config, path, tmp_path, name, change):
    with safetensors.safe_open(path, framework="np") as file:
        arrays, about = {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118
    whole = arrays.pop(name)
    if change is not None:
        arrays[name] = change(whole)
    safetensors.numpy.save_file(arrays, tmp_path / "w.safetensors", about)
    with pytest.raises(InputError, match="damaged, or does not fit the settings"):
        CellEmbedder.load(tmp_path / "w.safetensors", planted_config)
