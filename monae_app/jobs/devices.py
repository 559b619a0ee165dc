"""What this machine has to compute with, asked without torch: NVIDIA GPUs by their driver, Apple's GPU, the CPU.

The web process must not touch CUDA; the driver's own library (NVML) answers in milliseconds.
"""

from __future__ import annotations

import contextlib
import math
import os
import platform
import sys
import threading
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from monae_app.engine.errors import InputError
from monae_app.jobs.isolation import CGROUP_LIMIT, available_memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CPU, CUDA, MPS = "cpu", "cuda", "mps"
FRESH_SECONDS = 2.0
VISIBLE, SEEN_BY_SERVER, ALL = "CUDA_VISIBLE_DEVICES", "MONAE_SERVER_DEVICES", "all"
CGROUP_CPU = Path("/sys/fs/cgroup/cpu.max")
NAMES = {CUDA: "NVIDIA GPU", MPS: "Apple GPU", CPU: "CPU"}


@dataclass(frozen=True)
class Device:
    """One device, on which one training runs at a time.

    Parameters
    ----------
    lane
        As torch calls it: ``cpu``, ``cuda:0``, ``mps``.
    kind
        ``cpu``, ``cuda`` or ``mps``.
    title
        For people.
    memory_free, memory_total
        In bytes; 0 where the driver does not say. An Apple GPU and the CPU share the memory of the machine.
    uuid
        Of a GPU, whatever its number; None for others.
    """

    lane: str
    kind: str
    title: str
    memory_free: int
    memory_total: int
    uuid: str | None = None


class _Kept:
    """What was found last, for a moment: forms and polls ask often."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.until = -math.inf
        self.found: tuple[Device, ...] = ()


_KEPT = _Kept()


def devices() -> tuple[Device, ...]:
    """Return the devices of this machine, GPUs first; what was found stays for two seconds."""
    with _KEPT.lock:
        if time.monotonic() >= _KEPT.until:
            _KEPT.found = find_devices()
            _KEPT.until = time.monotonic() + FRESH_SECONDS
        return _KEPT.found


def find_devices(nvml: Any = None) -> tuple[Device, ...]:
    """Look for the devices of this machine now.

    Parameters
    ----------
    nvml
        What offers the functions of ``pynvml``; that module if left out.
    """
    return (*_nvidia_gpus(nvml), *_apple_gpus(), _cpu())


def lanes_for(setting: str, found: tuple[Device, ...] | None = None) -> tuple[str, ...]:
    """Return the lanes on which a run may compute; none if the machine has no such device.

    Parameters
    ----------
    setting
        As a run's setting ``device`` says: ``auto`` takes NVIDIA GPUs where there are some, else the CPU.
    found
        Devices to choose from; those of this machine if left out.
    """
    found = devices() if found is None else found
    kinds = {device.kind for device in found}
    wanted = setting if setting != "auto" else CUDA if CUDA in kinds else CPU
    return tuple(device.lane for device in found if wanted in (device.kind, device.lane))


def environment(lanes: Sequence[str]) -> dict[str, str]:
    """Return what lets a process see its own lanes alone, beside what its environment holds already.

    A worker starts who is next in line, on any lane: it is told what the server sees, too.
    """
    gpus = {device.lane: device for device in devices() if device.kind == CUDA}
    mine = [gpus[lane].uuid or lane.partition(":")[2] for lane in lanes if lane in gpus]
    if not mine:
        return {}
    return {VISIBLE: ",".join(mine), SEEN_BY_SERVER: os.environ.get(SEEN_BY_SERVER, os.environ.get(VISIBLE, ALL))}


def check_device(setting: str, found: tuple[Device, ...] | None = None) -> None:
    """Refuse a setting that this machine has no device for.

    Raises
    ------
    InputError
        In words.
    """
    found = devices() if found is None else found
    if not lanes_for(setting, found):
        here = ", ".join(device.title for device in found)
        raise InputError(
            f"This machine has no {NAMES.get(setting, f'device {setting!r}')}.",
            f"one of: {here}.",
            "choose 'auto', or look whether the driver of the GPU is installed and works.",
        )


def cores() -> int:
    """Return how many cores this process may use: its affinity, and the quota of its container."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        allowed = psutil.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
        # "max 100000" without a bound, which is no number
        quota, period = CGROUP_CPU.read_text().split()
        allowed = min(allowed, math.ceil(int(quota) / int(period)))
    return max(1, allowed)


def _cpu() -> Device:
    number = cores()
    title = f"CPU, {number} core{'s' if number > 1 else ''}"
    return Device(CPU, CPU, title, max(0, available_memory()), _memory())


def _memory() -> int:
    total = int(psutil.virtual_memory().total)
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(CGROUP_LIMIT.read_text()))
    return total


def _apple_gpus() -> tuple[Device, ...]:
    if sys.platform != "darwin" or platform.machine() != "arm64":
        return ()
    return (Device(MPS, MPS, "Apple GPU", max(0, available_memory()), _memory()),)


def _nvidia_gpus(nvml: Any = None) -> tuple[Device, ...]:
    try:
        nvml = nvml or import_module("pynvml")
        nvml.nvmlInit()
    except Exception:  # noqa: BLE001 - no driver, a broken one, no library: then there is no such GPU
        return ()
    try:
        return tuple(_told(nvml, number, handle) for number, handle in enumerate(_visible(nvml)))
    except Exception:  # noqa: BLE001 - a driver may break while it is asked
        return ()
    finally:
        with contextlib.suppress(Exception):
            nvml.nvmlShutdown()


def _visible(nvml: Any) -> Iterator[Any]:
    """Yield handles of the GPUs that torch would see, in its order."""
    said = os.environ.get(SEEN_BY_SERVER, os.environ.get(VISIBLE, ALL))
    handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
    if said == ALL:
        yield from handles
        return
    uuids = [_text(nvml.nvmlDeviceGetUUID(handle)) for handle in handles]
    for name in filter(None, map(str.strip, said.split(","))):
        meant = [handle for handle, uuid in zip(handles, uuids, strict=True) if uuid.startswith(name)]
        if name.isdigit():
            meant = handles[int(name) : int(name) + 1]
        # CUDA sees nothing behind the first name that stands for no device.
        if not meant:
            return
        yield meant[0]


def _told(nvml: Any, number: int, handle: Any) -> Device:
    free = total = 0
    # A GPU that is split into instances (MIG) does not say.
    with contextlib.suppress(nvml.NVMLError):
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        free, total = int(memory.free), int(memory.total)
    name, uuid = _text(nvml.nvmlDeviceGetName(handle)), _text(nvml.nvmlDeviceGetUUID(handle))
    return Device(f"{CUDA}:{number}", CUDA, name, free, total, uuid)


def _text(said: str | bytes) -> str:
    # older drivers' libraries answer in bytes
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
