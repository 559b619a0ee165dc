"""Launches trainings on whatever machine has a free device: keeps the line, and calls workers when somebody waits."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kombu.exceptions import OperationalError

from monae_app.engine.errors import InputError
from monae_app.jobs.cluster.application import TRAIN, make_application, queue_name
from monae_app.jobs.cluster.broker import Broker
from monae_app.jobs.cluster.lanes import SHORT, Lane, Lanes
from monae_app.jobs.cluster.line import RedisLine
from monae_app.jobs.dispatcher import Dispatcher
from monae_app.jobs.lane_choice import lanes_needed
from monae_app.jobs.queue import Claim, Line, Ticket

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.jobs.progress import JobFolder, Status
    from monae_app.jobs.run_limits import RunLimits

CPU, CUDA = "cpu", "cuda"


class ClusterLauncher(Dispatcher):
    """Trainings of one store on many machines.

    A lane is a device of a machine, ``<machine>/<device>``. Which run goes first stands in the line alone: a message
    only calls a worker to it, so that one that comes twice, late or in the wrong order does nothing wrong. None holds
    more than its name.

    Parameters
    ----------
    broker
        Where line and messages are.
    store
        Root of everything that the app keeps, as it is mounted here.
    limits
        How many runs may wait.
    """

    def __init__(self, broker: Broker, store: Path, limits: RunLimits | None = None) -> None:
        self._line = RedisLine(broker)
        super().__init__(store, self._line, limits)
        self.broker, self.lanes = broker, Lanes(broker)
        self._application = make_application(broker)

    def lanes_of(self, device: str) -> tuple[str, ...]:
        """Return the lanes that are there and may compute what a setting ``device`` asks for; ``auto`` likes GPUs."""
        present = self._devices()
        wanted = device
        if device == "auto":
            wanted = CUDA if any(lane.kind == CUDA for lane in present) else CPU
        return tuple(lane.key for lane in present if wanted in (lane.kind, lane.lane))

    def submit(self, user: str, run: JobFolder, *, resume: bool = False, expected_s: float | None = None) -> None:
        """Put a run at the end of the line and return at once."""
        if self._line.was_forgotten():
            # Those that waited before go first.
            self.recover()
        super().submit(user, run, resume=resume, expected_s=expected_s)

    def tick(self) -> None:
        """Take note of workers that are gone and call those that are free to who is next."""
        # An empty folder where the store should be mounted must not look like runs that are all gone.
        self.broker.store_id(make=False)
        if self._line.was_forgotten():
            self.recover()
        else:
            super().tick()

    def recover(self) -> None:
        """Bring line and run folders into agreement, and call who is next."""
        self.broker.store_id()
        self.reconcile()
        self._line.remember()
        self.tick()

    def close(self) -> None:
        """Stop ticking; workers go on."""
        super().close()
        self._application.close()

    def _check_device(self, device: str, processes: int) -> None:
        present = self._devices()
        if lanes_needed(self.lanes_of(device), processes) > 1:
            raise InputError(
                f"processes = {processes}, and a server of several machines gives each training one GPU.",
                "one process on a GPU, or several on the CPU of one machine.",
                "set processes to 1, or start the training by hand with torchrun, which may use GPUs of many machines.",
            )
        # Where no worker is there at all they are being started anew, and a run may wait for them.
        if present and not self.lanes_of(device):
            what = "" if device == "auto" else f" {device}"
            raise InputError(
                f"No worker with a{what} device is there now.",
                f"one of: {', '.join(sorted({lane.kind for lane in present}))}.",
                "choose another device, or start a worker for it with `monae worker --device`.",
            )

    def _devices(self) -> tuple[Lane, ...]:
        return tuple(lane for lane in self.lanes.present() if lane.kind != SHORT)

    def _start_waiting(self, line: Line) -> None:
        line.waiting = [ticket for ticket in line.waiting if self.waits(ticket)]
        free = {lane.key: lane.kind for lane in self.lanes.present() if lane.key not in line.claims}
        wanted: Counter[str] = Counter()
        for ticket in line.waiting:
            lane = next((each for each in self.lanes_of(ticket.device) if each in free), None)
            if lane is not None:
                wanted[free.pop(lane)] += 1
        for kind, number in wanted.items():
            self._call(kind, number)

    def _call(self, kind: str, number: int) -> None:
        queue = queue_name(self.broker, kind)
        under_way = int(self.broker.client.llen(queue))
        try:
            for _ in range(number - under_way):
                self._application.send_task(TRAIN, queue=queue, retry=False)
        except (OperationalError, OSError) as error:
            raise self.broker.unreachable(error) from error

    def _ended(self, claim: Claim) -> bool:
        # Who looks after a process settles what becomes of it.
        keeper = next((each for each in self.lanes.present() if each.key == claim.lane), None)
        if keeper is not None and keeper.computing == claim.pid:
            return False
        return super()._ended(claim)

    def _recover_active(self, line: Line, user: str, run: JobFolder, status: Status) -> None:
        now = run.read_status()
        lane = f"{now.host}/{now.lane}"
        if not now.active or now.pid is None or now.host is None or lane in line.claims:
            super()._recover_active(line, user, run, status)
            return
        # It computes somewhere, and its lane is not free.
        ticket = Ticket(
            number=line.next_number, user=user, run=run.path.name, kind=run.kind, expected_s=now.expected_s
        )  # fmt: skip
        line.next_number += 1
        line.claims[lane] = Claim(ticket=ticket, lane=lane, pid=now.pid, process=now.process, host=now.host)


def make_cluster_launcher(url: str, store: Path, limits: RunLimits | None = None) -> ClusterLauncher:
    """Return the launcher of a store whose trainings are computed on several machines."""
    return ClusterLauncher(Broker(url, store), store, limits)
