from __future__ import annotations

import json

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis import report
from monae_app.engine.analysis.metrics import rounded, score
from monae_app.engine.analysis.report import PACKAGES, Stopwatch, make_report, resources, score_cells, scored_rows


@pytest.fixture
def cells() -> ad.AnnData:
    rng = np.random.default_rng(0)
    obs = pd.DataFrame(
        {
            "modality": pd.Categorical(["rna"] * 60 + ["atac"] * 60),
            "cell_type": pd.Categorical(list("abc") * 40),
            "lineage": pd.Categorical(list("aab") * 40),
            "pair_id": pd.Categorical([f"p{i % 60}" for i in range(120)]),
        },
        index=[f"c{i}" for i in range(120)],
    )
    place = rng.normal(size=(3, 4))[np.arange(120) % 3] + rng.normal(0, 0.4, (120, 4))
    return ad.AnnData(obs=obs, obsm={"X_monae": place.astype(np.float32)})


def test_cells_are_scored_by_their_columns(cells):
    arrays = (cells.obs[name].astype(str).to_numpy() for name in ("modality", "cell_type", "pair_id"))
    assert score_cells(cells, "cell_type", "pair_id") == rounded(score(cells.obsm["X_monae"], *arrays))


@pytest.mark.parametrize("label", [None, "no such column"])
def test_without_a_label_column_labels_are_not_scored(cells, label):
    found = score_cells(cells, label, "pair_id")
    assert set(found) == {"cells", "same_modality", "sas", "foscttm", "pairs"}
    assert set(score_cells(cells, label, None)) == {"cells", "same_modality", "sas"}


def test_batches_are_scored_by_the_columns_that_the_run_names(cells, planted_config):
    cells.obs["lane"] = pd.Categorical(list("xy") * 60)
    cells.obs["input_modality"] = pd.Categorical(["early"] * 30 + ["late"] * 90)
    place, batch = cells.obsm["X_monae"], {"lane": cells.obs["lane"].to_numpy(str)}
    one = score_cells(cells, None, None, ("lane", "no such column"))
    assert set(one) == {"cells", "same_modality", "sas", "ilisi", "kbet"}
    assert one == rounded(score(place, cells.obs["modality"].to_numpy(str), batch=batch))
    # under the name that the table gives a column that clashes with one of its own
    batch["modality"] = cells.obs["input_modality"].to_numpy(str)
    both = score_cells(cells, None, None, ("lane", "modality"))
    assert both == rounded(score(place, cells.obs["modality"].to_numpy(str), batch=batch))
    assert both["ilisi_modality"] != both["ilisi_lane"] == one["ilisi"]
    about = {"dataset": {"labels": [], "warnings": []}}
    config = planted_config.model_copy(update={"batch_key": ("lane",)})
    assert make_report(config, cells, about, ())["metrics"] == score_cells(cells, None, "pair_id", ("lane",))


def test_samples_are_scored_as_batches_where_they_were(cells):
    cells.obs["sample"] = pd.Categorical(list("xy") * 60)
    assert "ilisi" not in score_cells(cells, None, None)
    # the run says which batch a cell is of only where there are several
    cells.obs["monae_batch"] = cells.obs["sample"]
    found = score_cells(cells, None, None)
    batch = {"sample": cells.obs["sample"].to_numpy(str)}
    assert found == rounded(score(cells.obsm["X_monae"], cells.obs["modality"].to_numpy(str), batch=batch))
    assert {"ilisi", "kbet"} <= set(found)


@pytest.mark.parametrize(
    ("labels", "used"),
    [(["lineage", "cell_type"], "cell_type"), (["lineage"], "lineage"), ([], None)],
)
def test_the_report_says_which_label_was_scored(cells, planted_config, labels, used):
    about = {"device": "cpu", "steps": 3, "anchors": 5, "dataset": {"labels": labels, "warnings": ["thin", "odd"]}}
    found = make_report(planted_config, cells, about, ("odd", "left out"))
    assert found["label"] == used
    assert found["metrics"] == score_cells(cells, used, "pair_id")
    assert ("label_transfer" in found["metrics"]) == (used is not None)
    assert found["seed"] == planted_config.seed
    assert (found["device"], found["steps"], found["anchors"]) == ("cpu", 3, 5)
    assert found["warnings"] == ["odd", "left out", "thin"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_report_names_the_versions(cells, planted_config):
    about = {"dataset": {"labels": [], "warnings": []}}
    versions = make_report(planted_config, cells, about, ())["versions"]
    assert set(versions) == {"python", *PACKAGES}
    assert versions["numpy"] == np.__version__


def test_a_stopwatch_times_every_stage():
    watch = Stopwatch()
    with watch.stage("read"):
        pass
    with watch.stage("train"):
        sum(range(3_000_000))
    assert list(watch.seconds) == ["read", "train"]
    assert watch.seconds["train"] >= watch.seconds["read"] >= 0


def test_resources_are_plausible():
    found = resources("cpu")
    assert found["device"] == "cpu"
    assert found["cpu_seconds"] > 0
    assert 50 < found["peak_memory_mb"] < 1e6


def test_of_very_many_cells_some_are_scored_and_no_pair_is_torn_apart(cells, monkeypatch):
    every = score_cells(cells, "cell_type", "pair_id")
    assert "scored_cells" not in every
    monkeypatch.setattr(report, "MOST_SCORED", 60)
    rows = scored_rows(cells.obs, "pair_id")
    assert len(rows) == 60
    assert (np.diff(rows) > 0).all()
    pairs = cells.obs["pair_id"].iloc[rows].astype(str)
    assert (pairs.value_counts() == 2).all()
    found = score_cells(cells, "cell_type", "pair_id")
    assert (found["cells"], found["scored_cells"], found["pairs"]) == (120, 60, 30)
    assert found["foscttm"] == pytest.approx(every["foscttm"], abs=0.1)
    # without pairs, cells are drawn one by one
    alone = scored_rows(cells.obs.assign(pair_id="-1"), "pair_id")
    assert len(np.unique(cells.obs["modality"].iloc[alone])) == 2
