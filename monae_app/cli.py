"""The command line: monae run, check, score, compare, impute, holdout, transfer, regulate, pseudotime, app and more."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from monae_app import __version__
from monae_app.engine.config import DeviceName, GenomeName, ModelName, RunConfig
from monae_app.engine.errors import InputError, MonaeError
from monae_app.engine.training import ranks
from monae_app.jobs.cluster.command import add_worker
from monae_app.jobs.ordered import BY_FLAG, OF_MOTIFS, ordered_config, settings_help
from monae_app.jobs.pseudotime_commands import add_pseudotime
from monae_app.jobs.regulation_commands import add_links, add_regulate
from monae_app.jobs.result_commands import add_compare, add_holdout, add_impute, add_motifs, add_report, add_transfer
from monae_app.web.command import add_serving

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


UNEXPECTED, REFUSED = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0, or 2 with one message that says what to do."""
    parser = _parser()
    # inputs may stand before and after flags, which argparse does not allow for a command of its own
    parsed, rest = parser.parse_known_args(arguments)
    if rest and (parsed.command is not _run or any(item.startswith("-") for item in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        parsed.inputs += rest
    try:
        return int(parsed.command(parsed))
    except MonaeError as error:
        if getattr(parsed, "debug", False):
            raise
        print(f"monae: {error}", file=sys.stderr)
        return REFUSED
    except OSError as error:
        if getattr(parsed, "debug", False):
            raise
        print(f"monae: {error}. To do: check that the path is right and that you may write there.", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="monae", description="Integrate, impute and explore single-cell modalities.")
    parser.add_argument("--version", action="version", version=f"monae {__version__}")
    commands = parser.add_subparsers(
        required=True,
        metavar="app|demo|run|check|score|compare|report|impute|holdout|transfer|motifs|links|regulate|pseudotime|worker",
    )
    _add_run(commands)
    _add_check(commands)
    _add_score(commands)
    add_compare(commands, _by("comparing"))
    add_report(commands, _report)
    add_impute(commands, _by("imputing"))
    add_holdout(commands, _by("holdout_command"))
    add_transfer(commands, _by("transferring"))
    add_motifs(commands, _by("finding_motifs"))
    add_links(commands, _by("regulating", "LinksOrder", "write_links"))
    add_regulate(commands, _by("regulating", "TargetsOrder", "write_targets"))
    add_pseudotime(commands, _by("ordering_cells", "PseudotimeOrder", "write_pseudotime"))
    add_worker(commands)
    add_serving(commands, lambda line: print(line, flush=True))
    return parser


def _add_run(commands: Any) -> None:
    command = commands.add_parser(
        "run",
        help="train on files",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=settings_help(BY_FLAG),
        description="Train Monae on the files of each modality and write a run folder.",
    )
    command.add_argument(
        "inputs",
        nargs="*",
        metavar="[MODALITY=]FILE",
        help="rna=A atac=B protein=C methylation=D, in files; rna=A,B are samples; a file alone tells what it holds",
    )
    place = command.add_mutually_exclusive_group()
    place.add_argument("--genome", choices=get_args(GenomeName), help="bundled gene coordinates")
    place.add_argument("--bed", type=Path, help="gene coordinates: chrom, start, end, symbol, strand")
    place.add_argument("--gtf", type=Path, help="gene coordinates: GTF or GFF3, gzipped or not")
    command.add_argument("--out", type=Path, help="the run folder to write")
    command.add_argument("--model", choices=get_args(ModelName), default="monae")
    for name in OF_MOTIFS:
        about = RunConfig.model_fields[name].description
        command.add_argument(f"--{name.replace('_', '-')}", type=Path, metavar="FILE", help=about)
    length = command.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help=RunConfig.model_fields["steps"].description)
    length.add_argument("--epochs", type=int, help=RunConfig.model_fields["epochs"].description)
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--device", choices=get_args(DeviceName), default="auto")
    about = "how many train together, on this machine (--set processes=N); torchrun starts them on several"
    command.add_argument("--processes", type=int, metavar="N", help=about)
    command.add_argument("--batch-key", default="", help="obs columns that name batches, separated by commas")
    command.add_argument("--paired", action="store_true", help=RunConfig.model_fields["paired"].description)
    command.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="any setting listed below")
    about = "go on with a run that was stopped; with --steps N --out NEW, a run that is longer than RUN"
    command.add_argument("--resume", type=Path, metavar="RUN", help=about)
    command.add_argument("--overwrite", action="store_true", help="replace a run that is there already")
    command.add_argument("--debug", action="store_true", help="show tracebacks")
    command.set_defaults(command=_run)


def _add_check(commands: Any) -> None:
    about = "say what would be read of files, without training"
    command = commands.add_parser("check", help=about, description=f"For each file or folder, {about}.")
    command.add_argument("paths", nargs="+", type=Path, metavar="FILE|FOLDER")
    command.add_argument("--json", action="store_true", help="print JSON instead of one line an input")
    command.set_defaults(command=_check)


def _add_score(commands: Any) -> None:
    command = commands.add_parser("score", help="score the integration of a run")
    command.add_argument("run", type=Path, metavar="RUN")
    command.add_argument("--label", help="obs column with cell types (default: cell_type if it is there)")
    command.add_argument("--pair", help="obs column with pair ids (default: pair_id)")
    command.add_argument("--json", action="store_true", help="print one line of JSON")
    command.set_defaults(command=_score)


