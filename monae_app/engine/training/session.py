"""One training from start to end: its budget, what is told of it, and smaller batches where memory does not suffice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from monae_app.engine.data import announcements
from monae_app.engine.data.duration import step_budget
from monae_app.engine.errors import InputError
from monae_app.engine.training.allocation import memory_kept
from monae_app.engine.training.assembly import build_network
from monae_app.engine.training.checkpoint import Checkpoint
from monae_app.engine.training.drawing_ahead import DrawingAhead
from monae_app.engine.training.fingerprint import fingerprint, fingerprint_of_ground
from monae_app.engine.training.group import Followed, Group
from monae_app.engine.training.memory import BatchSize, free_memory, is_out_of_memory
from monae_app.engine.training.sources import step_sampler
from monae_app.engine.training.trainer import Trainer, TrainerSettings

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.model.monae_net import MonaeNet
    from monae_app.engine.telling import Event, Telling
    from monae_app.engine.training.batches import StepSampler
    from monae_app.engine.training.groundwork import Groundwork

# each vector is only in the batches that draw its feature, and has far to go from a start near zero
VECTORS_OF_FEATURES = ("graph.vertices", "graph.private_mean", "graph.private_raw_sd")
TIMES_FASTER = 4.0


@dataclass(frozen=True)
class Session:
    """What one training needs.

    Parameters
    ----------
    dataset
        What is trained on.
    ground
        What was worked out before.
    config
        Of the run.
    device
        Where to compute.
    n_cells
        Of the largest modality, cells held out of training counted in: the budget depends on it.
    checkpoint
        Where training saves its state and goes on from, if anywhere.
    group
        Processes that train together; as the environment says, unless given.
    """

    dataset: Dataset
    ground: Groundwork
    config: RunConfig
    device: torch.device
    n_cells: int
    checkpoint: Path | None = None
    group: Group = field(default_factory=Group.of_environment)

    def plan(self, summary: dict[str, Any]) -> str:
        """Say what is left to train, from the summary of the dataset."""
        steps, done = step_budget(self.config, self.n_cells), self._saved().step
        if not done:
            return announcements.plan(summary, self.config)
        left = f"going on from step {done:,} of {steps:,}" if done < steps else "nothing is left to train"
        return f"The checkpoint holds {done:,} steps: {left}"

    def train(self, tell: Telling) -> Learned:
        """Train to the end of the budget.

        A device that has no memory left gets batches of half the size, and training goes on from the last checkpoint;
        its result is then no longer equal to that of a training with the larger batches all the way.

        Raises
        ------
        InputError
            If the checkpoint is of other data, or the smallest batches are too large for the device; where several
            processes train together, if those set are, or if the processes have come to different groundwork.
        TrainingError
            If the loss diverges.
        Stopped
            If asked to stop.
        Followed
            When training is done, in all processes but the first.
        """
        if self.group.size == 1:
            return self._train(tell)
        known_by = fingerprint_of_ground(self.dataset, self.ground)
        tell(announcements.shared(self.group.size, self.config))
        with self.group.joined(self.device, known_by, tell.heed):
            learned = self._train(tell)
        if not self.group.leads:
            raise Followed
        return learned

    def _train(self, tell: Telling) -> Learned:
        size, warnings = self._at_first()
        while True:
            try:
                return self._attempt(size, warnings, tell)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                if self.group.size > 1:
                    raise self._too_large(size) from None
            # not before here: while it is handled, an error holds on to the tensors of all that it passed through
            free_memory(self.device)
            size, warning = self._smaller(size)
            warnings = (warning,)
            tell.warn(warning)

    def _attempt(self, size: BatchSize, warnings: tuple[str, ...], tell: Telling) -> Learned:
        ground, config = self.ground, self.config
        network = build_network(
            self.dataset, ground.prepared, ground.graph, ground.correspondence, config, self.device, ground.embedded
        )
        settings = config.model_copy(update={"batch_size": size.cells, "features_per_step": size.features})
        sampler = step_sampler(self.dataset, ground, settings, self.device, self.group)
        with memory_kept(), DrawingAhead(sampler, step_budget(config, self.n_cells)) as drawing:
            steps = self._trainer(network, drawing, size, warnings, tell).run()
        return Learned(network, sampler, steps, size, warnings, self.group.size)

    def _at_first(self) -> tuple[BatchSize, tuple[str, ...]]:
        """Batches as set or, where they were too large already, as the checkpoint knows them."""
        known = self._saved().about
        if known.get("warnings"):
            return BatchSize(*known["batch"]), tuple(known["warnings"])
        return BatchSize(self.config.batch_size, self.config.features_per_step), ()

    def _saved(self) -> Checkpoint:
        if self.checkpoint is None or not self.checkpoint.exists():
            return Checkpoint({}, 0, {})
        return Checkpoint.read_head(self.checkpoint)

    def _too_large(self, size: BatchSize) -> InputError:
        # one process alone cannot take smaller batches: the others compute the same step
        return InputError(
            f"The {self.device.type} device of process {self.group.rank + 1} of {self.group.size} ran out of memory "
            f"with its share of {size.cells:,} cells of each modality in a step.",
            "devices with room for the network and a share of the step.",
            "lower batch_size or features_per_step, or use more processes.",
        )

    def _smaller(self, size: BatchSize) -> tuple[BatchSize, str]:
        # what is there counts, not what was allowed
        most = max(len(each.modelled) for each in self.ground.prepared.values())
        smaller = BatchSize(min(size.cells, self.n_cells), min(size.features, most)).halved()
        if smaller is None:
            raise InputError(
                f"The {self.device.type} device ran out of memory, even with {size.cells} cells and {size.features} "
                "features of each modality in a step.",
                "a device with room for the network and its smallest batches.",
                "end other programs that use it, lower n_top_genes or n_top_peaks, or train with --device cpu.",
            )
        step = self._saved().step
        warning = (
            f"The {self.device.type} device ran out of memory with {size.cells:,} cells and {size.features:,} features "
            f"of each modality in a step. Training went on from step {step:,} with batch_size = {smaller.cells:,} and "
            f"features_per_step = {smaller.features:,}, so that its result differs a little from one with larger "
            "batches all the way."
        )
        return smaller, warning

    def _trainer(
        self, network: MonaeNet, sampler: DrawingAhead, size: BatchSize, warnings: tuple[str, ...], tell: Telling
    ) -> Trainer:
        config = self.config
        per_step = sum(min(size.cells, modality.n_cells) for modality in self.dataset.modalities.values())

        def report(event: Event) -> None:
            rate = {"cells_per_s": round(event.pop("steps_per_s") * per_step, 1), "device": str(self.device)}
            tell.on_event({"stage": tell.stage, **event, **rate})

        about: dict[str, Any] = {"data": fingerprint(self.dataset, self.ground.graph)}
        if warnings:
            about |= {"batch": [size.cells, size.features], "warnings": list(warnings)}
        settings = TrainerSettings(
            step_budget(config, self.n_cells),
            config.learning_rate,
            config.seed,
            config.patience,
            not_monitored=("discriminator",),
            faster=VECTORS_OF_FEATURES,
            times_faster=TIMES_FASTER,
        )
        return Trainer(
            network,
            lambda step, progress: network.losses(sampler.draw(step, progress), self.group),
            settings,
            self.checkpoint,
            on_step=report,
            should_stop=tell.should_stop,
            on_warning=tell.warn,
            about=about,
            group=self.group,
        )


@dataclass(frozen=True)
class Learned:
    """What a training ends with.

    Parameters
    ----------
    network
        Trained.
    sampler
        What it drew from.
    steps
        The number of the last step.
    size
        Of the batches at the end.
    warnings
        In words, for the report.
    processes
        How many trained together.
    """

    network: MonaeNet
    sampler: StepSampler
    steps: int
    size: BatchSize
    warnings: tuple[str, ...]
    processes: int = 1

    def record(self, device: torch.device) -> dict[str, Any]:
        """Return what the report says of it, and of where it was computed."""
        how_long = {"steps": self.steps, "batch_size": self.size.cells}
        precision = "bfloat16" if self.network.weights.halved else "float32"
        return {"device": str(device), **how_long, "precision": precision, "processes": self.processes}
