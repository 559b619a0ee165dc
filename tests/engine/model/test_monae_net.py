"""The terms of the objective, each as its formula says and each where it is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from monae_app.engine.model import losses
from monae_app.engine.model.graph_vae import edge_logits
from monae_app.engine.model.step import Step

EVERYTHING = {"lambda_contrastive": 0.2, "lambda_cluster": 0.1}
OF_PAIRS = {"discriminator", "anchors", "clusters"}
OF_ONE = {"nll_rna", "kl_rna", "kl_features", "contrastive"}
ALL_TERMS = OF_PAIRS | OF_ONE | {"nll_atac", "kl_atac", "edges"}


@pytest.mark.parametrize("order", [("rna", "atac"), ("atac", "rna")])
@pytest.mark.parametrize("progress", [0.0, 0.29, 0.31, 1.0])
def test_every_term_is_there_and_a_number(assemble, order, progress):
    network, sampler = assemble(order, **EVERYTHING)
    terms = network.losses(sampler.draw(0, progress))
    assert set(terms) == ALL_TERMS
    for name, value in terms.items():
        assert value.shape == (), name
        assert torch.isfinite(value), name


@pytest.mark.parametrize(
    ("data", "settings"),
    [
        ({}, {"graph_kind": "gat", "graph_heads": 2, "teacher": "heads"}),
        ({"batch_columns": ("batch",)}, {"graph_kind": "gatv2", "teacher": "dropout"}),
        ({"negative": True}, {"graph_kind": "gat", "teacher": "ema"}),
        ({"negative": True, "batch_columns": ("batch",)}, {"graph_kind": "gcn", "teacher": "heads"}),
        ({"likelihoods": (("rna", "zinb"), ("atac", "bernoulli"))}, {"graph_kind": "gcn"}),
    ],
)
def test_gradients_reach_every_parameter(assemble, data, settings):
    network, sampler = assemble(**data, **settings, **EVERYTHING, graph_layers=2, private_dropout=0.0)
    torch.manual_seed(0)
    sum(network.losses(sampler.draw(3, 0.5)).values()).backward()
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            assert "teacher" in name
            continue
        # a bernoulli value has no dispersion
        if name == "decoders.atac.log_dispersion" and network.likelihoods["atac"] == "bernoulli":
            continue
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert (parameter.grad != 0).any(), name


@pytest.mark.parametrize("name", ["rna", "atac"])
@pytest.mark.parametrize("teacher", ["dropout", "heads", "ema"])
def test_one_modality_works_alone(assemble, name, teacher):
    network, sampler = assemble((name,), teacher=teacher, **EVERYTHING)
    terms = network.losses(sampler.draw(0, 0.0))
    assert set(terms) == {f"nll_{name}", f"kl_{name}", "kl_features", "contrastive"}
    assert network.discriminator is None
    assert network.clusters is None
    sum(terms.values()).backward()
    assert all(torch.isfinite(each.grad).all() for each in network.parameters() if each.grad is not None)
    network.zero_grad()
    network.losses(sampler.draw(0, 0.0))["contrastive"].backward()
    assert (network.encoders[name].linear.weight.grad != 0).any()


def test_contrast_and_clustering_are_there_where_asked_for(assemble):
    network, sampler = assemble()
    assert set(network.losses(sampler.draw(0, 0.0))) == ALL_TERMS - {"contrastive", "clusters"}
    assert not len(network.pairs)


def test_a_term_of_weight_0_is_left_out_or_0(assemble):
    names = ("adversarial", "anchor", "kl", "graph", "shared_features", "private_features", "contrastive", "cluster")
    network, sampler = assemble(**{f"lambda_{name}": 0.0 for name in names})
    terms = network.losses(sampler.draw(0, 0.0))
    assert set(terms) == {"nll_rna", "nll_atac", "kl_rna", "kl_atac", "kl_features"}
    assert {name for name, value in terms.items() if value != 0} == {"nll_rna", "nll_atac"}


def test_weights_scale_their_terms_and_no_others(assemble):
    weights = {"kl": 1.0, "graph": 0.02, "anchor": 0.1, "contrastive": 0.2, "cluster": 0.1}
    weights |= {"shared_features": 3.0, "private_features": 1.0}
    found = []
    for factor in (1.0, 3.0):
        network, sampler = assemble(**{f"lambda_{name}": factor * weight for name, weight in weights.items()})
        torch.manual_seed(0)
        found.append(network.losses(sampler.draw(0, 0.9)))
    for name in ("kl_rna", "kl_atac", "kl_features", "edges", "anchors", "contrastive", "clusters"):
        assert found[0][name] != 0, name
        torch.testing.assert_close(found[1][name], 3 * found[0][name], msg=name)
    for name in ("nll_rna", "nll_atac", "discriminator"):
        torch.testing.assert_close(found[1][name], found[0][name])


def test_priors_and_edges_equal_their_formulas(assemble):
    network, sampler = assemble()
    network.eval()
    step, weights = sampler.draw(0, 1.0), network.weights
    torch.manual_seed(0)
    found = network.losses(step)
    torch.manual_seed(0)
    mean, sd = network.graph()
    vectors = mean + sd * torch.randn_like(sd)
    prior = 0.0
    for name, block in network.blocks.items():
        latent = network.encode(name, step.cells[name].representation, step.cells[name].batch)
        kl = (0.5 * (latent.mean**2 + latent.sd**2 - 1) - latent.sd.log()).sum() / len(latent.mean)
        torch.testing.assert_close(found[f"kl_{name}"], weights.kl * kl / (block.stop - block.start))
        of_axes = (0.5 * (mean**2 + sd**2 - 1) - sd.log())[block].mean(dim=0)
        shared, private = of_axes[: network.n_shared].sum(), of_axes[network.n_shared :].sum()
        prior += (weights.shared_features * shared + weights.private_features * private) / network.n_cells[name]
    torch.testing.assert_close(found["kl_features"], prior)
    edges, shared = step.edges, vectors[:, : network.n_shared]
    there = edge_logits(shared, edges.heads, edges.tails, edges.sign)
    absent = edge_logits(shared, edges.heads[:, None], edges.corrupted, edges.sign[:, None])
    torch.testing.assert_close(found["edges"], 2 * weights.graph * losses.edge_nll(there, absent))


def test_anchors_of_several_pairs_count_by_their_mean(assemble):
    network, sampler = assemble()
    network.eval()
    steps = [sampler.draw(i, 1.0) for i in (0, 1)]
    one, other = (network.losses(step)["anchors"] for step in steps)
    both = network.losses(replace(steps[0], anchors=(*steps[0].anchors, *steps[1].anchors)))["anchors"]
    assert one != other
    torch.testing.assert_close(both, (one + other) / 2)


def test_anchored_cells_too_alike_are_left_out_of_the_contrast(assemble):
    network, sampler = assemble()
    network.eval()
    step = sampler.draw(0, 1.0)
    (anchors,) = step.anchors
    nothing = replace(anchors, not_negative=torch.zeros_like(anchors.not_negative))
    everything = replace(anchors, not_negative=torch.ones_like(anchors.not_negative))
    costs = [
        float(network.losses(replace(step, anchors=(each,)))["anchors"].detach())
        for each in (nothing, anchors, everything)
    ]
    assert costs[0] > costs[1] > costs[2]
    assert costs[2] == pytest.approx(0, abs=1e-6)


def test_edges_and_anchors_may_be_missing(assemble):
    network, sampler = assemble(**EVERYTHING)
    step = sampler.draw(0, 1.0)
    cells = {name: replace(each, partners=None) for name, each in step.cells.items()}
    terms = network.losses(Step(cells, None, (), 1.0))
    assert ALL_TERMS - set(terms) == {"edges", "anchors"}


def test_one_seed_builds_one_network_and_leaves_the_global_generator_alone(assemble):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, other = (assemble(**EVERYTHING)[0].state_dict() for _ in range(2))
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)
    assert all(torch.equal(one[name], other[name]) for name in one)
    changed = assemble(**EVERYTHING, seed=1)[0].state_dict()
    assert not torch.equal(one["graph.vertices"], changed["graph.vertices"])


def test_halved_products_change_terms_and_gradients_a_little_and_nothing_after_training(assemble):
    terms, gradients, latents = [], [], []
    for precision in ("float32", "bfloat16"):
        network, sampler = assemble(**EVERYTHING, precision=precision)
        step = sampler.draw(1, 0.5)
        torch.manual_seed(0)
        terms.append(network.losses(step))
        sum(terms[-1].values()).backward()
        gradients.append({name: each.grad for name, each in network.named_parameters() if each.grad is not None})
        cells = step.cells["rna"]
        latents.append(network.eval().encode("rna", cells.representation, cells.batch).mean)
    for name, value in terms[1].items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, terms[0][name], rtol=0.02, atol=0.005, msg=name)
    assert gradients[0].keys() == gradients[1].keys()
    for name, value in gradients[1].items():
        assert value.dtype == torch.float32, name
    apart = [torch.cat([each[name].ravel() for name in sorted(each)]) for each in gradients]
    assert 0.99 < float(torch.cosine_similarity(*apart, dim=0)) < 1 - 1e-9
    # batch norm has seen values that were rounded; what is encoded is not
    assert latents[1].dtype == torch.float32
    torch.testing.assert_close(latents[1], latents[0], rtol=0.01, atol=0.01)
    assert not torch.equal(latents[1], latents[1].bfloat16().float())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_training_for_a_while_lowers_the_loss(assemble, precision):
    network, sampler = assemble(**EVERYTHING, precision=precision)
    optimiser, costs = torch.optim.Adam(network.parameters(), 0.005), []
    torch.manual_seed(0)
    for step in range(40):
        terms = network.losses(sampler.draw(step, step / 40))
        costs.append({name: float(value.detach()) for name, value in terms.items()})
        optimiser.zero_grad()
        sum(terms.values()).backward()
        optimiser.step()
    for name in ("nll_rna", "nll_atac", "edges", "anchors", "contrastive"):
        assert sum(each[name] for each in costs[-5:]) < sum(each[name] for each in costs[:5]), name
