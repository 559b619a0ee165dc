"""The peaks of a run, of a BED file or of a file of cells: where they lie, and how the data call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.data.genome import PEAK_COLUMNS, parse_peaks
from monae_app.engine.data.readers import open_file
from monae_app.engine.data.readers.guard import guarded
from monae_app.engine.data.readers.unpacking import unpacked
from monae_app.engine.errors import InputError
from monae_app.engine.result import FEATURES

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = "a finished run with ATAC, a BED file of peaks, or a file of cells and peaks such as .h5ad"
TODO = "name one of these"
MOST_BYTES = 1 << 30
_KEPT_BYTES = 256 << 20
_COORDINATES = ("chrom", "chromStart", "chromEnd")


def peaks_of(path: Path) -> pd.DataFrame:
    """Read peaks from whatever holds them.

    Returns
    -------
    Columns chrom, start, end; the index names the peaks as the data do, or as ``chrom:start-end`` for a BED file.

    Raises
    ------
    InputError
        If there are none.
    """
    if (path / FEATURES).is_file():
        return _of_run(path)
    if not path.exists():
        raise InputError(f"{path} is not there.", f"{EXPECTED}.", "check the path.")
    found = None if path.is_dir() else _of_bed(path)
    return _of_cells(path) if found is None else found


def _of_run(folder: Path) -> pd.DataFrame:
    run = RunSlices(folder, KeptArrays(_KEPT_BYTES))
    if "atac" not in run.modalities:
        raise InputError(f"{folder.name} has no ATAC.", f"{EXPECTED}.", "take a run whose cells have peaks.")
    mine = (run.column("modality", FEATURES).astype(str) == "atac").to_numpy()
    names = run.column("name", FEATURES).astype(str)[mine]
    columns = {name: run.column(name, FEATURES)[mine].to_numpy() for name in _COORDINATES}
    return parse_peaks(pd.DataFrame(columns, index=pd.Index(names)))


def _of_bed(path: Path) -> pd.DataFrame | None:
    """Read chrom, start, end and whatever follows; None if the file is of another kind."""
    with guarded(path, "a BED file of peaks", EXPECTED, TODO), unpacked(path) as file:
        start = file.read(1 << 16)
        lines = start.decode("utf-8", "replace").splitlines()[:50]
        fields = [line.split("\t") for line in lines if line.strip() and not line.startswith(("#", "track", "browser"))]
        # the last line may be cut off, the first a header
        known = [len(each) >= len(PEAK_COLUMNS) and each[1].isdigit() and each[2].strip().isdigit() for each in fields]
        if not known or not all(known[1 : max(len(known) - 1, 2)]) or (len(known) == 1 and not known[0]):
            return None
        content = start + file.read(MOST_BYTES)
        if len(content) >= MOST_BYTES:
            raise InputError(f"{path.name} is larger than {MOST_BYTES >> 30} GB.", f"{EXPECTED}.", f"{TODO}.")
    rows = [line.split("\t")[:3] for line in content.decode("utf-8-sig", "replace").splitlines()]
    kept = [
        row for row in rows if row[0].strip() and not row[0].startswith(("#", "track", "browser")) and len(row) == 3
    ]
    kept = kept if known[0] else kept[1:]
    names = [f"{chrom}:{first.strip()}-{last.strip()}" for chrom, first, last in kept]
    found = parse_peaks(pd.DataFrame(kept, columns=PEAK_COLUMNS, index=pd.Index(names)))
    return found[~found.index.duplicated()]


def _of_cells(path: Path) -> pd.DataFrame:
    reasons = []
    for part in open_file(path).parts:
        tables = [part.var]
        if "feature_types" in part.var:
            tables.insert(0, part.var[part.var["feature_types"].astype(str) == "Peaks"])
        for table in tables:
            try:
                if len(table):
                    return parse_peaks(table)
            except InputError as error:
                reasons.append(error.found)
    said = f" {reasons[-1]}" if reasons else ""
    raise InputError(f"{path.name} holds no peaks.{said}", f"{EXPECTED}.", f"{TODO}.")
