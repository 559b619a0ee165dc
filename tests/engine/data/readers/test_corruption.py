"""Storms of damaged files: each ends in its contents or in words, whatever the damage."""

from __future__ import annotations

import gzip
import select
import shutil
import subprocess
import sys
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from tests.engine.data.readers.planted_tables import (
    barcodes,
    counts,
    mtx_files,
    write_h5mu,
    write_loom,
    write_tenx,
    write_tenx_2,
)

ROOT = Path(__file__).resolve().parents[4]
AWKWARD = ROOT / "tests" / "data" / "awkward"
GENES = [f"GENE{i}" for i in range(30)]
SECONDS_A_FILE = 20
HDF5 = (".h5ad", ".h5mu", ".h5", ".loom")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> list[Path]:
    """One small file of each format."""
    folder = tmp_path_factory.mktemp("whole")
    table = ad.AnnData(counts(), obs=pd.DataFrame({"kind": ["a", "b"] * 6}, index=barcodes(12)))
    table.var_names = GENES
    table.layers["log"] = np.log1p(table.X.toarray())
    table.raw = table
    table.write_h5ad(folder / "a.h5ad")
    table.write_h5ad(folder / "packed.h5ad", compression="gzip")
    write_h5mu(folder / "a.h5mu", {"rna": table, "prot": table})
    write_tenx(folder / "v3.h5", counts(), barcodes(12), GENES, GENES, feature_type=["Gene Expression"] * 30)
    write_tenx_2(folder / "v2.h5", {"hg19": (counts(), barcodes(12), GENES, GENES)})
    write_loom(folder / "a.loom", counts(), barcodes(12), GENES)
    frame = pd.DataFrame(counts().toarray(), index=barcodes(12), columns=GENES)
    frame.to_csv(folder / "a.csv")
    frame.T.to_csv(folder / "a.tsv.gz", sep="\t", quoting=2)
    files = mtx_files(counts(), barcodes(12), [[gene, gene] for gene in GENES])
    with zipfile.ZipFile(folder / "mtx.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    (folder / "mtx").mkdir()
    for name, content in files.items():
        (folder / "mtx" / name).write_bytes(content)
    shutil.make_archive(str(folder / "mtx"), "gztar", folder / "mtx")
    shutil.make_archive(str(folder / "plain"), "tar", folder / "mtx")
    lines = "".join(f"chr1\t{10 * i}\t{10 * i + 50}\t{cell}\t1\n" for i in range(20) for cell in barcodes(5))
    (folder / "fragments.tsv.gz").write_bytes(gzip.compress(lines.encode()))
    (folder / "fragments.tsv").write_text(lines)
    with warnings.catch_warnings():
        # anndata speaks of its own plans
        warnings.simplefilter("ignore")
        table.write_zarr(folder / "store")
    shutil.make_archive(str(folder / "zarr"), "zip", folder / "store")
    shutil.copy(AWKWARD / "anndata_v0.5.0_cut.h5ad", folder / "old.h5ad")
    shutil.copy(AWKWARD / "anndata_v0.7.8.h5ad", folder / "middle.h5ad")
    return sorted(each for each in folder.iterdir() if each.is_file())


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file in one of the ways in which files are damaged."""
    kind = rng.integers(6)
    place = int(rng.integers(len(content)))
    length = int(rng.integers(1, max(2, min(4096, len(content) // 4))))
    array = np.frombuffer(content, np.uint8).copy()
    if kind <= 1:
        places = rng.integers(0, len(array), int(rng.integers(1, 40)))
        array[places] = rng.integers(0, 256, len(places))
    elif kind == 2:
        return content[:place]
    elif kind == 3:
        array[place : place + length] = 0
    elif kind == 4:
        return content[:place] + rng.bytes(length) + content[place:]
    else:
        return content[:place] + content[place + length :]
    return array.tobytes()


class Reader:
    """The process that reads; it is started anew when a file ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, path: Path) -> str:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.engine.data.readers.storm_reader"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], SECONDS_A_FILE)
        answer = process.stdout.readline().strip() if ready else ""
        if not answer:
            self.stop()
            return "crashed" if ready else "hung"
        return answer

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None


@pytest.fixture
def reader():
    found = Reader()
    yield found
    found.stop()


def storm(whole: list[Path], reader: Reader, folder: Path, count: int, seed: int) -> Counter[str]:
    rng = np.random.default_rng(seed)
    outcomes: Counter[str] = Counter()
    odd = []
    for i in range(count):
        source = whole[i % len(whole)]
        path = folder / f"{i}-{source.name}"
        path.write_bytes(damaged(source.read_bytes(), rng))
        found = reader(path)
        outcomes[found] += 1
        if found not in ("read", "refused"):
            odd.append((source.name, i, found))
    # a crash or a hang of libhdf5 harms the process that reads, which is there to be harmed
    assert [each for each in odd if each[2] not in ("crashed", "hung") or not each[0].endswith(HDF5)] == []
    assert len(odd) <= 0.02 * count, odd
    return outcomes


def test_whole_files_are_read(whole, reader):
    assert len(whole) >= 16
    assert {path.name: reader(path) for path in whole} == {path.name: "read" for path in whole}


def test_sixty_damaged_files_end_in_contents_or_in_words(whole, reader, tmp_path):
    outcomes = storm(whole, reader, tmp_path, 60, seed=0)
    # damage that no one notices is rare enough for most to be refused
    assert outcomes["refused"] >= 25


@pytest.mark.long
def test_five_hundred_damaged_files_end_in_contents_or_in_words(whole, reader, tmp_path):
    outcomes = storm(whole, reader, tmp_path, 500, seed=1)
    assert outcomes["refused"] >= 200
