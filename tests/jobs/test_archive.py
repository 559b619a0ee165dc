from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.jobs.about import About, read_about, write_about
from monae_app.jobs.archive import Halted, Watch, archive_name, export_run
from monae_app.jobs.archive_import import import_run, imported, inputs_are_here, sweep_imports
from monae_app.jobs.redaction import Redaction
from tests.jobs.archives import ROOM, check, contents, packed, same_tables
from tests.web.tiny_sample import write_sample


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_sample(tmp_path_factory.mktemp("lab of Ann")) / "run"
    (folder / "log.txt").write_text(
        f"2026-01-01 INFO reading {folder.parent}/rna.h5ad of 80 cells and/or peaks\n"
        f'  File "/opt/python/lib/site-packages/x.py", line 3\nwrote {json.dumps(str(folder))}\n'
        "see https://example.org/a/b and C:\\\\Users\\\\ann\\\\rna.h5ad\n"
    )
    said = {"state": "done", "name": "Cortex", "pid": 77, "message": f"Wrote {folder}/cells.h5ad", "step": 10}
    (folder / "status.json").write_text(json.dumps(said))
    write_about(folder, About("My cortex", "A note", {"inputs": {"rna": ["data:secret"]}}, "20260101-1"))
    return folder


@pytest.fixture(scope="module")
def archive(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "run.zip"
    export_run(run, path)
    return path


def test_an_exported_run_is_imported_as_it_was(run, archive, registry):
    record = import_run(registry, archive, room=ROOM)
    before, after = Result.load(run), Result.load(record.folder)
    same_tables(before.cells, after.cells)
    same_tables(before.features, after.features)
    assert after.report == before.report
    assert after.modalities == before.modalities
    assert (record.status.state, record.status.name, record.finished) == ("done", "My cortex", True)
    assert read_about(record.folder) == About("My cortex", "A note")
    assert [each.id for each in registry.list()] == [record.id]
    assert (record.folder.stat().st_mode & 0o777, sorted(path.name[0] for path in registry.runs.parent.iterdir())) == (
        0o700,
        ["r"],
    )


def test_an_imported_run_reads_no_file_of_this_machine(run, archive, registry, tmp_path):
    files = contents(archive)
    stolen = tmp_path / "secret.h5ad"
    stolen.write_bytes((run.parent / "rna.h5ad").read_bytes())
    settings = json.loads(files["config.json"]) | {
        "inputs": {"rna": [str(stolen), "../../secret.h5ad", "/etc/passwd"], "atac": ".."},
        "bed": "/etc/passwd",
        "peaks": "..\\x",
    }
    hostile = packed(tmp_path / "hostile.zip", files | {"config.json": json.dumps(settings).encode()})
    record = import_run(registry, hostile, room=ROOM)
    config = record.files.read_config()
    named = [*(path for paths in config.inputs.values() for path in paths), config.bed, config.peaks]
    assert {path.parent for path in named} == {record.folder / "absent"}
    assert not any(path.exists() for path in named)
    assert imported(config)
    assert not inputs_are_here(config)
    assert [path.name for path in config.inputs["rna"]] == ["1_secret.h5ad", "2_secret.h5ad", "passwd"]


def test_no_path_of_this_machine_leaves_with_a_run(run, archive):
    files = contents(archive)
    assert set(files) == {path.name for path in run.iterdir()}
    everything = b"".join(content for name, content in files.items() if not name.endswith("h5ad"))
    for trace in (str(run.parent), str(run.parents[1]), "/opt/python", "Users", "site-packages", "pid", "secret"):
        assert trace.encode() not in everything, trace
    assert b"and/or peaks" in everything
    assert b"https://example.org/a/b" in everything
    assert json.loads(files["config.json"])["inputs"] == {"rna": "rna.h5ad", "atac": "atac.h5ad"}


def test_texts_are_deflated_and_tables_stored(archive):
    with zipfile.ZipFile(archive) as file:
        kinds = {each.filename: each.compress_type for each in file.infolist()}
    assert kinds["cells.h5ad"] == kinds["features.h5ad"] == zipfile.ZIP_STORED
    assert kinds["report.json"] == kinds["log.txt"] == zipfile.ZIP_DEFLATED


def test_progress_and_stop_of_an_export(run, tmp_path):
    told: list[tuple[int, int]] = []
    export_run(run, tmp_path / "a.zip", watch=Watch(lambda done, total: told.append((done, total))))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] > 0
    with pytest.raises(Halted):
        export_run(run, tmp_path / "b.zip", watch=Watch(should_stop=lambda: True))
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_what_is_private_stays_out_where_it_is_not_asked_for(run, tmp_path):
    export_run(run, tmp_path / "a.zip", log=False)
    assert not {"log.txt", "progress.jsonl", "about.json"} & set(contents(tmp_path / "a.zip"))


