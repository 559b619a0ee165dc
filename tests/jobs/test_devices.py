from __future__ import annotations

import os
from types import SimpleNamespace

import psutil
import pytest

from monae_app.engine.errors import InputError
from monae_app.jobs import devices as machine
from monae_app.jobs.devices import Device, check_device, devices, find_devices, lanes_for

GIB = 2**30


class Driver:
    """The functions of pynvml that are asked, over GPUs that are told."""

    class NVMLError(Exception):
        pass

    def __init__(self, count: int = 2, *, broken: str = "", text: type = str) -> None:
        self.count, self.broken, self.text, self.open = count, broken, text, 0

    def _called(self, name: str) -> None:
        if name == self.broken:
            raise self.NVMLError("Driver/library version mismatch")
        assert self.open or name == "nvmlInit"

    def nvmlInit(self) -> None:
        self._called("nvmlInit")
        self.open += 1

    def nvmlShutdown(self) -> None:
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:
        self._called("nvmlDeviceGetCount")
        return self.count

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        self._called("nvmlDeviceGetHandleByIndex")
        if not 0 <= index < self.count:
            raise self.NVMLError("Invalid Argument")
        return index

    def nvmlDeviceGetName(self, handle: int):
        self._called("nvmlDeviceGetName")
        return "NVIDIA H100" if self.text is str else b"NVIDIA H100"

    def nvmlDeviceGetUUID(self, handle: int):
        self._called("nvmlDeviceGetUUID")
        return f"GPU-{handle}abc" if self.text is str else f"GPU-{handle}abc".encode()

    def nvmlDeviceGetMemoryInfo(self, handle: int):
        self._called("nvmlDeviceGetMemoryInfo")
        return SimpleNamespace(total=80 * GIB, free=(70 - handle) * GIB, used=(10 + handle) * GIB)


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize("text", [str, bytes])
def test_gpus_as_the_driver_tells_them(text: type):
    driver = Driver(text=text)
    first, second, cpu = find_devices(driver)
    assert first == Device("cuda:0", "cuda", "NVIDIA H100", 70 * GIB, 80 * GIB, "GPU-0abc")
    assert (second.lane, second.memory_free) == ("cuda:1", 69 * GIB)
    assert (cpu.lane, cpu.kind, cpu.uuid) == ("cpu", "cpu", None)
    assert driver.open == 0


@pytest.mark.parametrize(
    "broken",
    ["nvmlInit", "nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetName", "nvmlDeviceGetUUID"],
)
def test_a_broken_driver_is_no_error(broken: str):
    driver = Driver(broken=broken)
    assert [device.lane for device in find_devices(driver)] == ["cpu"]
    assert driver.open == 0


def test_a_gpu_that_does_not_tell_its_memory_is_offered():
    assert find_devices(Driver(1, broken="nvmlDeviceGetMemoryInfo"))[0].memory_total == 0


@pytest.mark.parametrize(
    ("said", "expected"),
    [("1", ["GPU-1abc"]), ("1,0", ["GPU-1abc", "GPU-0abc"]), ("GPU-1", ["GPU-1abc"]), ("", []), ("-1", []),
     ("0,7,1", ["GPU-0abc"]), (" 0 , GPU-1abc", ["GPU-0abc", "GPU-1abc"])],
)  # fmt: skip
def test_what_was_hidden_from_cuda_is_not_offered(monkeypatch, said: str, expected: list[str]):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", said)
    found = [device for device in find_devices(Driver()) if device.kind == "cuda"]
    assert [device.uuid for device in found] == expected
    assert [device.lane for device in found] == [f"cuda:{number}" for number in range(len(found))]


def test_lanes_of_a_setting():
    with_gpus, without = find_devices(Driver()), find_devices(Driver(0))
    assert lanes_for("auto", with_gpus) == lanes_for("cuda", with_gpus) == ("cuda:0", "cuda:1")
    assert lanes_for("cpu", with_gpus) == lanes_for("auto", without) == ("cpu",)
    assert lanes_for("cuda:1", with_gpus) == ("cuda:1",)
    assert lanes_for("cuda", without) == lanes_for("mps", without) == ()
    check_device("auto", without)
    with pytest.raises(InputError, match="has no NVIDIA GPU"):
        check_device("cuda", without)


def test_an_apple_gpu(monkeypatch):
    monkeypatch.setattr(machine.sys, "platform", "darwin")
    monkeypatch.setattr(machine.platform, "machine", lambda: "arm64")
    found = find_devices(Driver(0))
    assert [device.lane for device in found] == ["mps", "cpu"]
    assert lanes_for("mps", found) == ("mps",)


def test_this_machine_as_it_is():
    found = devices()
    assert found[-1].lane == "cpu"
    assert 0 < found[-1].memory_free <= found[-1].memory_total <= psutil.virtual_memory().total
    assert 1 <= machine.cores() <= (os.cpu_count() or 1)
    # asked again at once, nothing is looked for
    assert devices() is found


@pytest.mark.parametrize(
    ("said", "expected"),
    [("max 100000\n", None), ("150000 100000\n", 2), ("1000 100000\n", 1), ("", None), ("0 0", None)],
)
def test_the_quota_of_a_container_bounds_the_cores(monkeypatch, tmp_path, said: str, expected: int | None):
    free = len(os.sched_getaffinity(0))
    monkeypatch.setattr(machine, "CGROUP_CPU", tmp_path / "cpu.max")
    (tmp_path / "cpu.max").write_text(said)
    assert machine.cores() == (free if expected is None else min(free, expected))
