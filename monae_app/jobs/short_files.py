"""Files made for a page and taken from it by short work: a run as an archive and back, imputed values."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monae_app.engine.analysis.imputed_file import Wanted, write_imputed
from monae_app.engine.analysis.imputed_table import write_imputed_table
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.jobs import bitsets
from monae_app.jobs.archive import Watch, archive_name, export_run
from monae_app.jobs.archive_import import import_run
from monae_app.jobs.downloads import Downloads
from monae_app.jobs.registry import Registry

if TYPE_CHECKING:
    from monae_app.jobs.short_work import Bench

# What must remain free on the disk.
RESERVE_BYTES = 10**9
MEGABYTE = 1e6


def export_archive(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Write a run into an archive.

    Parameters
    ----------
    order
        ``folder`` and ``name`` of the run, whether to take its ``checkpoint`` and its ``log``.
    bench
        Where.

    Returns
    -------
    dict
        ``token``, ``name`` and ``size`` of the download.
    """
    folder = Path(order["folder"])
    check_room(bench, sum(path.stat().st_size for path in folder.iterdir() if path.is_file()))

    def told(done: int, total: int) -> None:
        bench.tell(done / max(total, 1), f"Packing, {done / MEGABYTE:,.1f} of {total / MEGABYTE:,.1f} MB")

    path = bench.folder / "run.zip"
    export_run(folder, path, checkpoint=bool(order["checkpoint"]), log=bool(order["log"]), watch=Watch(told))
    return offered(bench, path, archive_name(str(order["name"])))


def import_archive(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Make a run of the user out of an archive.

    Parameters
    ----------
    order
        ``archive`` and the ``room`` for it in bytes.
    bench
        Where.

    Returns
    -------
    dict
        ``run``, its id, ``name``, and whether it is ``finished``.
    """

    def told(done: int, total: int) -> None:
        share, text = done / max(total, 1), f"Unpacking, {done / MEGABYTE:,.1f} of {total / MEGABYTE:,.1f} MB"
        # The tables are opened and checked after that.
        bench.tell(0.7 * share, text if done < total else "Checking what it holds")

    registry = Registry(bench.store, bench.user)
    record = import_run(registry, Path(order["archive"]), room=int(order["room"]), watch=Watch(told))
    return {"run": record.id, "name": record.name, "finished": record.finished}


def export_imputed(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Impute features of one modality for the cells of another into a file.

    Parameters
    ----------
    order
        ``folder`` of the run, ``source``, ``target``, ``features`` by name (None for all), ``kind`` (``h5ad``, ``csv``
        or ``parquet``), ``own_counts`` and, where not all cells are wanted, ``cells`` as
        :func:`monae_app.jobs.bitsets.written` has them.
    bench
        Where.

    Returns
    -------
    dict
        ``token``, ``name`` and ``size`` of the download.
    """
    source, target = str(order["source"]), str(order["target"])
    bench.tell(None, "Reading the run")
    result = Result.load(Path(order["folder"]))
    if "cells" in order:
        chosen = bitsets.read(str(order["cells"]), result.cells.n_obs)
        stays = chosen & (result.cells.obs["modality"] == source).to_numpy()
        result = replace(result, cells=result.cells[stays])
    names = None if order["features"] is None else tuple(map(str, order["features"]))
    kind = str(order.get("kind", "h5ad"))
    n_features = int((result.features.obs["modality"] == target).sum()) if names is None else len(names)
    check_room(bench, 4 * result.cells.n_obs * max(n_features, 1))

    def told(done: int, total: int) -> None:
        bench.tell(done / max(total, 1), f"Imputing, {done:,} of {total:,} cells")

    ending = {"csv": "csv.gz"}.get(kind, kind)
    path, write = bench.folder / f"imputed.{ending}", write_imputed if kind == "h5ad" else write_imputed_table
    wanted = Wanted(source, target, names, own_counts=bool(order.get("own_counts")))
    write(result, wanted, path, on_cells=told)
    return offered(bench, path, f"imputed_{target}_of_{source}_cells.{ending}")


def check_room(bench: Bench, size: int) -> None:
    """Refuse what would fill the disk.

    Raises
    ------
    InputError
        If so many bytes would not leave a gigabyte free.
    """
    if shutil.disk_usage(bench.store).free - size < RESERVE_BYTES:
        raise InputError(
            f"The server's disk has no room for {size / MEGABYTE:,.0f} MB.",
            "enough free space.",
            "delete runs and files that you no longer need, or ask who runs the server.",
        )


def offered(bench: Bench, path: Path, name: str) -> dict[str, Any]:
    """Offer a file for download under a name: ``token``, ``name`` and ``size``."""
    size = path.stat().st_size
    return {"token": Downloads(bench.store, bench.user).add(path, name), "name": name, "size": size}
