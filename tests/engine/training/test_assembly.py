from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from monae_app.engine.training.assembly import build_network, loss_weights, start_decoder
from monae_app.engine.training.correspondence import correspond
from monae_app.engine.training.starting_clusters import starting_centres

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.engine.model.monae_net import MonaeNet
    from monae_app.engine.training.correspondence import Correspondence
from monae_app.engine.training.session import VECTORS_OF_FEATURES


def counts(n_cells: int = 400, seed: int = 0) -> tuple[sp.csr_matrix, np.ndarray]:
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.ones(12))
    depth = rng.integers(500, 1500, (n_cells, 1))
    return sp.csr_matrix(rng.poisson(depth * share).astype(np.float32)), share


def library_of(values: sp.csr_matrix) -> np.ndarray:
    return np.asarray(values.sum(axis=1), np.float32).ravel()


def test_counts_start_at_the_mean_profile():
    values, share = counts()
    decoder = start_decoder(values, library_of(values), np.zeros(400, int), 1, "nb")
    np.testing.assert_allclose(decoder.bias.detach().exp()[0], share, rtol=0.05, atol=1e-4)
    torch.testing.assert_close(decoder.log_dispersion.detach(), torch.zeros(1, 12))


def test_some_features_start_at_their_share_of_the_whole_library():
    values, share = counts()
    decoder = start_decoder(values[:, :3], library_of(values), np.zeros(400, int), 1, "nb")
    np.testing.assert_allclose(decoder.bias.detach().exp()[0], share[:3], rtol=0.05, atol=1e-4)


def test_every_batch_starts_at_a_profile_of_its_own_and_an_absent_one_at_the_mean():
    first, share = counts(seed=0)
    second, other_share = counts(seed=1)
    values, batch = sp.csr_matrix(sp.vstack([first, second])), np.repeat([0, 2], 400)
    bias = start_decoder(values, library_of(values), batch, 3, "nb").bias.detach().exp()
    np.testing.assert_allclose(bias[0], share, rtol=0.05, atol=1e-4)
    np.testing.assert_allclose(bias[2], other_share, rtol=0.05, atol=1e-4)
    np.testing.assert_allclose(bias[1], (share + other_share) / 2, rtol=0.1, atol=1e-3)


@pytest.mark.parametrize("offset", [0, 500])
def test_continuous_values_start_at_mean_and_sd(offset):
    rng = np.random.default_rng(0)
    sd = np.array([0.5, 2.0, 200.0])
    values = sp.csr_matrix((offset + rng.normal(0, sd, (3000, 3))).astype(np.float32))
    decoder = start_decoder(values, library_of(values), np.zeros(3000, int), 1, "normal")
    np.testing.assert_allclose(decoder.bias.detach()[0], values.toarray().mean(axis=0), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(decoder.log_dispersion.detach().exp()[0], sd, rtol=0.06)
    np.testing.assert_allclose(decoder.scale.detach()[0], sd, rtol=0.06)


def test_a_constant_feature_starts_finite():
    values = sp.csr_matrix(np.full((50, 2), 3.0, np.float32))
    decoder = start_decoder(values, library_of(values), np.zeros(50, int), 1, "normal")
    for parameter in decoder.parameters():
        assert torch.isfinite(parameter).all()


@pytest.fixture(scope="module")
def found(dataset, linked, graph, planted_config) -> Correspondence:
    return correspond(dataset, linked, graph, planted_config)


@pytest.fixture(scope="module")
def built(dataset, linked, graph, planted_config) -> Callable[..., MonaeNet]:
    def build(correspondence: Correspondence | None = None, **changes: object) -> MonaeNet:
        config = planted_config.model_copy(update=changes)
        return build_network(dataset, linked, graph, correspondence, config, torch.device("cpu")).eval()

    return build


def shared_of(network: MonaeNet, linked) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        return {
            name: network.encode(name, torch.from_numpy(each.representation), torch.zeros(120, dtype=torch.int64)).mean[
                :, : network.n_shared
            ]
            for name, each in linked.items()
        }


def test_a_network_knows_its_blocks_and_reads_the_widths(built, found, linked, graph):
    for network in (built(), built(found)):
        assert network.blocks == {"rna": slice(0, 80), "atac": slice(80, graph.n_vertices)}
        mean, _ = network.graph()
        assert mean.shape == (graph.n_vertices, 10)
        for name, each in linked.items():
            cells = torch.from_numpy(each.representation)
            latent = network.encode(name, cells, torch.zeros(len(cells), dtype=torch.int64))
            assert latent.mean.shape == (120, 10)
            assert network.decoders[name].bias.shape == (1, len(each.modelled))


def test_cells_start_where_the_closed_form_alignment_has_them(built, found, linked):
    for name, shared in shared_of(built(found), linked).items():
        start = torch.from_numpy(found.start[name])
        assert torch.cosine_similarity(shared, start).median() > 0.98
    for name, shared in shared_of(built(), linked).items():
        assert torch.cosine_similarity(shared, torch.from_numpy(found.start[name])).median() < 0.9


def test_the_straight_part_of_an_encoder_starts_as_the_map(built, found, linked):
    rng = np.random.default_rng(0)
    maps = {name: replace(each, centre=rng.normal(size=each.centre.shape)) for name, each in found.maps.items()}
    network = built(replace(found, maps=maps))
    for name, each in linked.items():
        with torch.no_grad():
            straight = network.encoders[name].linear(torch.from_numpy(each.representation)).numpy()
        np.testing.assert_allclose(straight, maps[name](each.representation), atol=1e-4)


def test_one_seed_builds_one_network_and_leaves_the_callers_generator_alone(built, found):
    torch.manual_seed(11)
    expected = torch.randn(3)
    torch.manual_seed(11)
    first = built(found, lambda_cluster=0.1)
    assert torch.equal(torch.randn(3), expected)
    again, other = built(found, lambda_cluster=0.1), built(found, lambda_cluster=0.1, seed=1)
    for name, value in first.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)
    assert not torch.equal(other.graph.vertices, first.graph.vertices)


def test_clusters_start_at_the_centres_of_the_aligned_cells_if_they_are_wanted(built, found, planted_config):
    expected = starting_centres(found.start, planted_config.leiden_resolution, planted_config.seed)
    clusters = built(found, lambda_cluster=0.1).clusters
    np.testing.assert_allclose(clusters.centres.detach().numpy(), expected, atol=1e-6)
    assert built(found, lambda_cluster=0.0).clusters is None
    assert built(None, lambda_cluster=0.1).clusters is None


def test_every_weight_comes_from_the_setting_of_its_name(planted_config):
    changed = {
        "lambda_kl": 0.11,
        "lambda_graph": 0.12,
        "lambda_shared_features": 0.13,
        "lambda_private_features": 0.14,
        "lambda_adversarial": 0.15,
        "lambda_anchor": 0.16,
        "lambda_contrastive": 0.17,
        "lambda_cluster": 0.18,
        "temperature": 0.19,
        "private_dropout": 0.21,
        "cross_decoding": 0.22,
        "teacher": "ema",
    }
    expected = {name.removeprefix("lambda_"): value for name, value in changed.items()}
    for precision, halved in (("auto", False), ("float32", False), ("bfloat16", True)):
        config = planted_config.model_copy(update=changed | {"precision": precision})
        found = asdict(loss_weights(config, torch.device("cpu")))
        assert found == expected | {"halved": halved}


def test_what_is_to_take_larger_steps_is_part_of_the_network(built):
    """Names are given in writing; one that no parameter bears would change nothing."""
    assert set(VECTORS_OF_FEATURES) <= {name for name, _ in built().named_parameters()}
