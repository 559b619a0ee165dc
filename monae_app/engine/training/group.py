"""The processes that train one network together: each computes a share of every step, and their gradients are averaged.

A process learns from its environment, as ``torchrun`` or :mod:`monae_app.jobs.company` set it, which of how many it is.
Alone, nothing here costs or changes anything. N processes take the step that one takes: the same cells, features,
anchors and edges, each process a part of the cells. What differs is the noise of the cells, and that batch norm looks
at the cells of a process; statistics over a whole batch (contrasts, clusters, discriminator) see the cells of all.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.distributed as dist

from monae_app.engine.errors import InputError
from monae_app.engine.model.step import WHOLE, Share
from monae_app.engine.training import collectives, ranks
from monae_app.engine.training.checkpoint import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor, nn

# batch norm needs two, and says little of fewer: where a share would be smaller, every process takes all cells
FEWEST_CELLS = 8
SECONDS_TO_MEET = 6 * 3600.0  # the others may still be reading, on slower machines
SECONDS_BETWEEN_LOOKS = 0.05
SECONDS_TO_ANSWER = 600.0  # in training; the first process may be writing a checkpoint meanwhile
BACKENDS = {"cuda": "nccl"}


class Followed(Exception):
    """No error: a process that is not the first has done its part, since the first alone analyses and writes."""


@dataclass(frozen=True)
class Group:
    """Which process this is, of how many.

    Parameters
    ----------
    rank
        0 for the one that tells, saves and goes on after training.
    size
        How many there are.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def of_environment(cls) -> Group:
        """Read it from ``RANK`` and ``WORLD_SIZE``; alone without them."""
        return cls(ranks.rank(), ranks.size())

    @property
    def leads(self) -> bool:
        """Whether this is the first process, or the only one."""
        return self.rank == 0

    def share(self, total: int) -> tuple[slice, Share]:
        """Which rows of a batch of so many this process takes, and how much they count."""
        if self.size == 1 or total < FEWEST_CELLS * self.size:
            return slice(0, total), WHOLE
        rows = collectives.rows_of_rank(total, self.rank, self.size)
        return rows, Share((rows.stop - rows.start) * self.size / total, total)

    def rows(self, mine: Tensor, share: Share) -> Tensor:
        """Rows of all processes, in the order of the whole batch; gradients flow into those of this process."""
        if self.size == 1 or share.total is None:
            return mine
        found: Tensor = collectives.RowsOfAll.apply(mine, share.total, self.rank, self.size)  # type: ignore[no-untyped-call]
        return found

    def part(self) -> None:
        """Draw from here on noise of this process's own, which follows from what torch was last seeded with."""
        if self.size > 1:
            mixed = np.random.SeedSequence([torch.initial_seed(), self.rank]).generate_state(1, np.uint64)
            torch.manual_seed(int(mixed[0]))

    def mean(self, values: Tensor) -> Tensor:
        """Mean over the processes, the same to the last bit on all of them."""
        return values if self.size == 1 else collectives.mean_over_ranks(values, self.size)

    def average(self, network: nn.Module) -> None:
        """Average gradients, and the running statistics of batch norm, over the processes."""
        if self.size > 1:
            collectives.average_step(network, self.size)

    def from_first(self, saved: Checkpoint | None) -> Checkpoint | None:
        """Return the checkpoint that the first process has read, if it has any: the folder may be on its disk alone."""
        if self.size == 1:
            return saved
        content = collectives.broadcast_bytes(b"" if saved is None else saved.to_bytes())
        return saved if self.leads or not content else Checkpoint.of_bytes(content)

    def check_alike(self, network: nn.Module, step: int) -> None:
        """Compare the parameters of all processes, to the last bit.

        Raises
        ------
        TrainingError
            If they have drifted apart.
        """
        if self.size > 1:
            collectives.check_alike(network, step)

    @contextmanager
    def joined(self, device: torch.device, known_by: str, heed: Callable[[], None]) -> Iterator[None]:
        """Meet the other processes, and stay connected while the body runs.

        Parameters
        ----------
        device
            Of this process: CUDA devices talk by NCCL, others by Gloo.
        known_by
            A hash of all that was worked out before training; every process has to come to the same.
        heed
            Asked while others are waited for; raises if this process shall not wait any longer.

        Raises
        ------
        InputError
            If the others prepared other data, or cannot be reached.
        """
        if self.size == 1:
            yield
            return
        store = self._meet(known_by, heed)
        if device.type == "cuda":
            torch.cuda.set_device(device)
        answer = timedelta(seconds=SECONDS_TO_ANSWER)
        with collectives.lost_in_words():
            dist.init_process_group(
                BACKENDS.get(device.type, "gloo"), store=store, rank=self.rank, world_size=self.size, timeout=answer
            )
        try:
            yield
        finally:
            dist.destroy_process_group()

    def _meet(self, known_by: str, heed: Callable[[], None]) -> Any:
        with collectives.lost_in_words():
            store = self._store()
            prepared, heard = ([f"{about}/{rank}" for rank in range(self.size)] for about in ("prepared", "heard"))
            store.set(prepared[self.rank], known_by)
            self._wait_for(prepared, store, heed)
            told = [store.get(name).decode() for name in prepared]
            store.set(heard[self.rank], "")
            if self.leads:
                # the store may be here: it stays until all have heard
                self._wait_for(heard, store, heed)
        self._compare(told)
        return store

    def _wait_for(self, names: list[str], store: Any, heed: Callable[[], None]) -> None:
        until = time.monotonic() + SECONDS_TO_MEET
        while not store.check(names):
            heed()
            if time.monotonic() > until:
                raise InputError(
                    f"Process {self.rank + 1} of {self.size} has waited {SECONDS_TO_MEET / 3600:.0f} hours for others.",
                    "all processes at work, with the same files and settings.",
                    "look what became of them, then resume the run.",
                )
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _store(self) -> Any:
        # torchrun holds the store in a process of its own, and says so
        held = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
        store = dist.TCPStore(  # type: ignore[attr-defined]
            os.environ.get("MASTER_ADDR", "127.0.0.1"),
            ranks.number_in("MASTER_PORT", 29500),
            is_master=self.leads and not held,
            timeout=timedelta(seconds=SECONDS_TO_MEET),
            wait_for_workers=False,
        )
        return dist.PrefixStore(f"monae/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)  # type: ignore[attr-defined]

    def _compare(self, known_by: list[str]) -> None:
        others = [str(rank + 1) for rank, each in enumerate(known_by) if each != known_by[0]]
        if others:
            raise InputError(
                f"Of {self.size} processes, {', '.join(others)} prepared other data than the first.",
                "the same files, settings and versions, on machines of one kind, for all processes.",
                "compare what they read, or train in one process.",
            )


SOLO = Group()
