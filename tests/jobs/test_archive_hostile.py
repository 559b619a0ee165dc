from __future__ import annotations

import json
import shutil
import zipfile
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.jobs.archive import export_run
from monae_app.jobs.archive_import import import_run
from monae_app.jobs.registry import Registry
from tests.jobs.archives import ROOM, check, contents, packed, same_tables
from tests.web.tiny_sample import write_sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("samples")) / "run"


@pytest.fixture(scope="module")
def archive(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "run.zip"
    export_run(run, path)
    return path


def with_report(change) -> Callable[[Files], Files]:
    def changed(files: Files) -> Files:
        report = json.loads(files["report.json"])
        change(report)
        return files | {"report.json": json.dumps(report).encode()}

    return changed


def with_file(name: str, content: bytes) -> Callable[[Files], Files]:
    return lambda files: files | {name: content}


HOSTILE: dict[str, Callable[[Files], Files]] = {
    "metrics": with_report(lambda report: report.update(metrics={"foscttm": "<b>0.1</b>"})),
    "modalities": with_report(lambda report: report["dataset"]["modalities"].pop("atac")),
    "label": with_report(lambda report: report.update(label="nothing")),
    "report": with_file("report.json", b"[" * 100_000),
    "settings": lambda files: files | {"config.json": files["config.json"].replace(b"batch_size", b"batch_sizes")},
    "settings are a list": with_file("config.json", b"[]"),
    "settings without end": with_file("config.json", b"[" * 100_000),
    "tables": lambda files: files | {"cells.h5ad": files["features.h5ad"]},
    "no table": with_file("cells.h5ad", b"no table"),
    "weights": with_file("weights.safetensors", b"\xff" * 40),
    "traversal": with_file("../../../evil.json", b"{}"),
    "above": with_file("../config.json", b"{}"),
    "absolute": with_file("/etc/config.json", b"{}"),
    "other file": with_file("absent/rna.h5ad", b"x"),
    "two runs": with_file("other/log.txt", b""),
    "no settings": lambda files: {name: content for name, content in files.items() if name != "config.json"},
    "bomb": with_file("log.txt", b"\0" * (50 << 20)),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_what_is_no_run_is_refused_in_words_and_leaves_nothing(archive, registry, tmp_path, how: str):
    hostile = packed(tmp_path / "hostile.zip", HOSTILE[how](contents(archive)))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError) as refused:
        import_run(registry, hostile, room=ROOM, check=check)
    assert str(tmp_path) not in str(refused.value)
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before and path.is_file()] == []
    assert registry.list() == []


def test_links_passwords_and_repeated_names_are_refused(archive, registry, tmp_path):
    files = contents(archive)
    link, twice, locked = (tmp_path / name for name in ("link.zip", "twice.zip", "locked.zip"))
    packed(link, files)
    with zipfile.ZipFile(link, "a") as file:
        member = zipfile.ZipInfo("weights.safetensors")
        member.external_attr = 0o120777 << 16
        file.writestr(member, "/etc/passwd")
    packed(twice, files)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(twice, "a") as file:
        file.writestr("report.json", b"{}")
    content = bytearray(archive.read_bytes())
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(mark) + place] |= 1
    locked.write_bytes(content)
    for path, said in ((link, "link"), (twice, "twice"), (locked, "password")):
        with pytest.raises(InputError, match=said):
            import_run(registry, path, room=ROOM)


def test_a_table_that_points_into_another_file_is_refused(run, archive, registry, tmp_path):
    for name, lead in {
        "link": lambda file: file.__setitem__(
            "obsm/X_other", h5py.ExternalLink(str(run / "cells.h5ad"), "/obsm/X_umap")
        ),
        "stored outside": lambda file: file["obsm"].create_dataset(
            "X_other", (240,), "u1", external=[(str(run / "cells.h5ad"), 0, 240)]
        ),
    }.items():
        table = tmp_path / "cells.h5ad"
        shutil.copy(run / "cells.h5ad", table)
        with h5py.File(table, "r+") as file:
            lead(file)
        hostile = packed(tmp_path / f"{name}.zip", contents(archive) | {"cells.h5ad": table.read_bytes()})
        with pytest.raises(InputError, match="points to another file"):
            import_run(registry, hostile, room=ROOM, check=check)


def test_a_corrupted_archive_is_a_good_run_or_words(run, archive, tmp_path):
    whole, generator = archive.read_bytes(), np.random.default_rng(0)
    before = Result.load(run)
    outcomes = {"run": 0, "words": 0}
    for number in range(60):
        content = bytearray(whole)
        if number % 3 == 0:
            del content[int(generator.integers(len(content))) :]
        else:
            # Half of them where the directory is: there a change is more than a wrong sum.
            low = 0 if number % 3 == 1 else len(content) - 1200
            for place in generator.integers(low, len(content), size=int(generator.integers(1, 4))):
                content[place] ^= int(generator.integers(1, 256))
        path = tmp_path / "bad.zip"
        path.write_bytes(content)
        registry = Registry(tmp_path / f"store{number}")
        try:
            record = import_run(registry, path, room=ROOM, check=check)
        except InputError:
            outcomes["words"] += 1
            assert registry.list() == []
            assert list(registry.runs.parent.iterdir()) == [registry.runs]
            continue
        outcomes["run"] += 1
        after = Result.load(record.folder)
        same_tables(before.cells, after.cells)
        assert after.report == before.report
    assert outcomes["words"] > 30
