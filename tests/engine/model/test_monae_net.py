from __future__ import annotations

import pytest
import torch

from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.model.monae_net import Step
from monae_app.engine.training.anchoring import anchors_of
from monae_app.engine.training.assembly import build_network, cell_sources, edge_source
from monae_app.engine.training.batches import StepSampler

CPU = torch.device("cpu")


@pytest.fixture
def assemble(dataset, located, planted_config):
    """Build network and sampler on the planted data, with other settings or fewer modalities."""

    def build(names=("rna", "atac"), *, batch_columns=(), negative=False, **settings):
        config = planted_config.model_copy(update=settings)
        chosen = Dataset({name: dataset.modalities[name] for name in names}, batch_columns=batch_columns)
        graph = link(chosen, {name: located[name] for name in names}, config)
        if negative:
            graph.sign[::3] = -1
        modelled = modelled_features(chosen, graph)
        prepared = {name: prepare(each, modelled[name], config) for name, each in chosen.modalities.items()}
        sampler = StepSampler(
            cell_sources(chosen, prepared),
            edge_source(graph),
            anchors_of(chosen, prepared, graph, config),
            seed=0,
            batch_size=64,
            features_per_step=config.features_per_step,
            device=CPU,
        )
        return build_network(chosen, prepared, graph, config, CPU), sampler

    return build


ALL_TERMS = {
    "nll_rna",
    "nll_atac",
    "kl_rna",
    "kl_atac",
    "kl_graph",
    "edges",
    "discriminator",
    "anchors",
}


@pytest.mark.parametrize("order", [("rna", "atac"), ("atac", "rna")])
@pytest.mark.parametrize("progress", [0.0, 0.29, 0.31, 1.0])
def test_every_term_is_there_and_a_number(assemble, order, progress):
    network, sampler = assemble(order)
    terms = network.losses(sampler.draw(0, progress))
    assert set(terms) == ALL_TERMS
    for name, value in terms.items():
        assert value.shape == (), name
        assert torch.isfinite(value), name


@pytest.mark.parametrize("batch_columns", [(), ("batch",)])
@pytest.mark.parametrize("negative", [False, True])
def test_gradients_reach_every_parameter(assemble, batch_columns, negative):
    network, sampler = assemble(batch_columns=batch_columns, negative=negative, graph_layers=2, private_dropout=0.0)
    sum(network.losses(sampler.draw(3, 0.5)).values()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert (parameter.grad != 0).any(), name


@pytest.mark.parametrize("name", ["rna", "atac"])
def test_one_modality_works_alone(assemble, name):
    network, sampler = assemble((name,))
    terms = network.losses(sampler.draw(0, 0.0))
    assert set(terms) == {f"nll_{name}", f"kl_{name}", "kl_graph"}
    sum(terms.values()).backward()
    assert network.discriminator is None
    assert all(torch.isfinite(each.grad).all() for each in network.parameters() if each.grad is not None)


def test_a_term_of_weight_0_is_left_out_or_0(assemble):
    network, sampler = assemble(lambda_adversarial=0.0, lambda_anchor=0.0, lambda_kl=0.0, lambda_graph=0.0)
    terms = network.losses(sampler.draw(0, 0.0))
    assert {"discriminator", "anchors"}.isdisjoint(terms)
    assert {name for name, value in terms.items() if value != 0} == {"nll_rna", "nll_atac"}


def test_weights_scale_their_terms(assemble):
    found = []
    for factor in (1.0, 3.0):
        network, sampler = assemble(lambda_kl=factor, lambda_graph=0.02 * factor, lambda_anchor=0.1 * factor)
        torch.manual_seed(0)
        found.append(network.losses(sampler.draw(0, 0.9)))
    for name in ("kl_rna", "kl_atac", "kl_graph", "edges", "anchors"):
        torch.testing.assert_close(found[1][name], 3 * found[0][name])
    torch.testing.assert_close(found[1]["nll_rna"], found[0]["nll_rna"])


def test_the_discriminator_learns_and_the_encoders_unlearn(assemble):
    network, sampler = assemble(lambda_adversarial=0.5)
    gradients = []
    for strength in (0.5, 1.0):
        network.weights = type(network.weights)(**{**vars(network.weights), "adversarial": strength})
        network.zero_grad()
        torch.manual_seed(0)
        network.losses(sampler.draw(0, 1.0))["discriminator"].backward()
        gradients.append(
            (network.discriminator.body[0].weight.grad.clone(), network.encoders["rna"].mean.weight.grad.clone())
        )
    torch.testing.assert_close(gradients[1][0], gradients[0][0])
    torch.testing.assert_close(gradients[1][1], 2 * gradients[0][1])


def test_private_axes_stay_out_of_what_aligns_modalities(assemble):
    network, sampler = assemble()
    terms = network.losses(sampler.draw(0, 1.0))
    (terms["discriminator"] + terms["anchors"]).backward()
    of_mean = network.encoders["atac"].mean.weight.grad
    assert (of_mean[: network.n_shared] != 0).any()
    assert (of_mean[network.n_shared :] == 0).all()


def test_silenced_private_axes_leave_reconstruction_to_the_shared_ones(assemble):
    network, sampler = assemble()
    network.weights = type(network.weights)(**{**vars(network.weights), "private_dropout": 1.0})
    network.losses(sampler.draw(0, 1.0))["nll_rna"].backward()
    of_mean = network.encoders["rna"].mean.weight.grad
    assert (of_mean[: network.n_shared] != 0).any()
    assert (of_mean[network.n_shared :] == 0).all()


def test_edges_and_anchors_may_be_missing(assemble):
    network, sampler = assemble()
    step = sampler.draw(0, 1.0)
    terms = network.losses(Step(step.cells, None, None, 1.0))
    assert ALL_TERMS - set(terms) == {"edges", "anchors"}


def test_one_seed_builds_one_network_and_leaves_the_global_generator_alone(assemble):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, other = (assemble()[0].state_dict() for _ in range(2))
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_training_for_a_while_lowers_the_loss(assemble):
    network, sampler = assemble()
    optimiser, costs = torch.optim.Adam(network.parameters(), 0.005), []
    torch.manual_seed(0)
    for step in range(60):
        terms = network.losses(sampler.draw(step, step / 60))
        costs.append({name: float(value.detach()) for name, value in terms.items()})
        optimiser.zero_grad()
        sum(terms.values()).backward()
        optimiser.step()
    for name in ("nll_rna", "nll_atac", "edges", "anchors"):
        assert sum(each[name] for each in costs[-5:]) < sum(each[name] for each in costs[:5]), name
