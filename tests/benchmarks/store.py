"""One JSON file a result, so that a bench that was broken off goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tests.benchmarks.datasets import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.benchmarks.datasets import Data

OUR_PACKAGES = (
    "monae-app",
    "torch",
    "torch-geometric",
    "numpy",
    "scipy",
    "scikit-learn",
    "anndata",
    "scanpy",
    "igraph",
)
RECORDED = ROOT / "tests" / "benchmarks" / "recorded"
Record = dict[str, Any]


def path_of(work: Path, data: str, seed: int, method: str) -> Path:
    """Where a result is kept."""
    return work / "results" / data / str(seed) / f"{method}.json"


def write(work: Path, data: Data, method: str, content: Record) -> Record:
    """Keep a result with its date and the versions of what was used."""
    record = {
        "data": data.name,
        "seed": data.seed,
        "method": method,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine(),
        **content,
    }
    path = path_of(work, data.name, data.seed, method)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)
    return record


def read(path: Path) -> Record:
    """One result."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def read_all(work: Path) -> list[Record]:
    """Every result in a work folder, and those recorded with the sources that it lacks."""
    found = {}
    for path in [*_files(RECORDED), *_files(work / "results")]:
        record = read(path)
        found[record["data"], record["seed"], record["method"]] = record
    return [found[key] for key in sorted(found)]


def _files(folder: Path) -> Iterable[Path]:
    return sorted(folder.glob("**/*.json")) if folder.is_dir() else []


def our_versions() -> dict[str, str]:
    """Versions of what Monae computes with."""
    found = {"python": platform.python_version()}
    for name in OUR_PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def engine_state() -> str:
    """A short hash of the engine's sources: results of Monae with different ones are not of one program."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "monae_app" / "engine").rglob("*.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def machine() -> str:
    """The machine in words."""
    cores = psutil.cpu_count(logical=True)
    memory = round(psutil.virtual_memory().total / 2**30)
    return f"{_processor()}, {cores} cores, {memory} GB, {platform.system()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
