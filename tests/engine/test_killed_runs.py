"""Wherever a run is killed, nothing that was finished is computed again, and the result is the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from monae_app.engine import kept_stages
from monae_app.engine.data.planted import make_planted
from monae_app.engine.pipeline import run
from monae_app.engine.result import CHECKPOINT, REPORT, STAGES, Result, write_config
from monae_app.jobs.archive import export_run
from tests.engine.small_runs import hasty_runs, small_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from monae_app.engine.config import RunConfig

# small enough that a run of 78 cells has several shards wherever there are shards
SHARDS = {
    "data.in_blocks.BLOCK_CELLS": 40,
    "training.learned.KEPT_AT_ONCE": 40,
    "training.learned.CELLS_AT_ONCE": 25,
    "training.feature_regression.FEATURES_AT_ONCE": 25,
    "analysis.outcome.VALUES_A_SHARD": 20_000,
}
BEFORE_TRAINING = [
    "choice of genes",
    "choice of peaks",
    "PCA of rna",
    "LSI of atac",
    "components of rna/0-40",
    "components of rna/40-78",
    "batches beside kinds of cells",
    "evidence of rna and atac",
    "PCA of genes linked to atac",
    "components of genes linked to atac/40-78",
    "anchors of rna and atac/scores/links borne out/first scores",
    "anchors of rna and atac/scores/links borne out",
    "anchors of rna and atac/scores",
    "anchors of rna and atac/first anchors/neighbours there",
    "anchors of rna and atac/first anchors/neighbours back",
    "anchors of rna and atac/first anchors/neighbours of 0",
    "anchors of rna and atac/first anchors/neighbours of the other of 1",
    "anchors of rna and atac/first anchors",
    "anchors of rna and atac/anchors once aligned, 1",
    "anchors of rna and atac",
    "links between rna and atac borne out",
    "summary",
]
AFTER_TRAINING = [
    "embedding of rna/0-40",
    "embedding of atac/40-78",
    "embedding of rna held out",
    "regression of features of rna/shards/0-25",
    "regression of features of rna/shards/25-50",
    "regression of features of rna",
    "confidence of atac",
    "normalisers of rna as atac/0-50",
    "normalisers of rna as atac/100-130",
    "clusters and map/neighbours",
    "clusters and map/clusters",
    "clusters and map/map",
    "clusters and map",
    "counterparts of cells",
    "refined graph",
    "consistency of rna and atac/10 metacells",
    "consistency of rna and atac",
    "scores/neighbours",
    "scores/across modalities",
    "scores",
]


class Killed(BaseException):
    """What no handler of errors sees, like the end of a process."""


@pytest.fixture(scope="module", autouse=True)
def small_shards() -> Iterator[None]:
    with hasty_runs(), pytest.MonkeyPatch.context() as patch:
        for name, number in SHARDS.items():
            patch.setattr(f"monae_app.engine.{name}", number)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    planted = make_planted(n_cells=130, n_genes=120, n_peaks=400, n_types=3, seed=4)
    planted.write(folder)
    genes, peaks = planted.rna.var_names[:3], planted.atac.var_names.to_numpy()
    drawn = np.random.default_rng(0).random((3, len(peaks))) < 0.3
    rows = [(peak, gene) for gene, mine in zip(genes, drawn, strict=True) for peak in peaks[mine]]
    pd.DataFrame(rows, columns=["peak", "motif"]).to_csv(folder / "motifs.tsv", sep="\t", index=False)
    return folder


def config_of(folder: Path, **changes: object) -> RunConfig:
    return small_config(folder, **({"steps": 6, "held_out": 0.4} | changes))


@pytest.fixture(scope="module")
def whole(folder: Path) -> Result:
    """Nobody disturbed it."""
    return run(config_of(folder), folder / "whole")


class Watched:
    """Follows what is kept, and kills the run in the place of keeping something."""

    def __init__(self, stages: Path, patch: pytest.MonkeyPatch) -> None:
        self.stages, self.kept, self.kill_after, self.fatal = stages, Counter[str](), sys.maxsize, ""
        self._write = kept_stages.write_atomically
        patch.setattr(kept_stages, "write_atomically", self)

    def __call__(self, path: Path, write: Callable[[Path], object], **settings: bool) -> None:
        name = str(path.relative_to(self.stages)).removesuffix(kept_stages.ENDING)
        if not self.kill_after or name == self.fatal:
            raise Killed
        self.kill_after -= 1
        self._write(path, write, **settings)
        self.kept[name] += 1


def killed_again_and_again(config: RunConfig, out: Path, watched: Watched, every: int) -> tuple[Result, int]:
    for kills in range(100):
        watched.kill_after = every
        try:
            return run(config, out, resume=kills > 0), kills
        except Killed:
            assert not (out / REPORT).exists()
    pytest.fail("it did not come on")


def same(first: Result, second: Result) -> None:
    for one, other in ((first.cells, second.cells), (first.features, second.features)):
        for name in one.obsm:
            np.testing.assert_array_equal(one.obsm[name], other.obsm[name], err_msg=name)
        for name in one.obsp:
            assert (one.obsp[name] != other.obsp[name]).nnz == 0, name
        pd.testing.assert_frame_equal(one.obs, other.obs)
    apart = ("timings", "cpu_seconds", "peak_memory_mb", "graph_stage")
    one, other = (
        {name: each for name, each in result.report.items() if name not in apart} for result in (first, second)
    )
    assert one == other


def test_killed_between_any_two_results_it_computes_none_of_them_twice(folder, whole, tmp_path, monkeypatch):
    watched = Watched(tmp_path / "run" / STAGES, monkeypatch)
    found, kills = killed_again_and_again(config_of(folder), tmp_path / "run", watched, every=7)
    assert kills >= 9
    same(found, whole)
    missing = [name for name in (*BEFORE_TRAINING, *AFTER_TRAINING) if name not in watched.kept]
    assert not missing
    assert set(watched.kept.values()) == {1}
    assert not (tmp_path / "run" / STAGES).exists()


def test_monae_e_goes_on_within_its_graph_stage(folder, tmp_path, monkeypatch):
    changes = {
        "model": "monae-e",
        "motif_peaks": folder / "motifs.tsv",
        "graph_stage_steps": 6,
        "steps": 4,
        "held_out": 0.0,
    }
    config = config_of(folder, **changes)
    undisturbed = run(config, tmp_path / "whole")
    monkeypatch.setattr("monae_app.engine.training.graph_stage.SECONDS_BETWEEN_STATES", -1.0)
    watched = Watched(tmp_path / "run" / STAGES, monkeypatch)
    found, _ = killed_again_and_again(config, tmp_path / "run", watched, every=29)
    same(found, undisturbed)
    assert watched.kept.pop("whole graph/moved vectors") == 6
    assert {"whole graph/starting vectors of rna", "whole graph"} <= set(watched.kept)
    assert set(watched.kept.values()) == {1}


# Forked before anything is computed, so that only one process loads torch.
CHILD = """
import os, signal, sys
from pathlib import Path
from monae_app.engine import kept_stages
from monae_app.engine.pipeline import run
from monae_app.engine.result import read_config

