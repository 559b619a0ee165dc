from __future__ import annotations

import pytest
import torch

from monae_app.engine.model.cell_autoencoder import CellEncoder
from monae_app.engine.model.contrast import EMA_DECAY, HEAD_WIDTH, TeacherAndStudent
from monae_app.engine.model.likelihoods import SparseValues
from monae_app.engine.model.step import CellBatch

N, K, SHARED = 40, 9, 4


@pytest.fixture
def encoder() -> CellEncoder:
    torch.manual_seed(0)
    return CellEncoder(K, 2, shared=SHARED, private=3, hidden=8, dropout=0.2)


@pytest.fixture
def batch() -> CellBatch:
    rng, none = torch.Generator().manual_seed(1), torch.zeros(0, dtype=torch.int64)
    return CellBatch(
        torch.randn(N, K, generator=rng),
        torch.randint(2, (N,), generator=rng),
        torch.ones(N, 1),
        torch.ones(N),
        none,
        SparseValues(none, none, none.float()),
        None,
    )


def shared_of(encoder: CellEncoder, batch: CellBatch) -> torch.Tensor:
    return encoder(batch.representation, batch.batch).mean[:, :SHARED]


@pytest.mark.parametrize("kind", ["dropout", "heads", "ema"])
def test_two_views_of_every_cell_that_differ(encoder, batch, kind):
    pair = TeacherAndStudent(encoder, kind)
    student = shared_of(encoder, batch)
    one, other = pair.views(encoder, batch, student)
    width = HEAD_WIDTH if kind == "heads" else SHARED
    assert one.shape == other.shape == (N, width)
    assert not torch.allclose(one, other)
    if kind != "heads":
        # views of one cell are nearer to each other than to those of other cells
        similarity = torch.nn.functional.normalize(one, dim=1) @ torch.nn.functional.normalize(other, dim=1).T
        assert similarity.diagonal().mean() > similarity.mean() + 0.3


@pytest.mark.parametrize(("kind", "own"), [("dropout", 0), ("heads", 2 * (HEAD_WIDTH * SHARED + HEAD_WIDTH))])
def test_what_each_kind_learns_on_top_of_the_encoder(encoder, kind, own):
    pair = TeacherAndStudent(encoder, kind)
    assert sum(each.numel() for each in pair.parameters()) == own


def test_with_dropout_the_student_reads_fewer_components(encoder, batch):
    encoder.eval()
    student = shared_of(encoder, batch)
    plain, hindered = TeacherAndStudent(encoder, "dropout").views(encoder, batch, student)
    assert plain is student
    assert not torch.allclose(hindered, student)
    hindered.sum().backward()
    assert (encoder.linear.weight.grad != 0).any()


def test_heads_see_different_inputs_and_have_weights_of_their_own(encoder, batch):
    encoder.eval()
    pair, student = TeacherAndStudent(encoder, "heads"), shared_of(encoder, batch)
    one, other = pair.views(encoder, batch, student)
    torch.testing.assert_close(one, pair.heads[0](student))
    assert not torch.allclose(other, pair.heads[1](student))
    (one.sum() + other.square().sum()).backward()
    assert all((head.weight.grad != 0).any() for head in pair.heads)


def test_the_teacher_follows_the_student_slowly(encoder, batch):
    pair = TeacherAndStudent(encoder, "ema")
    start = {name: each.clone() for name, each in pair.teacher.state_dict().items()}
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(1.0)
    before = {name: each.clone() for name, each in encoder.state_dict().items()}
    for step in range(1, 4):
        pair.views(encoder, batch, torch.zeros(N, SHARED))
        for name, parameter in pair.teacher.named_parameters():
            torch.testing.assert_close(parameter, start[name] + 1 - EMA_DECAY**step, rtol=1e-4, atol=1e-5)
    assert 0.9 < EMA_DECAY < 1
    # and the student is left as it is
    for name, value in encoder.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


def test_what_counts_is_copied_and_statistics_follow(encoder, batch):
    pair = TeacherAndStudent(encoder, "ema")
    for _ in range(3):
        shared_of(encoder, batch)
    pair.teacher.eval()
    mean = pair.teacher.body[0][2].running_mean.clone()
    pair.views(encoder, batch, torch.zeros(N, SHARED))
    mine, theirs = pair.teacher.body[0][2], encoder.body[0][2]
    assert int(theirs.num_batches_tracked) == 3
    assert int(mine.num_batches_tracked) == 3
    assert mine.num_batches_tracked.dtype == torch.int64
    torch.testing.assert_close(mine.running_mean, torch.lerp(mean, theirs.running_mean, 1 - EMA_DECAY))


def test_the_teacher_gets_no_gradient_and_the_student_does(encoder, batch):
    pair = TeacherAndStudent(encoder, "ema")
    taught, student = pair.views(encoder, batch, shared_of(encoder, batch))
    assert not taught.requires_grad
    assert not any(each.requires_grad for each in pair.parameters())
    (taught * student).sum().backward()
    assert all(each.grad is None for each in pair.parameters())
    assert (encoder.linear.weight.grad != 0).any()


def test_the_teacher_is_no_part_of_the_encoder(encoder):
    pair = TeacherAndStudent(encoder, "ema")
    mine = {each.data_ptr() for each in pair.teacher.state_dict().values()}
    assert mine.isdisjoint({each.data_ptr() for each in encoder.state_dict().values()})
    assert all(each.requires_grad for each in encoder.parameters())
