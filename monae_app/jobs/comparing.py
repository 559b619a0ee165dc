"""What ``monae compare`` prints: a run beside another of the same data, or beside other methods."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from monae_app.engine.analysis.overall import scaled
from monae_app.engine.analysis.report import DEFAULT_LABEL
from monae_app.engine.analysis.run_comparison.score_rows import score_rows
from monae_app.engine.analysis.run_comparison.settings import differing_settings
from monae_app.engine.errors import InputError
from monae_app.engine.result import read_config, read_json
from monae_app.jobs.kept_holdout import overall_shares, read_of
from monae_app.jobs.kept_methods import is_across
from monae_app.jobs.long_methods import MONAE, compute_method
from monae_app.jobs.peers.catalogue import PEERS
from monae_app.jobs.short_two_runs import two_runs
from monae_app.jobs.short_work import Bench

if TYPE_CHECKING:
    from collections.abc import Callable

OVERALL = ("biology_conservation", "omics_mixing", "overall")


@dataclass(frozen=True)
class Order:
    """What is compared.

    Parameters
    ----------
    run
        Folder of a finished run.
    other
        Folder of a second one; None beside ``methods``.
    methods
        Of the catalogue, separated by commas; empty beside ``other``.
    label
        Column of cell types; ``cell_type`` if there is one and nothing is named.
    json
        Whether one line of JSON is wanted.
    """

    run: Path
    other: Path | None
    methods: str
    label: str | None
    json: bool


def execute(order: Order, tell: Callable[[str], None]) -> str:
    """Compare, and return what is to be printed.

    Raises
    ------
    InputError
        If there is nothing beside the run, a name is unknown, or the runs have no cell in common.
    """
    methods = list(filter(None, order.methods.split(",")))
    unknown = [name for name in methods if name not in PEERS]
    if unknown or bool(methods) == (order.other is not None):
        raise InputError(
            f"There is no method {unknown[0][:40]!r}." if unknown else "There is not one thing beside the run.",
            f"a second run, or --methods with some of {','.join(PEERS)}.",
            "name one of both.",
        )
    for folder in filter(None, (order.run, order.other)):
        if not (folder / "cells.h5ad").is_file():
            raise InputError(
                f"{folder} has no cells.h5ad.", "a finished run.", "check the path, or let the run finish."
            )
    label = order.label or _usual(order.run)
    if order.other is not None:
        both = of_runs(order.run, order.other, label, tell)
        return json.dumps(both) if order.json else _runs_as_text(both)
    found = of_methods(order.run, methods, label, tell)
    if order.json:
        return json.dumps(found)
    return f"{_methods_as_text(found)}\n\n{_recovery_as_text(order.run)}"


def of_runs(run: Path, other: Path, label: str | None, tell: Callable[[str], None]) -> dict[str, Any]:
    """Compare two runs: ``settings``, ``scores``, ``agreement`` (with ``types``)."""
    configs = [read_config(folder) for folder in (run, other)]
    metrics = [dict(read_json(folder / "report.json").get("metrics") or {}) for folder in (run, other)]
    rows = score_rows(metrics[0], metrics[1], len(configs[0].inputs))
    return {
        "settings": differing_settings(configs[0], configs[1]),
        "scores": [asdict(row) | {"better": row.better} for row in rows],
        "agreement": two_runs(run, other, label, tell).about,
    }


def of_methods(run: Path, methods: list[str], label: str | None, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Compare a run with methods on the same input, the run first; ``scaled`` is relative to these."""
    found = []
    for method in (MONAE, *methods):
        tell(f"{method} ...")
        with tempfile.TemporaryDirectory() as temporary:
            bench = Bench(Path(temporary) / "store", "command", Path(temporary), lambda _share, _text: None)
            found.append(compute_method({"folder": str(run), "method": method, "label": label}, bench))
    scored = [each for each in found if each.get("scores")]
    for each, relative in zip(scored, scaled([each["scores"] for each in scored]), strict=True):
        each["scaled"] = {name: relative[name] for name in OVERALL if name in relative}
    return found


def _usual(run: Path) -> str | None:
    import anndata as ad

    return DEFAULT_LABEL if DEFAULT_LABEL in ad.read_h5ad(run / "cells.h5ad", backed="r").obs else None


def _runs_as_text(found: dict[str, Any]) -> str:
    settings = pd.DataFrame(found["settings"], columns=["name", "first", "second"])
    agreement = {name: value for name, value in found["agreement"].items() if name != "types"}
    parts = [
        "No setting differs." if settings.empty else settings.to_string(index=False),
        pd.DataFrame(found["scores"]).to_string(index=False),
        ", ".join(f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
                  for name, value in agreement.items()),
    ]  # fmt: skip
    if found["agreement"]["types"]:
        parts.append(pd.DataFrame(found["agreement"]["types"]).to_string(index=False))
    return "\n\n".join(parts)


def _methods_as_text(found: list[dict[str, Any]]) -> str:
    table = pd.DataFrame(
        {
            each["method"]: {
                **each.get("scores", {}),
                **{f"{name} (scaled)": value for name, value in each.get("scaled", {}).items()},
                **{f"imputed {name}": value["r"] for name, value in each["imputation"].items() if is_across(name)},
                "CPU s": each.get("cpu_s"),
            }
            for each in found
        }
    )
    return str(table.astype(float).round(4).to_string(na_rep="-"))


def _recovery_as_text(run: Path) -> str:
    """Lay out what the hold-out check of a run found within its modalities, if one is kept."""
    found = read_of(run)
    if found is None:
        return "Within a modality: no hold-out check is kept of this run; `monae holdout RUN` computes one."
    table = pd.DataFrame(overall_shares(found)).set_index("method")
    head = "Within a modality: share of the noise ceiling that is recovered of counts kept aside"
    return f"{head}\n{table.astype(float).round(3).to_string(na_rep='-')}"
