"""The Celery task that calls a worker to the line."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError
from monae_app.jobs.cluster.application import TRAIN

if TYPE_CHECKING:
    from celery import Celery

    from monae_app.jobs.cluster.keeper import Keeper
    from monae_app.jobs.cluster.launcher import ClusterLauncher

logger = logging.getLogger(__name__)


def offer_training(application: Celery, keeper: Keeper, launcher: ClusterLauncher) -> None:
    """Let a worker's application compute trainings.

    Parameters
    ----------
    application
        Of the worker.
    keeper
        Looks after its device.
    launcher
        Calls who is next when a run has ended.
    """

    @application.task(name=TRAIN, acks_late=True, reject_on_worker_lost=True, ignore_result=True)  # type: ignore[untyped-decorator]
    def train() -> None:
        try:
            if keeper.work():
                launcher.tick()
        except (InputError, OSError) as error:
            # Whoever waits is called again.
            logger.warning("%s", error)
