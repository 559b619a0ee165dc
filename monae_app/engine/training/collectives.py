"""What processes that train together say to each other. R processes; all call the same functions in the same order."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import nn

from monae_app.engine.errors import CompanyLost, TrainingError
from monae_app.engine.training.memory import is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor


@contextmanager
def lost_in_words() -> Iterator[None]:
    """Turn what torch says when another process is gone into words.

    Raises
    ------
    CompanyLost
        If it is.
    """
    try:
        yield
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise CompanyLost(
            "Another process of this training has ended or does not answer. Expected: all of them at work until the "
            "end. To do: resume the run, with any number of processes; the last checkpoint is kept."
        ) from error


def rows_of_rank(total: int, rank: int, size: int) -> slice:
    """Cut a batch into parts that differ by one row at most, and return the one of a process."""
    return slice(total * rank // size, total * (rank + 1) // size)


class RowsOfAll(torch.autograd.Function):
    """Put the rows of all processes below each other, (B / R, D) to (B, D).

    Every process then computes the same loss of all rows. Going back it keeps the gradient of its own rows, times R:
    the mean of the gradients over processes, which is taken later, is that of the loss.
    """

    @staticmethod
    def forward(context: Any, mine: Tensor, total: int, rank: int, size: int) -> Tensor:
        """Gather them."""
        parts = [rows_of_rank(total, each, size) for each in range(size)]
        lengths = [part.stop - part.start for part in parts]
        context.rows, context.size = parts[rank], size
        sent = mine.new_zeros((max(lengths), *mine.shape[1:]))
        sent[: len(mine)] = mine
        found = [torch.empty_like(sent) for _ in range(size)]
        with lost_in_words():
            dist.all_gather(found, sent)
        return torch.cat([each[:length] for each, length in zip(found, lengths, strict=True)])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        """Keep what is of this process."""
        return gradient[context.rows] * context.size, None, None, None


def mean_over_ranks(values: Tensor, size: int) -> Tensor:
    """Mean of a tensor over the processes."""
    found = values.clone()
    with lost_in_words():
        dist.all_reduce(found)
    return found / size


@torch.no_grad()
def average_step(network: nn.Module, size: int) -> None:
    """Average gradients and running statistics of batch norm over the processes, all in one message.

    Every process has the same parameters and computes the same terms, so that the same gradients are there on all.
    """
    trained = [each for each in network.parameters() if each.grad is not None]
    running = running_statistics(network)
    tensors = [*(each.grad for each in trained if each.grad is not None), *running]
    flat = torch.cat([each.reshape(-1) for each in tensors])
    parts = torch.split(mean_over_ranks(flat, size), [each.numel() for each in tensors])
    for parameter, part in zip(trained, parts, strict=False):
        parameter.grad = part.view_as(parameter)
    for statistic, part in zip(running, parts[len(trained) :], strict=True):
        statistic.copy_(part.view_as(statistic))


def running_statistics(network: nn.Module) -> list[Tensor]:
    """Means and variances that batch norm remembers: of the cells of a process, until they are averaged."""
    return [
        each
        for module in network.modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
        for each in (module.running_mean, module.running_var)
        if each is not None
    ]


@torch.no_grad()
def check_alike(network: nn.Module, step: int) -> None:
    """Compare the state of the network over the processes, by the sum of its bits.

    Raises
    ------
    TrainingError
        If it is not the same.
    """
    values = [each for each in network.state_dict().values() if each.dtype == torch.float32]
    mine = torch.stack([each.reshape(-1).view(torch.int32).sum(dtype=torch.int64) for each in values])
    least, most = mine.clone(), mine.clone()
    with lost_in_words():
        dist.all_reduce(least, dist.ReduceOp.MIN)
        dist.all_reduce(most, dist.ReduceOp.MAX)
    if not torch.equal(least, most):
        raise TrainingError(
            f"The processes of this training no longer hold the same network at step {step:,}. Expected: the same "
            "parameters to the last bit. To do: resume the run from its last checkpoint, in one process if it happens "
            "again."
        )


def broadcast_bytes(content: bytes) -> bytes:
    """Return what the first process gives."""
    device = torch.device("cuda", torch.cuda.current_device()) if dist.get_backend() == "nccl" else torch.device("cpu")
    length = torch.tensor([len(content)], device=device)
    with lost_in_words():
        dist.broadcast(length, 0)
    if not int(length):
        return b""
    # of the others, what they give is of no account but for its length
    sent = torch.empty(int(length), dtype=torch.uint8, device=device)
    if dist.get_rank() == 0:
        sent.copy_(torch.frombuffer(bytearray(content), dtype=torch.uint8))
    with lost_in_words():
        dist.broadcast(sent, 0)
    return sent.cpu().numpy().tobytes()