def test_an_import_that_is_stopped_leaves_nothing(archive, registry):
    with pytest.raises(Halted):
        import_run(registry, archive, room=ROOM, watch=Watch(should_stop=lambda: True))
    assert [path.name for path in registry.runs.parent.rglob("*")] == ["runs"]


def test_a_checkpoint_without_a_result_is_imported_as_cancelled(run, archive, registry, tmp_path):
    from safetensors.numpy import save

    files = {name: content for name, content in contents(archive).items() if not name.endswith("h5ad")}
    del files["report.json"]
    checkpoint = {"checkpoint.safetensors": save({"network.weight": np.ones(3, np.float32)})}
    record = import_run(registry, packed(tmp_path / "a.zip", files | checkpoint), room=ROOM, name=" Half\na run ")
    assert (record.status.state, record.status.name) == ("cancelled", "Half a run")
    assert not inputs_are_here(record.files.read_config())
    with pytest.raises(InputError, match="neither a result nor a checkpoint"):
        import_run(registry, packed(tmp_path / "b.zip", files), room=ROOM)


def test_a_run_is_not_imported_where_there_is_no_room(archive, registry):
    with pytest.raises(InputError, match="room for"):
        import_run(registry, archive, room=1000)


def test_a_folder_packed_by_hand_is_imported(archive, registry, tmp_path):
    files = {f"My run/{name}": content for name, content in contents(archive).items()}
    assert import_run(registry, packed(tmp_path / "a.zip", files), room=ROOM, check=check).finished


def test_leftovers_are_swept(tmp_path, registry):
    left = registry.runs.parent / ".importing-abc"
    left.mkdir(parents=True)
    sweep_imports(tmp_path / "store")
    assert left.exists()
    sweep_imports(tmp_path / "store", older_than=-1)
    assert not left.exists()


def test_paths_become_names(tmp_path):
    texts = {
        "read /a/b c": "read b c",
        "/srv/data/x.h5ad: no": "x.h5ad: no",
        "rna/atac 3/4 https://a.b/c/d": "rna/atac 3/4 https://a.b/c/d",
        '{"path": "/a b/x"}': '{"path": "/a b/x"}',
        "D:\\lab\\x.h5ad": "x.h5ad",
    }
    for text, plain in texts.items():
        assert Redaction().text(text) == plain
    assert Redaction([Path("/a b")]).text('{"path": "/a b/x"}') == '{"path": "x"}'


def test_the_name_of_an_archive_is_a_plain_name():
    assert archive_name("../My run: α/β").endswith(".monae.zip")
    assert "/" not in archive_name("../My run: α/β")


def test_samples_of_one_name_keep_apart(tmp_path):
    from monae_app.jobs.archive import plain_config

    config = make_config(inputs={"rna": ["a/x.h5ad", "b/x.h5ad"]}, genome="mm10")
    assert plain_config(config)["inputs"]["rna"] == ["1_x.h5ad", "2_x.h5ad"]
