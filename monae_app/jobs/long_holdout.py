"""The hold-out check as long work; for a run to be bundled: ``python -m monae_app.jobs.long_holdout RUN``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monae_app.jobs.holding_out import hold_out
from monae_app.jobs.kept_holdout import WITH_RUN, KeptHoldout

if TYPE_CHECKING:
    from monae_app.jobs.short_work import Bench


def check_imputation(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Check a run and keep what was found.

    Parameters
    ----------
    order
        ``folder`` of the run; ``device``, where it is not to be the one of the run.
    bench
        Where.

    Returns
    -------
    dict
        ``modalities``, their names.
    """
    folder = Path(order["folder"])
    found = hold_out(folder, bench.tell, device=order.get("device"))
    KeptHoldout(bench.store, bench.user).write(folder, found)
    return {"modalities": list(found["modalities"])}


def keep_with_run(run: Path) -> None:
    """Check a run and put what was found beside its files: a page that shows the run has nothing to wait for."""
    found = hold_out(run, lambda _share, _text: None)
    (run / WITH_RUN).write_text(json.dumps(found, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    keep_with_run(Path(sys.argv[1]))
