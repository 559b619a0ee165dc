"""What a child process takes, stage by stage: seconds, CPU seconds and the highest anonymous memory.

Anonymous memory (RssAnon of Linux) is what a process cannot give back: pages of files that it has mapped do not count,
since the system drops them when memory runs short.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.05
ANON = re.compile(rb"RssAnon:\s+(\d+) kB")
SECONDS_OF_TICK = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01
# Fields of /proc/<pid>/stat after the name of the program.
USER, SYSTEM = 11, 12


@dataclass
class Stage:
    """One stage: wall and CPU seconds, and the highest anonymous memory in bytes seen in it."""

    name: str
    seconds: float = 0.0
    cpu_s: float = 0.0
    peak: int = 0


def anonymous(pid: int) -> int:
    """Anonymous memory of a process now, in bytes; 0 where it is gone."""
    try:
        found = ANON.search(Path(f"/proc/{pid}/status").read_bytes())
    except OSError:
        return 0
    return int(found.group(1)) * 1024 if found else 0


def cpu_seconds(pid: int) -> float:
    """CPU seconds that a process has used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[USER]) + int(fields[SYSTEM])) * SECONDS_OF_TICK


def watched(command: list[str], said: Path, log: Path) -> list[Stage]:
    """Run a command that writes the name of each stage that it begins as a line of ``said``; return what each took.

    Raises
    ------
    RuntimeError
        If the command fails.
    """
    said.write_text("", encoding="utf-8")
    stages = [Stage("start")]
    with log.open("wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out)
        before, used = time.perf_counter(), 0.0
        while child.poll() is None:
            time.sleep(SAMPLE_SECONDS)
            lines = said.read_text(encoding="utf-8").splitlines()
            stages += [Stage(name) for name in lines[len(stages) - 1 :]]
            now, cpu = time.perf_counter(), max(cpu_seconds(child.pid), used)
            stages[-1].seconds += now - before
            stages[-1].cpu_s += cpu - used
            stages[-1].peak = max(stages[-1].peak, anonymous(child.pid))
            before, used = now, cpu
    if child.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        msg = f"{' '.join(command[:4])} ended with {child.returncode}: {tail}"
        raise RuntimeError(msg)
    return stages


def summed(stages: list[Stage]) -> dict[str, Stage]:
    """Stages by name, those that were begun several times together, in the order of their first beginning."""
    found: dict[str, Stage] = {}
    for each in stages:
        known = found.setdefault(each.name, Stage(each.name))
        known.seconds, known.cpu_s = known.seconds + each.seconds, known.cpu_s + each.cpu_s
        known.peak = max(known.peak, each.peak)
    return found


def run_in_child(inputs: Path, out: Path, said: Path, arguments: list[str]) -> list[Stage]:
    """Train on the data of a folder in a child process, and watch it."""
    command = [sys.executable, "-m", "tests.benchmarks.scale.child", str(inputs), str(out), str(said), *arguments]
    return watched(command, said, out.with_name(f"{out.name}-log.txt"))
