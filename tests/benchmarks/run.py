"""Runs the benchmark: ``make bench``, or ``python -m tests.benchmarks.run [--only monae,cca] [--data cortex] ...``.

Results are kept below the work folder, one file each; what is there is not measured again unless --fresh. At the end
RESULTS.md and quality_vs_cpu.png are written and one line says whether every figure was reached; the exit status is 1
if one was missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks import store
from tests.benchmarks.datasets import NAMES, ROOT, SHARED, Data, Size, prepare
from tests.benchmarks.execution import ChildFailedError
from tests.benchmarks.measure import measure
from tests.benchmarks.methods import Method, all_methods, peer_python, shortened
from tests.benchmarks.report import write_report

if TYPE_CHECKING:
    from collections.abc import Sequence

SEEDS = "0-4"
WORK, HERE = ROOT / "build" / "bench", Path(__file__).parent
SMALL = Size(500, 240, 1000)
SHOWN = ("foscttm", "same_modality", "label_transfer", "label_transfer_balanced", "ari", "rna>rna", "atac>rna")
SHOWN += ("rna>atac", "atac>atac", "open_set_auroc", "rare_f1_res1")


@dataclass(frozen=True)
class Task:
    """One method on one data set of one seed."""

    method: Method
    data: str
    seed: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is missing and report; 0 if every figure is reached."""
    parsed = _parser().parse_args(arguments)
    shared = _shared(parsed.shared)
    names = [name for name in parsed.data or NAMES if parsed.data or name not in SHARED or shared is not None]
    methods = all_methods(curve=parsed.curve, own_stop=parsed.own_stop)
    if parsed.small:
        methods = [shortened(method) for method in methods]
        parsed.work = parsed.work / "small"
    if unknown := set(parsed.only or ()) - {method.name for method in methods}:
        sys.stderr.write(f"There is no method {', '.join(sorted(unknown))}; see tests/benchmarks/methods.py.\n")
        return 2
    tasks = [
        Task(method, name, seed)
        for method in methods
        for name in names
        for seed in parsed.seeds
        if method.runs_on(name, seed) and (not parsed.only or method.name in parsed.only)
    ]
    failed = [] if parsed.report else _measure_all(tasks, parsed, shared)
    whole = not (parsed.only or parsed.data or parsed.small) and parsed.seeds == seeds_of(SEEDS)
    folder = parsed.results or (HERE if whole else parsed.work)
    missed = write_report(store.read_all(parsed.work), folder, whole=whole)
    problems = [*failed, *missed]
    sys.stdout.write(f"missed: {'; '.join(problems)}\n" if problems else "every figure that was measured is reached\n")
    return 1 if problems else 0


def _measure_all(tasks: list[Task], parsed: argparse.Namespace, shared: Path | None) -> list[str]:
    work, size = parsed.work, SMALL if parsed.small else Size()
    missing = [task for task in tasks if parsed.fresh or not _kept(work, task)]
    if (
        any(task.method.kind == "peer" and not task.method.ours for task in missing)
        and not Path(peer_python()).exists()
    ):
        sys.stderr.write("The peers are not installed; run `make peers`, or name their environment by MONAE_PEERS.\n")
        raise SystemExit(2)
    # every data set before the first method, so that two jobs never make the same one
    data: dict[tuple[str, int], Data] = {}
    for task in missing:
        if (task.data, task.seed) not in data:
            data[task.data, task.seed] = prepare(task.data, task.seed, work, size, shared)
    failed = []
    with ThreadPoolExecutor(parsed.jobs) as pool:
        waiting = {pool.submit(measure, task.method, data[task.data, task.seed], work): task for task in missing}
        for done, future in enumerate(as_completed(waiting), 1):
            task = waiting[future]
            try:
                said = _line(future.result())
            except ChildFailedError as error:
                said = f"failed: {error}"
                failed.append(f"{task.method.name} failed on {task.data}, seed {task.seed}")
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
            clock = time.strftime("%H:%M:%S")
            sys.stdout.write(f"{clock} {done}/{len(missing)} {task.data} {task.seed} {task.method.name}: {said}\n")
            sys.stdout.flush()
    return failed


def _kept(work: Path, task: Task) -> bool:
    """Whether there is a result, and one of Monae was measured with the engine as it is now."""
    path = store.path_of(work, task.data, task.seed, task.method.name)
    if not path.exists():
        return False
    return task.method.kind != "monae" or store.read(path).get("engine") == store.engine_state()


def _line(record: store.Record) -> str:
    scores = record["scores"]
    return "  ".join(
        [*(f"{name} {scores[name]:.3f}" for name in SHOWN if name in scores), f"cpu_s {record['cpu_s']:.0f}"]
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description="Measure Monae beside its peers.")
    parser.add_argument("--only", type=_names, help="methods, separated by commas (default: all)")
    parser.add_argument("--data", type=_data_names, help=f"of {', '.join(NAMES)} (default: all that are at hand)")
    parser.add_argument(
        "--seeds", type=seeds_of, default=seeds_of(SEEDS), help=f"such as 0-4 or 0,2 (default: {SEEDS})"
    )
    parser.add_argument("--jobs", type=int, default=1, help="methods at a time, one thread each (default: 1)")
    parser.add_argument("--work", type=Path, default=WORK, help="where data and results are kept")
    parser.add_argument("--shared", type=Path, help="a folder that holds bench/planted.py")
    parser.add_argument(
        "--results",
        type=Path,
        help="where to write RESULTS.md and the plot (default: here if all is measured, else the work folder)",
    )
    parser.add_argument("--fresh", action="store_true", help="measure anew what was measured before")
    parser.add_argument("--curve", action="store_true", help="also Monae and scglue at other lengths")
    parser.add_argument("--own-stop", action="store_true", help="also scglue until it stops by itself, once")
    parser.add_argument("--small", action="store_true", help="tiny planted data, to try the bench itself")
    parser.add_argument("--report", action="store_true", help="measure nothing, only write the report")
    return parser


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _data_names(text: str) -> list[str]:
    found = _names(text)
    if unknown := set(found) - set(NAMES):
        msg = f"no data set {', '.join(sorted(unknown))}; one of {', '.join(NAMES)}"
        raise argparse.ArgumentTypeError(msg)
    return found


def seeds_of(text: str) -> list[int]:
    """Seeds by their numbers: "0-4" or "0,2"."""
    found: list[int] = []
    for part in _names(text):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return sorted(set(found))


def _shared(given: Path | None) -> Path | None:
    """The folder given, else the one beside the project."""
    folder = given or ROOT.parent / "shared"
    if (folder / "bench" / "planted.py").exists():
        return folder
    if given is not None:
        sys.stderr.write(f"{given} holds no bench/planted.py.\n")
        raise SystemExit(2)
    return None


if __name__ == "__main__":
    raise SystemExit(main())
