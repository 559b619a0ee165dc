"""What a training will take, before it starts: time, memory and its turn on the device that would compute it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monae_app.engine.data.duration import expected_seconds
from monae_app.engine.data.footprint import expected_device_memory, expected_memory
from monae_app.jobs import devices
from monae_app.jobs.devices import Device
from monae_app.web.components import words

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.web.datasets import Source
    from monae_app.web.services import Services


@dataclass(frozen=True)
class Forecast:
    """What one more training can expect.

    Parameters
    ----------
    seconds
        How long it takes; on one core of a common server where its device was never measured.
    measured
        Whether runs of this store have been timed on the device.
    device
        On which it would compute.
    memory
        Bytes of the machine's memory that its process needs.
    memory_free
        Bytes of it that are free now; 0 if unknown.
    device_memory
        Bytes of a GPU's own memory that it needs; 0 where it computes elsewhere.
    ahead
        How many wait or compute before it.
    starts_in_s
        Seconds until its turn; None if unknown.
    """

    seconds: float
    measured: bool
    device: Device
    memory: int
    memory_free: int
    device_memory: int
    ahead: int
    starts_in_s: float | None

    @property
    def shortage(self) -> str:
        """Where the memory that is free now will not suffice, with the bytes needed and free; empty if it will."""
        if self.memory_free and self.memory > self.memory_free:
            return _short(self.memory, self.memory_free, "this machine")
        if self.device.memory_free and self.device_memory > self.device.memory_free:
            return _short(self.device_memory, self.device.memory_free, "the GPU")
        return ""


def forecast(services: Services, source: Source, config: RunConfig) -> Forecast:
    """Estimate what a training takes here.

    Raises
    ------
    InputError
        If the data cannot be read, or the machine has no such device.
    """
    summary = services.summary(source)
    prospect = services.launcher.prospect(config.device, config.processes)
    here = {each.lane: each for each in devices.devices()}
    lane = next(iter(services.launcher.lanes_of(config.device)), config.device)
    # In a cluster a lane is named with its machine, and nothing is known of its memory here.
    name = lane.rpartition("/")[2]
    kind = name.partition(":")[0]
    device = here.get(lane) or Device(name, kind, f"{devices.NAMES.get(kind, name)} ({lane})", 0, 0)
    factor = services.experience.factor(name)
    free = here[devices.CPU].memory_free if lane in here and devices.CPU in here else 0
    return Forecast(
        seconds=expected_seconds(summary, config) * (factor or 1.0),
        measured=factor is not None,
        device=device,
        memory=expected_memory(summary, config),
        memory_free=free,
        device_memory=expected_device_memory(summary, config) if device.kind == devices.CUDA else 0,
        ahead=prospect.position - 1,
        starts_in_s=prospect.starts_in_s,
    )


def times_expected(services: Services, device: str) -> float:
    """Return what runs on a device really take, over what their sizes let expect; 1 if nobody knows.

    Raises
    ------
    InputError
        If there is no such device.
    """
    lane = next(iter(services.launcher.lanes_of(device)), device)
    return services.experience.factor(lane.rpartition("/")[2]) or 1.0


def _short(needed: int, free: int, where: str) -> str:
    return f"The training needs about {words.size(needed)} of the memory of {where}, and {words.size(free)} are free."
