"""The training loop. Nothing in it concerns cells, genes or graphs."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import torch

from monae_app.engine.errors import InputError, Stopped, TrainingError
from monae_app.engine.training.checkpoint import WRITING_FAILED, Checkpoint
from monae_app.engine.training.group import SOLO, Group
from monae_app.engine.training.saving import SavingTimes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor, nn

WARM_UP_STEPS = 50
FULL_RATE_UNTIL = 0.4  # share of the training after which the learning rate falls
LAST_RATE = 0.05  # share of the learning rate that is left at the end
GRADIENT_NORM = 10.0
SECONDS_BETWEEN_REPORTS = 1.5


class Objective(Protocol):
    """Weighted terms of the loss on the batch of a step; their sum is minimised."""

    def __call__(self, step: int, progress: float) -> dict[str, Tensor]:
        """Compute the terms; progress runs from 0 to 1."""


@dataclass(frozen=True)
class TrainerSettings:
    """How long, how fast, how often to save; patience counts steps, 0 never stops early.

    A checkpoint is due after so many steps or seconds, whichever is first, while writing takes no more than its share.
    """

    steps: int
    learning_rate: float
    seed: int
    patience: int = 0
    report_every: int = 10
    checkpoint_every: int = 100
    checkpoint_seconds: float = 20.0
    share_of_saving: float = 0.05
    not_monitored: tuple[str, ...] = ()
    faster: tuple[str, ...] = ()  # parameters, by name, that take larger steps
    times_faster: float = 1.0


@dataclass
class Trainer:
    """Minimises an objective and can be stopped, saved and resumed between any two steps.

    From a checkpoint that stands before the end of the budget training goes on, be the budget the one it began with or
    a larger one: the learning rate follows the share of the present budget. One at the end is left as it is.

    Parameters
    ----------
    network
        Whose parameters are trained.
    objective
        Called with the number of the step.
    settings
        See :class:`TrainerSettings`.
    checkpoint
        Where the checkpoint is written.
    on_step
        Told the progress about every ten steps.
    should_stop
        Asked between steps.
    on_warning
        Told, in words, when a checkpoint could not be written; training goes on.
    about
        Kept in the checkpoint, as JSON. Under ``data`` what was trained on: a checkpoint of other data is refused.
    group
        Processes that train together: the terms are their mean, and so are the gradients, so that all decide alike. A
        wish to stop that any of them hears stops all after the same step. The first reads and writes the checkpoint.
    """

    network: nn.Module
    objective: Objective
    settings: TrainerSettings
    checkpoint: Path | None = None
    on_step: Callable[[dict[str, Any]], None] = lambda _: None
    should_stop: Callable[[], bool] = lambda: False
    on_warning: Callable[[str], None] = lambda _: None
    about: dict[str, Any] = field(default_factory=dict)
    group: Group = SOLO
    optimiser: torch.optim.Adam = field(init=False)
    step: int = field(init=False, default=0)
    best: float = field(init=False, default=math.inf)
    best_step: int = field(init=False, default=0)
    smoothed: float | None = field(init=False, default=None)
    saving: SavingTimes = field(init=False)
    # of the last step: read one step later, so that a GPU need not be waited for twice in a step
    gradient_norm: Tensor = field(init=False, default_factory=lambda: torch.zeros(()))
    others_stop: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        named = [(name in self.settings.faster, each) for name, each in self.network.named_parameters()]
        groups = [
            {"params": [each for is_fast, each in named if is_fast == fast and each.requires_grad], "pace": pace}
            for fast, pace in ((False, 1.0), (True, self.settings.times_faster))
        ]
        # a group may be empty: its place in the saved state stays the same
        self.optimiser = torch.optim.Adam(groups, lr=self.settings.learning_rate, fused=True)

    def run(self) -> int:
        """Train to the end of the budget; returns the number of the last step.

        Raises
        ------
        Stopped
            If asked to; a checkpoint has been written.
        InputError
            If the checkpoint is of other data or another network.
        TrainingError
            If a term of the loss or the gradient is no longer a number; the last good checkpoint is kept.
        """
        # every step seeds torch anew; the caller's generators are put back afterwards
        devices = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
        with torch.random.fork_rng(devices=devices):
            return self._run()

    def _run(self) -> int:
        self._resume()
        settings = self.settings
        self.saving = SavingTimes(
            settings.checkpoint_every, settings.checkpoint_seconds, settings.share_of_saving, self.step
        )
        if self.step >= settings.steps:
            self.network.eval()
            return self.step
        self.group.check_alike(self.network, self.step)
        self.network.train()
        began, first, told = time.perf_counter(), self.step, 0.0
        while self.step < self.settings.steps and not self._out_of_patience():
            if self._told_to_stop():
                self._save()
                raise Stopped(self.saving.step)
            terms = self._one_step()
            now = time.perf_counter()
            last = self.step == self.settings.steps
            if self.step % self.settings.report_every == 0 or now - told > SECONDS_BETWEEN_REPORTS or last:
                told = now
                self._report(terms, (now - began) / (self.step - first))
            if last or self.step % self.settings.checkpoint_every == 0:
                self.group.check_alike(self.network, self.step)
            if not last and self.saving.due(self.step):
                self._save()
        self._check_gradient(float(self.gradient_norm))
        self._save()
        self.network.eval()
        return self.step

    def save(self) -> None:
        """Write a checkpoint from which training goes on as if it had not been stopped.

        Raises
        ------
        TrainingError
            If the last step broke the parameters; the checkpoint before is kept.
        OSError
            If it cannot be written; the checkpoint before is kept.
        """
        self._check_gradient(float(self.gradient_norm))
        if self.checkpoint is not None:
            monitor = {
                "best": self.best,
                "best_step": self.best_step,
                "smoothed": self.smoothed,
                "steps": self.settings.steps,
            }
            Checkpoint.of(self.network, self.optimiser, self.step, monitor, self.about).write(self.checkpoint)

    def _save(self) -> None:
        """Save unless it is done; where it fails, say so and go on."""
        if self.checkpoint is None or self.step == self.saving.step:
            return
        began = time.perf_counter()
        try:
            self.save()
        except WRITING_FAILED as error:
            known = self.saving.failing
            self.saving.saved(self.step, began, well=False)
            if known:
                return
            left = f"the one of step {self.saving.step:,} is kept" if self.saving.step else "there is none before it"
            self.on_warning(
                f"The checkpoint of step {self.step:,} could not be written ({error}); {left}. Training goes on: free "
                "some space on the disk of the run."
            )
        else:
            self.saving.saved(self.step, began, well=True)

    def _resume(self) -> None:
        path = self.checkpoint if self.group.leads else None
        saved = self.group.from_first(Checkpoint.read(path) if path is not None and path.exists() else None)
        if saved is not None:
            if saved.about.get("data", self.about.get("data")) != self.about.get("data"):
                raise InputError(
                    "The checkpoint was trained on other data than this run reads.",
                    "the same input files, and the same cells and features in them, as when training began.",
                    "restore them, or train anew into another folder.",
                )
            saved.restore(self.network, self.optimiser)
            self.step = saved.step
            self.best, self.best_step = saved.monitor["best"], saved.monitor["best_step"]
            self.smoothed = saved.monitor["smoothed"]
            if saved.monitor.get("steps", self.settings.steps) < self.settings.steps:
                # a longer budget is asked for: patience that ended the former begins anew
                self.best_step = self.step

    def _one_step(self) -> dict[str, float]:
        progress = self.step / self.settings.steps
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.learning_rate * self._rate(progress) * group["pace"]
        # drawn from the step alone, like the batches, so that no state of a generator has to be saved
        torch.manual_seed((self.settings.seed << 31) + self.step)
        terms = self.objective(self.step, progress)
        stacked = torch.stack(list(terms.values()))
        stop = stacked.new_tensor([float(self.group.size > 1 and self.should_stop())])
        said = torch.cat([stacked.detach(), self.gradient_norm.to(stacked)[None], stop])
        *read, norm_before, stops = self.group.mean(said).tolist()
        self.others_stop = stops > 0
        self._check_gradient(norm_before)
        values = dict(zip(terms, read, strict=True))
        self._check(values)
        self.optimiser.zero_grad(set_to_none=True)
        stacked.sum().backward()  # type: ignore[no-untyped-call]
        self.group.average(self.network)
        self.gradient_norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM).detach()
        self.optimiser.step()
        self.step += 1
        self._monitor(values)
        return values

    def _told_to_stop(self) -> bool:
        # of several processes each has said in the last step whether it shall stop
        return self.should_stop() if self.group.size == 1 else self.others_stop

    def _rate(self, progress: float) -> float:
        warm = min(1.0, (self.step + 1) / WARM_UP_STEPS)
        fall = max(0.0, (progress - FULL_RATE_UNTIL) / (1 - FULL_RATE_UNTIL))
        return warm * (LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * fall)))

    def _check(self, values: dict[str, float]) -> None:
        broken = [name for name, value in values.items() if not math.isfinite(value)]
        if broken:
            raise self._diverged(self.step + 1, f"the term {', '.join(broken)}")

    def _check_gradient(self, norm: float) -> None:
        if not math.isfinite(norm):
            raise self._diverged(self.step, "the gradient, though every term of the loss was finite,")

    def _diverged(self, step: int, what: str) -> TrainingError:
        kept = "the last checkpoint is kept" if self.checkpoint and self.checkpoint.exists() else "no checkpoint yet"
        return TrainingError(
            f"Training diverged at step {step:,}: {what} is no longer a number ({kept}). "
            "Expected: finite losses. To do: lower learning_rate and start again."
        )

    def _monitor(self, values: dict[str, float]) -> None:
        loss = sum(value for name, value in values.items() if name not in self.settings.not_monitored)
        self.smoothed = loss if self.smoothed is None else 0.95 * self.smoothed + 0.05 * loss
        if self.smoothed < self.best - 1e-4 * abs(self.best if math.isfinite(self.best) else 0):
            self.best, self.best_step = self.smoothed, self.step

    def _out_of_patience(self) -> bool:
        return bool(self.settings.patience) and self.step - self.best_step >= self.settings.patience

    def _report(self, terms: dict[str, float], seconds_a_step: float) -> None:
        self.on_step(
            {
                "step": self.step,
                "steps": self.settings.steps,
                "steps_per_s": 1 / seconds_a_step,
                "eta_s": (self.settings.steps - self.step) * seconds_a_step,
                "loss": sum(terms.values()),
                **{f"loss_{name}": value for name, value in terms.items()},
            }
        )