def _run(parsed: argparse.Namespace) -> int:
    # before numpy loads: spinning threads on a busy machine cost several times what they gain
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if not ranks.leads():
        from monae_app.jobs.following import take_part

        return take_part(parsed)
    if parsed.resume is not None:
        from monae_app.jobs.resuming import check_free, check_unfinished

        folder = check_free(parsed.resume.resolve())
        if parsed.steps or parsed.epochs:
            return _extend(parsed, folder)
        _nothing_beside_resume(parsed, with_out=False)
        return _compute(check_unfinished(folder), parsed, resume=True)
    config = ordered_config(parsed)
    if parsed.out is None:
        raise InputError("No run folder was named.", "--out RUN.", "name the folder to write.")
    from monae_app.jobs.destination import Destination
    from monae_app.jobs.run_folder import RunFolder

    destination = Destination(parsed.out, overwrite=parsed.overwrite)
    RunFolder(destination.folder).write_config(config)
    status = _compute(destination.folder, parsed, resume=False)
    # an unexpected error keeps its log
    if status != UNEXPECTED and (kept := destination.settle(done=status == 0, stopped=status >= 128)):
        print(f"monae: the run that was there before is kept as {kept}", file=sys.stderr)
    return status


def _extend(parsed: argparse.Namespace, parent: Path) -> int:
    from monae_app.jobs.destination import Destination
    from monae_app.jobs.extending import copy_into, longer_config

    _nothing_beside_resume(parsed, with_out=True)
    if parsed.out is None:
        raise InputError(
            "A run that is longer than another is written into a folder of its own.",
            "--out NEW beside --resume RUN and --steps N.",
            "name the folder to write; RUN stays as it is.",
        )
    config = longer_config(parent, steps=parsed.steps, epochs=parsed.epochs)
    destination = Destination(parsed.out, overwrite=parsed.overwrite)
    copy_into(parent, destination.folder, config)
    status = _compute(destination.folder, parsed, resume=True)
    if status != UNEXPECTED and (kept := destination.settle(done=status == 0, stopped=status >= 128)):
        print(f"monae: the run that was there before is kept as {kept}", file=sys.stderr)
    return status


def _nothing_beside_resume(parsed: argparse.Namespace, *, with_out: bool) -> None:
    if parsed.inputs or parsed.set or (parsed.out and not with_out):
        raise InputError(
            "--resume takes its files and settings from the run.",
            "--resume RUN alone, or with --steps N (or --epochs N) and --out NEW.",
            "leave the rest away.",
        )


def _compute(folder: Path, parsed: argparse.Namespace, *, resume: bool) -> int:
    from monae_app.jobs.console import Console
    from monae_app.jobs.resuming import Farewell
    from monae_app.jobs.worker import execute

    with Farewell(folder) as farewell, Console() as console:
        status = execute(folder, resume=resume, echo=console.show, processes=parsed.processes)
    said = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    if status:
        detail = said.get("detail") or {}
        sentence = " ".join(
            part
            for part in (
                detail.get("found") or said.get("message"),
                detail.get("expected") and f"Expected: {detail['expected']}",
                detail.get("todo") and f"To do: {detail['todo']}",
            )
            if part
        )
        print(f"monae: {sentence}", file=sys.stderr)
        if status >= 128 or (folder / "checkpoint.safetensors").exists():
            farewell.say()
        if parsed.debug:
            print((folder / "log.txt").read_text(encoding="utf-8"), file=sys.stderr)
        return status
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    scores = "".join(
        f", {name.replace('_', ' ')} {report['metrics'][name]:.3f}"
        for name in ("foscttm", "same_modality", "label_transfer")
        if name in report["metrics"]
    )
    print(f"{folder}: {report['metrics']['cells']:,} cells{scores}; {report['cpu_seconds']:.0f} CPU s")
    return 0


def _check(parsed: argparse.Namespace) -> int:
    from monae_app.jobs.checking import check

    answers = check(parsed.paths, on_answer=lambda each: None if parsed.json else print(each["line"], flush=True))
    if parsed.json:
        print(json.dumps(answers))
    return 0 if all(each["ok"] for each in answers) else REFUSED


def _score(parsed: argparse.Namespace) -> int:
    from monae_app.jobs.scoring import scores_of

    scores = scores_of(parsed.run, parsed.label, parsed.pair)
    if parsed.json:
        print(json.dumps(scores))
        return 0
    for name, value in scores.items():
        print(f"{name:24s} {value:,}" if isinstance(value, int) else f"{name:24s} {value:.4f}")
    return 0


def _report(parsed: argparse.Namespace) -> int:
    from monae_app.jobs.short_report import report_to

    print(report_to(parsed.run, parsed.out))
    return 0


def _by(module: str, order: str = "Order", execute: str = "execute") -> Callable[[argparse.Namespace], int]:
    """Make a command of a job: its flags are called like the fields of its order."""

    def command(parsed: argparse.Namespace) -> int:
        # not before it is asked for: some take seconds to load
        job = importlib.import_module(f"monae_app.jobs.{module}")
        kind = getattr(job, order)
        given = {name: getattr(parsed, name) for name in kind.__dataclass_fields__}
        print(getattr(job, execute)(kind(**given), lambda line: print(line, file=sys.stderr, flush=True)))
        return 0

    return command


if __name__ == "__main__":
    raise SystemExit(main())
