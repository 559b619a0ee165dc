"""Which axes of which cells each term of the objective moves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from monae_app.engine.model import losses

if TYPE_CHECKING:
    from monae_app.engine.model.step import Step


def with_weights(network, **changed) -> None:
    network.weights = replace(network.weights, **changed)


def probed(step: Step, **known: torch.Tensor) -> Step:
    """The same step, whose cells and partners record what moves them; who has a partner may be set by modality."""
    cells = {}
    for name, each in step.cells.items():
        partners = replace(
            each.partners,
            representation=each.partners.representation.clone().requires_grad_(),
            known=known.get(name, each.partners.known),
        )
        cells[name] = replace(each, representation=each.representation.clone().requires_grad_(), partners=partners)
    return replace(step, cells=cells)


def moved(representation: torch.Tensor) -> torch.Tensor:
    """Which cells a gradient reached, (B,)."""
    if representation.grad is None:
        return torch.zeros(len(representation), dtype=torch.bool)
    return (representation.grad != 0).any(dim=1)


def decoded_spots(network, name: str) -> list[torch.Tensor]:
    """Latents that a decoder is given from now on."""
    seen: list[torch.Tensor] = []
    network.decoders[name].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    return seen


@pytest.mark.parametrize("term", ["discriminator", "anchors", "contrastive", "clusters"])
def test_private_axes_stay_out_of_what_aligns_modalities(assemble, term):
    network, sampler = assemble(lambda_contrastive=0.2, lambda_cluster=0.1)
    network.losses(sampler.draw(0, 1.0))[term].backward()
    of_mean = network.encoders["atac"].mean.weight.grad
    assert (of_mean[: network.n_shared] != 0).any()
    assert (of_mean[network.n_shared :] == 0).all()


def test_the_graph_joins_shared_axes_alone(assemble):
    network, sampler = assemble()
    network.losses(sampler.draw(0, 1.0))["edges"].backward()
    assert (network.graph.vertices.grad != 0).any()
    assert network.graph.private_mean.grad is None or (network.graph.private_mean.grad == 0).all()


def test_silenced_private_axes_leave_reconstruction_to_the_shared_ones(assemble):
    network, sampler = assemble()
    with_weights(network, private_dropout=1.0)
    network.losses(sampler.draw(0, 1.0))["nll_rna"].backward()
    of_mean = network.encoders["rna"].mean.weight.grad
    assert (of_mean[: network.n_shared] != 0).any()
    assert (of_mean[network.n_shared :] == 0).all()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_private_axes_are_silenced_as_often_as_asked_and_whole(assemble, share):
    network, sampler = assemble(cross_decoding=0.0)
    with_weights(network, private_dropout=share)
    seen = decoded_spots(network, "rna")
    torch.manual_seed(0)
    for step in range(10):
        network.losses(sampler.draw(step, 1.0))
    silent = torch.cat(seen)[:, network.n_shared :] == 0
    assert (silent.all(dim=1) == silent.any(dim=1)).all()
    assert float(silent.all(dim=1).float().mean()) == pytest.approx(share, abs=0.06)
    assert (torch.cat(seen)[:, : network.n_shared] != 0).all()


def test_a_cell_whose_partner_is_known_is_decoded_from_there(assemble):
    network, sampler = assemble(cross_decoding=1.0)
    step = sampler.draw(0, 1.0)
    step = probed(step, rna=torch.ones(len(step.cells["rna"].batch), dtype=torch.bool))
    network.losses(step)["nll_rna"].backward()
    mine, theirs = network.encoders["rna"], network.encoders["atac"]
    assert mine.mean.weight.grad is None or (mine.mean.weight.grad == 0).all()
    assert not moved(step.cells["rna"].representation).any()
    # of the partner, the shared axes alone
    assert (theirs.mean.weight.grad[: network.n_shared] != 0).any()
    assert (theirs.mean.weight.grad[network.n_shared :] == 0).all()
    assert moved(step.cells["rna"].partners.representation).all()
    # and private axes of features have nothing to be learned from
    block, private = network.blocks["rna"], network.graph.private_mean.grad
    assert (private[block] == 0).all()


def test_a_cell_without_a_known_partner_is_decoded_from_its_own_place(assemble):
    network, sampler = assemble(cross_decoding=1.0, private_dropout=0.0)
    network.eval()
    step = sampler.draw(0, 1.0)
    known = torch.arange(len(step.cells["rna"].batch)) % 3 == 0
    step = probed(step, rna=known)
    network.losses(step)["nll_rna"].backward()
    torch.testing.assert_close(moved(step.cells["rna"].representation), ~known)
    torch.testing.assert_close(moved(step.cells["rna"].partners.representation), known)


def test_where_nobody_has_a_partner_cross_decoding_changes_nothing(assemble):
    network, sampler = assemble(cross_decoding=1.0)
    network.eval()
    step = sampler.draw(0, 1.0)
    lone = probed(step, rna=torch.zeros(len(step.cells["rna"].batch), dtype=torch.bool))
    without = replace(step, cells={name: replace(each, partners=None) for name, each in step.cells.items()})
    found = []
    for each in (lone, without):
        torch.manual_seed(0)
        found.append(network.losses(each)["nll_rna"])
    torch.testing.assert_close(*found)


def test_cells_are_decoded_across_as_often_as_asked(assemble):
    network, sampler = assemble(cross_decoding=0.4, private_dropout=0.0)
    seen, known = decoded_spots(network, "atac"), []
    torch.manual_seed(0)
    for step in range(10):
        drawn = sampler.draw(step, 1.0)
        known.append(drawn.cells["atac"].partners.known)
        network.losses(drawn)
    across = (torch.cat(seen)[:, network.n_shared :] == 0).all(dim=1)
    has_partner = torch.cat(known)
    assert float(has_partner.float().mean()) > 0.2
    assert not across[~has_partner].any()
    assert float(across[has_partner].float().mean()) == pytest.approx(0.4, abs=0.08)


def test_the_discriminator_learns_and_the_encoders_unlearn(assemble):
    network, sampler = assemble()
    gradients = []
    for strength in (0.5, 1.0):
        with_weights(network, adversarial=strength)
        network.zero_grad()
        torch.manual_seed(0)
        network.losses(sampler.draw(0, 1.0))["discriminator"].backward()
        gradients.append(
            (network.discriminator.body[0].weight.grad.clone(), network.encoders["rna"].mean.weight.grad.clone())
        )
    torch.testing.assert_close(gradients[1][0], gradients[0][0])
    torch.testing.assert_close(gradients[1][1], 2 * gradients[0][1])


def test_cells_without_counterpart_are_not_pulled_onto_others(assemble):
    network, sampler = assemble(lambda_adversarial=1.0)
    network.eval()
    step = probed(sampler.draw(0, 1.0))
    alone = torch.arange(len(step.cells["rna"].balance)) % 2 == 0
    balance = torch.where(alone, 0.0, step.cells["rna"].balance + 0.1)
    cells = step.cells | {"rna": replace(step.cells["rna"], balance=balance)}
    cost = network.losses(replace(step, cells=cells))["discriminator"]
    cost.backward()
    torch.testing.assert_close(moved(cells["rna"].representation), ~alone)
    shared = [
        network.encode(name, each.representation, each.batch).mean[:, : network.n_shared]
        for name, each in cells.items()
    ]
    modality = torch.arange(2).repeat_interleave(torch.tensor([len(each) for each in shared]))
    weight = torch.cat([each.balance for each in cells.values()])
    torch.testing.assert_close(
        cost, losses.modality_cross_entropy(network.discriminator(torch.cat(shared)), modality, weight)
    )


def test_the_discriminator_sees_less_at_first(assemble):
    network, sampler = assemble()
    network.eval()

    def cost(progress: float, seed: int) -> float:
        torch.manual_seed(seed)
        return float(network.losses(sampler.draw(0, progress))["discriminator"].detach())

    apart = {progress: abs(cost(progress, 0) - cost(progress, 1)) for progress in (0.0, 0.2, 0.31, 1.0)}
    assert apart[0.0] > 0
    assert apart[0.2] > 0
    assert apart[0.31] == apart[1.0] == 0


def test_zero_inflation_is_learned_for_the_modality_that_has_it(assemble):
    network, sampler = assemble(likelihoods=(("rna", "zinb"),), features_per_step=20, batch_columns=("batch",))
    assert set(network.zero_logits) == {"rna"}
    step = sampler.draw(0, 1.0)
    terms = network.losses(step)
    terms["nll_rna"].backward()
    gradient, features = network.zero_logits["rna"].grad, step.cells["rna"].features
    assert gradient.shape == network.decoders["rna"].bias.shape
    decoded = torch.zeros(gradient.shape[1], dtype=torch.bool).index_fill(0, features, value=True)
    assert (gradient[:, decoded] != 0).any(dim=0).all()
    assert (gradient[:, ~decoded] == 0).all()
    network.zero_grad()
    network.losses(step)["nll_atac"].backward()
    assert network.zero_logits["rna"].grad is None
