"""``monae worker``: computes on one device of this machine what waits in the line of a store."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monae_app.engine.errors import InputError
from monae_app.jobs import devices, processes
from monae_app.jobs.cluster import URL_VARIABLE, redis_url

if TYPE_CHECKING:
    import argparse

    from monae_app.jobs.cluster.keeper import Keeper
    from monae_app.jobs.cluster.lanes import Lane
    from monae_app.jobs.cluster.launcher import ClusterLauncher

logger = logging.getLogger("monae_app.worker")

AGAIN_SECONDS = 1.0


def add_worker(commands: Any) -> None:
    """Declare the command and its flags."""
    about = "compute on a device of this machine what waits on a server, see MONAE_REDIS_URL"
    command = commands.add_parser("worker", help=about, description=f"{about[0].upper()}{about[1:]}.")
    command.add_argument("--store", type=Path, help="the server's store (default: .monae in the home folder)")
    command.add_argument(
        "--device", default="auto", help="cpu, cuda:0, cuda:1, ..., mps; one worker for each (default: the first GPU)"
    )
    command.add_argument(
        "--short", action="store_true", help="do the short work of pages (maps of groups, exports) instead of trainings"
    )
    command.add_argument("--check", action="store_true", help="only say whether such a worker of this machine is there")
    command.set_defaults(command=work)


def work(parsed: argparse.Namespace) -> int:
    """Work until told to end.

    Raises
    ------
    InputError
        If this machine, Redis or the store cannot be used, or somebody looks after the device already.
    """
    url = redis_url()
    if url is None:
        raise InputError(
            f"{URL_VARIABLE} is not set.", "the address of the server's Redis.", f"set {URL_VARIABLE}=redis://HOST."
        )
    from monae_app.jobs.cluster.broker import Broker
    from monae_app.jobs.cluster.launcher import ClusterLauncher

    store = (parsed.store or Path.home() / ".monae").resolve()
    broker = Broker(url, store)
    broker.store_id(make=False)
    launcher = ClusterLauncher(broker, store)
    lane = _lane(parsed.device, short=parsed.short)
    there = next((each for each in launcher.lanes.present() if each.key == lane.key), None)
    if parsed.check:
        return 0 if there else 1
    if there is not None:
        raise InputError(
            f"Process {there.pid} looks after {lane.key} already.",
            "one worker for each device.",
            "end that one first, or choose another device.",
        )
    return _serve(launcher, lane)


def _lane(device: str, *, short: bool) -> Lane:
    from monae_app.jobs.cluster.lanes import SHORT, Lane

    lanes = (SHORT,) if short else devices.lanes_for(device)
    if not lanes:
        raise InputError(
            f"This machine has no device {device!r}.", "cpu, cuda:0, mps, as this machine has them.", "choose another."
        )
    # Of several GPUs the first; the others need workers of their own.
    pid = os.getpid()
    return Lane(host=processes.host(), lane=lanes[0], pid=pid, process=processes.identity(pid))


def _serve(launcher: ClusterLauncher, lane: Lane) -> int:
    from celery.worker import state

    from monae_app.jobs.cluster.application import make_application, queue_name
    from monae_app.jobs.cluster.keeper import Keeper
    from monae_app.jobs.cluster.lanes import SHORT
    from monae_app.jobs.cluster.short import CONCURRENCY, offer_short
    from monae_app.jobs.cluster.tasks import offer_training

    ending = threading.Event()

    def leaving() -> bool:
        # Exit statuses once they are set, and 0 is one of them.
        told = (state.should_stop, state.should_terminate)
        return ending.is_set() or any(flag is not None and flag is not False for flag in told)

    application = make_application(launcher.broker)
    keeper = Keeper(launcher, lane, leaving)
    pool = ["--pool=solo", "--concurrency=1"]
    if lane.kind == SHORT:
        offer_short(application, launcher.broker, launcher.store, leaving)
        # Each thread waits for a process.
        pool = ["--pool=threads", f"--concurrency={CONCURRENCY}"]
    else:
        offer_training(application, keeper, launcher)
    beat = threading.Thread(target=_beat, args=(launcher, keeper, lane, ending), daemon=True, name="beat")
    beat.start()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    try:
        _stay_with_what_computes(launcher, keeper, lane, ending)
        if ending.is_set():
            return 0
        arguments = ["worker", f"--hostname={lane.lane.replace(':', '-')}@{lane.host}", "--loglevel=INFO"]
        arguments += ["--queues", queue_name(launcher.broker, lane.kind), "--without-gossip", "--without-mingle"]
        return int(application.worker_main([*arguments, *pool]) or 0)
    finally:
        ending.set()
        beat.join()
        launcher.close()


def _stay_with_what_computes(launcher: ClusterLauncher, keeper: Keeper, lane: Lane, ending: threading.Event) -> None:
    """See to the training that a worker before this one may have left here; Redis may be away for a while."""
    while not ending.is_set():
        try:
            if lane.key in launcher.queue.look().claims:
                keeper.work()
        except (InputError, OSError) as error:
            logger.warning("%s", error)
            ending.wait(AGAIN_SECONDS)
        else:
            return


def _beat(launcher: ClusterLauncher, keeper: Keeper, lane: Lane, ending: threading.Event) -> None:
    """Say again and again that the lane is there, and move the line on: no server need run for that."""
    from monae_app.jobs.cluster.lanes import SAY_SECONDS

    while not ending.is_set():
        try:
            keeper.announce()
            launcher.tick()
        except (InputError, OSError) as error:
            logger.warning("%s", error)
        ending.wait(SAY_SECONDS)
    try:
        launcher.lanes.withdraw(lane)
    except InputError as error:
        logger.warning("%s", error)
