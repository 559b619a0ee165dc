"""A second run beside the current one: which runs can be compared, and which cells both have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monae_app.engine.analysis.run_comparison.matching import MatchedCells, match_cells
from monae_app.engine.errors import InputError
from monae_app.engine.result import read_config
from monae_app.jobs.kept_two_runs import KeptTwoRuns

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.jobs.kept_two_runs import TwoRuns
    from monae_app.web.explore import RunView
    from monae_app.web.services import Services

SIDES = ("first", "second")
MOST_RUNS = 200
APART = "~"


@dataclass(frozen=True)
class Pair:
    """Two runs that have cells in common, and what is known about both."""

    first: RunView
    second: RunView
    names: tuple[str, str]
    cells: MatchedCells
    known: TwoRuns | None


def candidates(services: Services, run: str) -> list[tuple[str, str]]:
    """List runs that may be compared with one, by id and name: those that were made from the same files first."""
    ours = _inputs(services.registry.get(run).folder)
    found = []
    for each in services.runs()[:MOST_RUNS]:
        if each.id == run or not each.finished:
            continue
        try:
            theirs = _inputs(each.record.folder)
        except InputError:
            continue
        if set(ours) & set(theirs):
            found.append((ours != theirs, each.id, each.name))
    return [(run_id, name) for _, run_id, name in sorted(found, key=lambda each: each[0])]


def with_same_files(services: Services, run: str, second: str) -> bool:
    """Whether two runs were made from the same files."""
    return _inputs(services.registry.get(run).folder) == _inputs(services.registry.get(second).folder)


def pair_of(services: Services, run: str, second: str, label: str | None) -> Pair:
    """Open two runs beside each other.

    Raises
    ------
    InputError
        If one cannot be opened, or they have no cell in common.
    """
    first, other = services.view(run), services.view(second)
    names = (services.registry.get(run).name, services.registry.get(second).name)
    known = KeptTwoRuns(services.settings.store, services.users.current()).read(first.folder, other.folder, label)
    if known is not None and len(known.overlap) != first.n_cells:
        known = None
    return Pair(first, other, names, matched(first, other), known)


def matched(first: RunView, second: RunView) -> MatchedCells:
    """Match the cells of two runs, once for each version of both.

    Raises
    ------
    InputError
        If they have no cell in common.
    """
    key = ("matched", second.run.owner)
    return first.run.kept.get(first.run.owner, key, lambda: match_cells(first.run, second.run))


def side_key(side: str, second: str, version: str) -> str:
    """Name a map: the cells that two runs have in common, where the first or the second has them."""
    return APART.join((side, second, version))


def side_of(key: str) -> tuple[str, str] | None:
    """Take the name of a map apart: the side and the second run; None for any other name."""
    parts = key.split(APART)
    return (parts[0], parts[1]) if len(parts) == 3 and parts[0] in SIDES else None


def _inputs(folder: Path) -> dict[str, tuple[Path, ...]]:
    config = read_config(folder)
    return {str(name): tuple(path.resolve() for path in paths) for name, paths in config.inputs.items()}
