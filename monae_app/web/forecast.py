"""What a training will take, before it starts: time, memory and its turn on the device that would compute it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monae_app.engine.data.duration import expected_seconds
from monae_app.jobs import devices

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.jobs.devices import Device
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
        Bytes that its process needs; None where that cannot be told.
    ahead
        How many wait or compute before it.
    starts_in_s
        Seconds until its turn; None if unknown.
    """

    seconds: float
    measured: bool
    device: Device
    memory: float | None
    ahead: int
    starts_in_s: float | None

    @property
    def fits(self) -> bool:
        """Whether the memory that is free now suffices, as far as is known."""
        free = self.device.memory_free
        return self.memory is None or not free or self.device.kind == devices.CUDA or self.memory <= free


def forecast(services: Services, source: Source, config: RunConfig) -> Forecast:
    """Estimate what a training takes here.

    Raises
    ------
    InputError
        If the data cannot be read, or the machine has no such device.
    """
    summary = services.summary(source)
    devices.check_device(config.device)
    found = {device.lane: device for device in devices.devices()}
    lane = devices.lanes_for(config.device)[0]
    factor = services.experience.factor(lane)
    prospect = services.launcher.prospect(config.device)
    seconds = expected_seconds(summary, config) * (factor or 1.0)
    return Forecast(seconds, factor is not None, found[lane], None, prospect.position - 1, prospect.starts_in_s)