write, out = kept_stages.write_atomically, Path(sys.argv[1])

def killed_at(fatal):
    def killed(path, content, **settings):
        if path.stem == fatal:
            path.with_name(f".{path.name}.{os.getpid()}.tmp").write_bytes(b"half of it")
            os.kill(os.getpid(), signal.SIGKILL)
        write(path, content, **settings)

    kept_stages.write_atomically = killed
    run(read_config(out), out, resume=True)

for fatal in sys.argv[2:]:
    child = os.fork()
    if not child:
        killed_at(fatal)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.long
def test_a_process_that_is_killed_for_good_leaves_what_it_had_finished(folder, tmp_path, monkeypatch):
    out = folder / "shot"
    out.mkdir()
    config = config_of(folder, umap_min_dist=0.4)
    write_config(out, config)
    fatal = ("first anchors", "counterparts of cells")
    children = subprocess.run(
        [sys.executable, "-c", CHILD, str(out), *fatal], env=os.environ, check=True, capture_output=True, text=True
    )
    assert children.stdout.split() == [str(-signal.SIGKILL)] * 2
    assert [(out / name).exists() for name in (REPORT, CHECKPOINT)] == [False, True]
    watched, events = Watched(out / STAGES, monkeypatch), []
    run(config, out, on_event=events.append, resume=True)
    assert set(watched.kept) & {"clusters and map", "regression of features of rna", "first anchors"} == set()
    assert "counterparts of cells" in watched.kept
    assert not [event for event in events if "step" in event]
    before, after = [event for event in events if event.get("message", "").startswith("Taken from before")]
    assert (before["stage"], after["stage"]) == ("preprocess", "analyse")
    assert "PCA of rna" in before["message"]
    assert "components of rna (1 part)" in before["message"]
    assert "clusters and map" in after["message"]
    assert not (out / STAGES).exists()


def test_a_longer_budget_takes_what_came_before_training_and_nothing_that_came_after(folder, tmp_path, monkeypatch):
    out = tmp_path / "run"
    watched = Watched(out / STAGES, monkeypatch)
    watched.fatal = "clusters and map/clusters"
    with pytest.raises(Killed):
        run(config_of(folder), out)
    before = set(watched.kept)
    assert "clusters and map/neighbours" in before
    watched.fatal = ""
    watched.kept.clear()
    longer = run(config_of(folder, steps=9), out, resume=True)
    assert longer.report["steps"] == 9
    again = before & set(watched.kept)
    assert set(AFTER_TRAINING) & before <= again
    assert not again & {*BEFORE_TRAINING, "components of atac/0-40"}


def test_other_files_other_settings_and_a_fresh_start_take_nothing(folder, tmp_path, monkeypatch):
    out = tmp_path / "run"
    watched = Watched(out / STAGES, monkeypatch)

    def kept_until_killed(after: int, **changes: object) -> list[str]:
        watched.kept.clear()
        watched.kill_after = after
        with pytest.raises(Killed):
            run(config_of(folder, **changes), out, resume=bool(changes) or after == 3)
        return list(watched.kept)

    first = kept_until_killed(4)
    assert kept_until_killed(4, seed=1) == first
    # of seed 1 again: these are there, and three more follow
    assert not set(kept_until_killed(3, seed=1)) & set(first)
    # not resumed: all of it is removed
    assert kept_until_killed(4) == first
    os.utime(folder / "rna.h5ad")
    assert kept_until_killed(3) == first[:3]


def test_a_run_in_an_archive_brings_no_stages(folder, whole, tmp_path):
    import zipfile

    (folder / "whole" / STAGES).mkdir()
    (folder / "whole" / STAGES / "one.safetensors").write_bytes(b"of another run")
    export_run(folder / "whole", tmp_path / "run.zip", checkpoint=True)
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        assert not [name for name in archive.namelist() if STAGES in name]
    kept_stages.forget(folder / "whole")
