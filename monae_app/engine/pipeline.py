"""The table of contents: read, preprocess, link, train, analyse, save.

    from monae_app.engine.pipeline import Monae, run

``run`` is the whole way from files to a run folder; ``Monae`` is the estimator for those who hold their data already.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import threadpoolctl
import torch

from monae_app.engine.after_training import ask
from monae_app.engine.analysis import confidence as trust
from monae_app.engine.analysis import report as reporting
from monae_app.engine.analysis.alignment import Alignment
from monae_app.engine.analysis.fitted import Fitted
from monae_app.engine.analysis.outcome import cells_of, features_of, imputing_result
from monae_app.engine.data import announcements
from monae_app.engine.data.batch_confounding import confounded_batches
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.held_out import split
from monae_app.engine.data.identity import identity
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.motifs.of_run import hits_of_run
from monae_app.engine.data.on_disk import mapped_in
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.data.summary import describe
from monae_app.engine.folder import in_words
from monae_app.engine.kept_stages import building_on, forget, keeping_in, kept
from monae_app.engine.memory_taken import watching_memory
from monae_app.engine.result import CHECKPOINT, RESULTS, WEIGHTS, Result, make_ready, write_config
from monae_app.engine.telling import Telling
from monae_app.engine.training.device import choose_device
from monae_app.engine.training.foundation import lay_foundation
from monae_app.engine.training.inference import CellEmbedder
from monae_app.engine.training.learned import digest_of
from monae_app.engine.training.link_inference import inference_record, with_inferred_links
from monae_app.engine.training.session import Session
from monae_app.engine.training.threads import thread_count

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.motifs.hits import MotifHits
    from monae_app.engine.telling import Event


def run(
    config: RunConfig,
    out: Path,
    *,
    on_event: Callable[[Event], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
    resume: bool = False,
    prepared_in: Path | None = None,
) -> Result:
    """Go the whole way from the files that ``config`` names to a run folder.

    Parameters
    ----------
    config
        What to read and how to train.
    out
        The run folder; made if it is not there.
    on_event
        Told what happens, as a dict with ``stage`` and ``message``, and ``done`` and ``total`` where parts are counted;
        in training ``step`` and every loss term. What the user should know beyond that stands under ``warning``.
    should_stop
        Asked between steps of training and of all other stages.
    resume
        Go on from the checkpoint in ``out`` and from the stages that were kept there: to the end of a budget that may
        be larger than the one it was begun with (the learning rate follows the share of the present budget). Nothing
        that was finished is done again. However often a run was stopped or killed, on a CPU its result is the one of
        an uninterrupted run.
    prepared_in
        The folder of a run that another process computes: what is kept there is taken, and nothing written there.

    Returns
    -------
    Result
        Also written to ``out``, beside the checkpoint, from which the run can be extended. The report comes last: a
        folder with a report is a finished run.

    Raises
    ------
    InputError
        If what came in cannot be used, or the checkpoint is of other data.
    StorageError
        If the result cannot be written; the checkpoint is kept.
    TrainingError
        If the loss diverges.
    Stopped
        If asked to stop; a checkpoint is left once training has begun.
    """
    tell = Telling("read", on_event, should_stop)
    make_ready(out, resume=resume)
    with in_words(out):
        write_config(out, config)
    with threadpoolctl.threadpool_limits(thread_count()), mapped_in(out, prepared_in), watching_memory():
        torch.set_num_threads(thread_count())
        tell(announcements.files(config))
        began = time.perf_counter()
        dataset = read_dataset(config, tell)
        tell("Finding the places of the features in the genome")
        located = locate_features(dataset, config)
        read_seconds = time.perf_counter() - began
        tell = tell.at("preprocess")
        tell(announcements.sizes(dataset))
        with keeping_in(prepared_in or out, identity(config, dataset), tell, others=prepared_in is not None):
            graph = link(dataset, located, config, tell)
            hits = hits_of_run(config, located, out, tell)
            estimator = Monae(config, on_event=on_event, should_stop=should_stop, checkpoint=out / CHECKPOINT)
            result = estimator.fit(dataset, graph, located=located, motifs=hits)
            result.report["timings"] = {"read": round(read_seconds, 2), **result.report["timings"]}
            estimator.save(out)
        forget(out)
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
        Where training saves its state and goes on from, if anywhere.

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
        self._tell = Telling(on_event=on_event, should_stop=should_stop)
        self.checkpoint = checkpoint
        self.network: torch.nn.Module = torch.nn.Identity()

    def fit(
        self,
        dataset: Dataset,
        graph: GuidanceGraph,
        *,
        located: dict[str, pd.DataFrame] | None = None,
        motifs: MotifHits | None = None,
        for_imputation: bool = False,
    ) -> Result:
        """Train on a dataset whose modelled features are the vertices of the graph.

        Parameters
        ----------
        dataset
            As read.
        graph
            From :func:`~monae_app.engine.data.linking.link`.
        located
            Coordinates of all features; found anew if not given.
        motifs
            In the peaks: vertices of the graph of Monae-E; Monae reads none.
        for_imputation
            Leave out what imputation does not read: map, clusters, refined graph, evidence, scores.

        Raises
        ------
        TrainingError
            If the loss diverges.
        Stopped
            If asked to stop.
        Followed
            Where several processes train together, in all but the first.
        """
        config, watch, tell = self.config, reporting.Stopwatch(), self._tell
        device = choose_device(config.device)
        parts = split(dataset, config.held_out, config.seed)
        # up to the end of the training, no cell that is held out exists
        training = parts.training
        located = locate_features(dataset, config) if located is None else located
        modelled = modelled_features(training, graph)
        with watch.stage("preprocess"):
            prepared = {
                name: prepare(each, modelled[name], config, tell.at("preprocess"))
                for name, each in training.modalities.items()
            }
        read = {name: each.representation for name, each in prepared.items()}
        confounded = confounded_batches(training, read, seed=config.seed, tell=tell.at("preprocess"))
        with watch.stage("inferred_links"):
            graph, inferred = with_inferred_links(training, prepared, graph, config, tell.at("link"))
        evidence, ground = lay_foundation(training, prepared, graph, motifs, config, timed=watch.stage, tell=tell)
        summary = kept("summary", partial(describe, dataset, located, config, graph))
        tell = tell.at("train")
        largest = max(modality.n_cells for modality in dataset.modalities.values())
        session = Session(training, ground, config, device, largest, self.checkpoint)
        tell(session.plan(summary))
        with watch.stage("train"):
            learned = session.train(tell)
        self.network = learned.network
        self._tell = tell = tell.at("analyse", step=learned.steps if self.checkpoint else 0)
        with building_on(lambda: f"{digest_of(learned.network)} {device}", tell):
            with watch.stage("analyse"):
                self.embedder, trained = ask(parts, graph, located, ground, learned, config, tell)
                if for_imputation:
                    self.result = imputing_result(trained, config, {"dataset": summary, "steps": learned.steps}, tell)
                    return self.result
                (cells, counterparts), features = cells_of(trained, config, tell), features_of(trained, config, tell)
            with watch.stage("consistency"):
                alignment = Alignment.of(evidence, trained, config.latent_shared, config.seed, tell)
            about = {
                "model": config.model,
                **learned.record(device),
                **ground.record(),
                "dataset": summary,
                "batches": reporting.batches_of_run(dataset.batches, dataset.reference),
                "confounding": [each.record() for each in confounded],
                "confidence": trust.summary(parts, trained.confidence),
                **alignment.record(),
                **inference_record(inferred, graph),
                **({} if counterparts is None else {"counterparts": counterparts.record()}),
            }
            said = (*(each.sentence for each in confounded), *(each.verdict for each in inferred))
            notes = (*dataset.notes, *said, *learned.warnings, *alignment.warnings)
            with watch.stage("score"):
                report = reporting.make_report(config, cells, about, notes, tell)
            self.result = Result(config, cells, features, report)
            report["timings"] = watch.seconds
            report.update(reporting.resources(device))
            return self.result

    def save(self, folder: Path) -> None:
        """Write the run, so that :meth:`load` can go on from it.

        Raises
        ------
        StorageError
            If it cannot be written.
        """
        result, tell = self.result_of(), self._tell.at("save")
        with in_words(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if self.embedder is not None:
                tell(f"Writing {WEIGHTS}", 0, len(RESULTS))
                self.embedder.save(self.network, folder / WEIGHTS)
        result.save(folder, tell)

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
