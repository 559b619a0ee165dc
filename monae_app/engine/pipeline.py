"""The table of contents: read, preprocess, link, train, analyse, save.

    from monae_app.engine.pipeline import Monae, run

``run`` is the whole way from files to a run folder; ``Monae`` is the estimator for those who hold their data already.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import threadpoolctl
import torch

from monae_app.engine.analysis import confidence as trust
from monae_app.engine.analysis import report as reporting
from monae_app.engine.analysis.alignment import Alignment
from monae_app.engine.analysis.fitted import Fitted
from monae_app.engine.analysis.outcome import Trained, cells_of, features_of
from monae_app.engine.data import announcements
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.duration import step_budget
from monae_app.engine.data.held_out import split
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.data.summary import describe
from monae_app.engine.errors import Stopped
from monae_app.engine.result import CELLS, CHECKPOINT, FEATURES, REPORT, WEIGHTS, Result, write_config
from monae_app.engine.training.alignment_null import alignment_evidence
from monae_app.engine.training.assembly import build_network
from monae_app.engine.training.device import choose_device
from monae_app.engine.training.groundwork import lay_groundwork
from monae_app.engine.training.inference import CellEmbedder
from monae_app.engine.training.learned import cluster_centres, decode_all, embed_cells
from monae_app.engine.training.sources import step_sampler
from monae_app.engine.training.threads import thread_count
from monae_app.engine.training.trainer import Trainer, TrainerSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.preprocess import Prepared
    from monae_app.engine.training.alignment_null import AlignmentEvidence
    from monae_app.engine.training.batches import StepSampler
    from monae_app.engine.training.groundwork import Groundwork

Event = dict[str, Any]

# each vector is only in the batches that draw its feature, and has far to go from a start near zero
VECTORS_OF_FEATURES = ("graph.vertices", "graph.private_mean", "graph.private_raw_sd")
TIMES_FASTER = 4.0


def run(
    config: RunConfig,
    out: Path,
    *,
    on_event: Callable[[Event], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
    resume: bool = False,
) -> Result:
    """Go the whole way from the files that ``config`` names to a run folder.

    Parameters
    ----------
    config
        What to read and how to train.
    out
        The run folder; made if it is not there.
    on_event
        Told what happens, as a dict with ``stage`` and ``message`` or, in training, ``step`` and every loss term.
    should_stop
        Asked between stages and steps.
    resume
        Go on from the checkpoint in ``out``.

    Returns
    -------
    Result
        Also written to ``out``.

    Raises
    ------
    InputError
        If what came in cannot be used.
    TrainingError
        If the loss diverges.
    Stopped
        If asked to stop; a checkpoint is left once training has begun.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_config(out, config)
    if not resume:
        for name in (CHECKPOINT, WEIGHTS, CELLS, FEATURES, REPORT):
            (out / name).unlink(missing_ok=True)
    with threadpoolctl.threadpool_limits(thread_count()):
        torch.set_num_threads(thread_count())
        on_event({"stage": "read", "message": announcements.files(config)})
        began = time.perf_counter()
        dataset = read_dataset(config)
        located = locate_features(dataset, config)
        read_seconds = time.perf_counter() - began
        _heed(should_stop)
        on_event({"stage": "preprocess", "message": announcements.sizes(dataset)})
        graph = link(dataset, located, config)
        estimator = Monae(config, on_event=on_event, should_stop=should_stop, checkpoint=out / CHECKPOINT)
        result = estimator.fit(dataset, graph, located=located)
        result.report["timings"] = {"read": round(read_seconds, 2), **result.report["timings"]}
        on_event({"stage": "save", "message": "Writing the result"})
        estimator.save(out)
        (out / CHECKPOINT).unlink(missing_ok=True)
    return Result(config, result.cells, result.features, result.report, out)


