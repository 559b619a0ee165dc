"""A run as .h5ad or .h5mu for other programs, made by short work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from monae_app.engine.analysis.whole_tables import whole_tables
from monae_app.engine.result import Result
from monae_app.engine.telling import Telling
from monae_app.jobs.annotations import Annotations
from monae_app.jobs.short_files import check_room, offered

if TYPE_CHECKING:
    from monae_app.engine.telling import Event
    from monae_app.jobs.short_work import Bench

ALL = "all"


def export_tables(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Write what was measured with embeddings and annotations.

    Parameters
    ----------
    order
        ``folder`` of the run, ``modality`` (one, as .h5ad, or ``all``, as .h5mu), whether with ``imputed`` values, and
        the folder with what the user noted, ``notes``.
    bench
        Where.

    Returns
    -------
    dict
        ``token``, ``name`` and ``size`` of the download.
    """
    import mudata  # type: ignore[import-untyped]

    bench.tell(0.05, "Reading the run")
    result, chosen = Result.load(Path(order["folder"])), str(order["modality"])
    names = list(result.modalities) if chosen == ALL else [chosen]
    sizes = [path.stat().st_size for name in names for path in result.config.inputs[name] if path.exists()]  # type: ignore[index]
    check_room(bench, 3 * sum(sizes))
    notes = notes_of(Path(order["notes"]), result.cells.n_obs)

    def told(event: Event) -> None:
        bench.tell(0.3, str(event["message"]))

    tables = whole_tables(result, names, notes, imputed=bool(order["imputed"]), tell=Telling("export", told))
    bench.tell(0.8, "Writing the file")
    if chosen != ALL:
        path, name = bench.folder / "table.h5ad", f"{chosen}_monae.h5ad"
        tables[chosen].write_h5ad(path, compression="gzip")
    else:
        path, name = bench.folder / "tables.h5mu", "monae.h5mu"
        mudata.set_options(pull_on_update=False)
        mudata.MuData(tables).write_h5mu(path, compression="gzip")
    return offered(bench, path, name)


def notes_of(folder: Path, cells: int) -> pd.DataFrame:
    """Return what a user noted of every cell, a category a column."""
    kept = Annotations(folder, cells)
    found = {column.name: kept.columns.categories(column.id) for column in kept.state().columns}
    return pd.DataFrame(found, index=pd.RangeIndex(cells))
