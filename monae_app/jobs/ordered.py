"""What was ordered on the command line: files named by modality or by themselves, and settings by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from monae_app.engine.config import JASPAR, ModalityName, RunConfig, make_config
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Sequence

LISTS = ("keep_genes", "antibody_genes")
MODALITIES: tuple[ModalityName, ...] = get_args(ModalityName)
BY_FLAG = {
    "inputs",
    "genome",
    "bed",
    "gtf",
    "model",
    "batch_key",
    "paired",
    "steps",
    "epochs",
    "seed",
    "device",
    "processes",
}
OF_MOTIFS = ("motif_peaks", "motifs", "fasta")
BY_FLAG |= set(OF_MOTIFS)


def ordered_config(parsed: argparse.Namespace) -> RunConfig:
    """Return the settings of the run that the flags of ``monae run`` describe.

    Raises
    ------
    InputError
        If one cannot be used.
    """
    return make_config(
        inputs=named_inputs(parsed.inputs),
        genome=parsed.genome,
        bed=parsed.bed.resolve() if parsed.bed else None,
        gtf=parsed.gtf.resolve() if parsed.gtf else None,
        model=parsed.model,
        **{name: _resolved(getattr(parsed, name)) for name in OF_MOTIFS},
        steps=parsed.steps,
        epochs=parsed.epochs,
        seed=parsed.seed,
        device=parsed.device,
        **({} if parsed.processes is None else {"processes": parsed.processes}),
        batch_key=tuple(filter(None, parsed.batch_key.split(","))),
        paired=parsed.paired,
        **named_settings(parsed.set, BY_FLAG),
    )


def _resolved(path: Path | None) -> Path | None:
    return path if path is None or str(path) == JASPAR else path.resolve()


def named_inputs(items: Sequence[str]) -> dict[ModalityName, tuple[Path, ...]]:
    """Files of each modality.

    Parameters
    ----------
    items
        ``rna=A.h5ad``, ``rna=A.h5ad,B.h5ad``, or a file without a name: it is looked into, and stands for every
        modality that it holds.

    Raises
    ------
    InputError
        If nothing was named, a name is no modality, or what a file without a name holds cannot be told.
    """
    found: dict[ModalityName, list[Path]] = {}
    for item in items:
        name, equals, path = item.partition("=")
        if name in MODALITIES and equals and path:
            found.setdefault(name, []).extend(_several(path))
        elif Path(item).exists():
            for modality in _held_by(Path(item)):
                found.setdefault(modality, []).append(Path(item))
        else:
            raise InputError(
                f"{item!r} names no input.", f"{'=FILE, '.join(MODALITIES)}=FILE.", "write rna=A.h5ad, or name a file."
            )
    if not found:
        expected = f"a file of {', '.join(MODALITIES)} or several."
        raise InputError("No input was named.", expected, "name the files to train on.")
    return {name: tuple(paths) for name, paths in found.items()}


def _several(text: str) -> list[Path]:
    # a file may have a comma in its name
    return [Path(text)] if Path(text).exists() else [Path(each) for each in text.split(",") if each]


def _held_by(path: Path) -> list[ModalityName]:
    # imported here: readers take seconds to load
    from monae_app.engine.data.readers import open_file
    from monae_app.engine.data.understanding.parts import modalities_of

    return modalities_of(open_file(path))


def named_settings(items: Sequence[str], by_flag: Collection[str]) -> dict[str, Any]:
    """Values of settings by name.

    Parameters
    ----------
    items
        ``name=value``.
    by_flag
        Names that have a flag of their own and are refused here.

    Raises
    ------
    InputError
        If an item sets nothing, or what a flag sets.
    """
    values: dict[str, Any] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or name in by_flag:
            todo = f"use --{name.replace('_', '-')}." if name in by_flag else "see `monae run --help` for the names."
            raise InputError(f"--set {item!r} sets nothing.", "--set NAME=VALUE.", todo)
        values[name] = tuple(value.split(",")) if name in LISTS else value
    return values


def settings_help(by_flag: Collection[str]) -> str:
    """List the settings that have no flag of their own, with default, bounds and help text."""
    lines = ["settings for --set NAME=VALUE:"]
    for name, field in RunConfig.model_fields.items():
        if name in by_flag:
            continue
        bounds = ", ".join(
            f"{sign} {getattr(rule, kind)}"
            for rule in field.metadata
            for kind, sign in (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<"))
            if getattr(rule, kind, None) is not None
        )
        about = str(field.description).replace("%", "%%")
        lines.append(f"  {name} (default {field.default!r}{'; ' + bounds if bounds else ''})\n      {about}")
    return "\n".join(lines)