class Monae(Fitted):
    """The estimator: fit a dataset and its guidance graph, get a Result; then embed new cells and impute.

    Parameters
    ----------
    config
        Of the run; the inputs named there are not read here.
    on_event, should_stop
        As in :func:`run`.
    checkpoint
        Where training saves its state and resumes from, if anywhere.

    Attributes
    ----------
    network
        The trained network, after ``fit``; after ``load`` what embedding needs of it.
    """

    embedder: CellEmbedder | None = None

    def __init__(
        self,
        config: RunConfig,
        *,
        on_event: Callable[[Event], None] = lambda _: None,
        should_stop: Callable[[], bool] = lambda: False,
        checkpoint: Path | None = None,
    ) -> None:
        self.config = config
        self.on_event = on_event
        self.should_stop = should_stop
        self.checkpoint = checkpoint
        self.network: torch.nn.Module = torch.nn.Identity()

    def fit(self, dataset: Dataset, graph: GuidanceGraph, *, located: dict[str, pd.DataFrame] | None = None) -> Result:
        """Train on a dataset whose modelled features are the vertices of the graph.

        Parameters
        ----------
        dataset
            As read.
        graph
            From :func:`~monae_app.engine.data.linking.link`.
        located
            Coordinates of all features; found anew if not given.

        Raises
        ------
        TrainingError
            If the loss diverges.
        Stopped
            If asked to stop.
        """
        config, watch = self.config, reporting.Stopwatch()
        device = choose_device(config.device)
        parts = split(dataset, config.held_out, config.seed)
        # up to the end of the training, no cell that is held out exists
        whole, dataset = dataset, parts.training
        located = locate_features(dataset, config) if located is None else located
        modelled = modelled_features(dataset, graph)
        with watch.stage("preprocess"):
            prepared = {name: prepare(each, modelled[name], config) for name, each in dataset.modalities.items()}
        _heed(self.should_stop)
        evidence, ground = self._align(dataset, prepared, graph, watch)
        network = build_network(dataset, ground.prepared, ground.graph, ground.correspondence, config, device)
        sampler = step_sampler(dataset, ground, config, device)
        summary = describe(whole, located, config, graph)
        self.on_event({"stage": "train", "message": announcements.plan(summary, config)})
        with watch.stage("train"):
            steps = self._train(network, sampler, whole, device)
        self.network = network
        with watch.stage("analyse"):
            seen = embed_cells(network, sampler.cells, device)
            self.embedder = CellEmbedder.of(network.encoders, ground.prepared, len(dataset.batch_names))  # type: ignore[arg-type]
            unseen = {name: self.embedder.embed(name, *parts.unseen(name, rows)) for name, rows in modelled.items()}
            latent = {name: parts.join(name, seen[name], unseen[name]) for name in seen}
            self.on_event({"stage": "analyse", "message": "Describing every feature"})
            decoded = decode_all(network.cpu(), dataset, modelled, seen, config)
            confidence = trust.confidences(parts, decoded, self.embedder, seed=config.seed)
            trained = Trained(
                whole, graph, located, modelled, latent, decoded, parts.held_out, confidence, cluster_centres(network)
            )
            self.on_event({"stage": "analyse", "message": f"Drawing the map of {trained.n_cells:,} cells"})
            cells, features = cells_of(trained, config), features_of(trained, config)
        with watch.stage("consistency"):
            alignment = Alignment.of(evidence, trained, config.latent_shared, config.seed)
        about = {
            "device": str(device),
            "steps": steps,
            "anchors": ground.n_anchors,
            "dataset": summary,
            "confidence": trust.summary(parts, confidence),
            **alignment.record(),
        }
        notes = (*whole.notes, *alignment.warnings)
        self.on_event({"stage": "analyse", "message": "Scoring the integration"})
        with watch.stage("score"):
            result = Result(config, cells, features, reporting.make_report(config, cells, about, notes))
        result.report["timings"] = watch.seconds
        result.report.update(reporting.resources(device))
        self.result = result
        return result

    def save(self, folder: Path) -> None:
        """Write the run, so that :meth:`load` can go on from it."""
        result = self.result_of()
        folder.mkdir(parents=True, exist_ok=True)
        if self.embedder is not None:
            self.embedder.save(self.network, folder / WEIGHTS)
        result.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Monae:
        """Open a finished run to embed and impute, in any process, without its training data.

        Raises
        ------
        InputError
            If the folder is no finished run, or one whose weights do not suffice.
        """
        result = Result.load(folder)
        estimator = cls(result.config)
        estimator.result, estimator.embedder = result, CellEmbedder.load(folder / WEIGHTS, result.config)
        estimator.network = estimator.embedder.network()
        return estimator

    def _align(
        self, dataset: Dataset, prepared: dict[str, Prepared], graph: GuidanceGraph, watch: reporting.Stopwatch
    ) -> tuple[AlignmentEvidence | None, Groundwork]:
        with watch.stage("alignment"):
            evidence = alignment_evidence(prepared, graph, self.config)
        if evidence is not None and evidence.warning:
            self.on_event({"stage": "anchors", "message": evidence.warning})
        with watch.stage("anchors"):
            ground = lay_groundwork(dataset, prepared, graph, self.config)
        self.on_event({"stage": "anchors", "message": announcements.links(graph, ground.n_anchors)})
        _heed(self.should_stop)
        return evidence, ground

    def _train(self, network: torch.nn.Module, sampler: StepSampler, dataset: Dataset, device: torch.device) -> int:
        config = self.config
        largest = max(modality.n_cells for modality in dataset.modalities.values())
        steps = step_budget(config, largest)
        per_step = sum(min(config.batch_size, modality.n_cells) for modality in dataset.modalities.values())
        settings = TrainerSettings(
            steps,
            config.learning_rate,
            config.seed,
            config.patience,
            not_monitored=("discriminator",),
            faster=VECTORS_OF_FEATURES,
            times_faster=TIMES_FASTER,
        )

        def tell(event: Event) -> None:
            rate = {"cells_per_s": round(event.pop("steps_per_s") * per_step, 1), "device": str(device)}
            self.on_event({"stage": "train", **event, **rate})

        trainer = Trainer(
            network,
            lambda step, progress: network.losses(sampler.draw(step, progress)),  # type: ignore[operator]
            settings,
            self.checkpoint,
            on_step=tell,
            should_stop=self.should_stop,
        )
        return trainer.run()


def _heed(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise Stopped(0)
