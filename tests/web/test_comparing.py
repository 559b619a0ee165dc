"""What the Differential page orders, and what comes of it when the measured files change."""

from __future__ import annotations

import json
import shutil

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.jobs.comparisons import Comparisons
from monae_app.jobs.short_work import perform
from monae_app.web.app import create_app
from monae_app.web.settings import Settings
from tests.web.test_short_jobs_of_users import browser, issue
from tests.web.tiny_sample import write_sample

ASTRO = ["obs:cell_type=Astro"]


@pytest.fixture
def changing(tmp_path):
    """A sample of this test's own, which it may write to."""
    return write_sample(tmp_path / "samples")


def sent(client, callback: dict, values: dict) -> dict:
    """Call a callback as a page does; what has no value in ``values`` is None."""

    def valued(said: dict) -> dict:
        return said | {"value": values.get(said["id"])}

    pairs = [each.split("@")[0].rsplit(".", 1) for each in callback["output"].strip(".").split("...")]
    outputs = [{"id": name, "property": what} for name, what in pairs]
    body = {
        "output": callback["output"],
        "outputs": outputs if callback["output"].startswith("..") else outputs[0],
        "inputs": [valued(each) for each in callback["inputs"]],
        "changedPropIds": ["differential-asked.data"],
        "state": [valued(each) for each in callback["state"]],
    }
    return json.loads(client.post("/_dash-update-component", json=body).data)["response"]


def test_the_table_of_a_comparison_is_read_once_for_the_page(tmp_path, samples_root, monkeypatch):
    settings, read = Settings(store=tmp_path), []
    client, kept = browser(create_app(settings, samples_root)), Comparisons(settings.store, "local")
    table = pd.DataFrame({"feature": ["Gene0", "Gene1"], "score": [2.0, -1.0], "fdr": [0.01, 0.5], "p": [0.005, 0.4]})
    table = table.assign(log2_fold_change=[1.0, -0.5])
    about = {"modality": "rna", "names": ["a", "b"], "cells": [1, 1], "features": 2, "test": "t", "lines": ["x"]}
    kept.write("0" * 40, about, table)
    whole = Comparisons.table
    monkeypatch.setattr(Comparisons, "table", lambda self, key: read.append(key) or whole(self, key))
    asked = {"key": "0" * 40, "run": "sample-tiny"}
    found: dict = {}
    for callback in json.loads(client.get("/_dash-dependencies").data):
        if any(each["id"] == "differential-asked" for each in callback["inputs"]):
            found |= sent(client, callback, {"differential-asked": asked, "theme": "light"})
    assert len(found["differential-table"]["rowData"]) == 2
    assert found["differential-volcano"]["figure"]["data"]
    assert read == ["0" * 40]


def test_a_replaced_input_file_is_compared_anew(tmp_path, changing):
    settings = Settings(store=tmp_path / "store")
    client = browser(create_app(settings, tmp_path / "samples"))
    kept = Comparisons(settings.store, "local")

    def compared() -> str:
        ticket = issue(client, "differential", "sample-tiny", ASTRO, [], "rna", None)["differential-ticket"]["data"]
        return perform(settings.store, ticket, lambda _share, _text: None)["result"]["key"]

    key = compared()
    before = kept.table(key).set_index("feature")["mean_first"]
    assert compared() == key
    table = ad.read_h5ad(changing / "rna.h5ad")
    table.X = table.X.multiply(np.arange(table.n_vars) > 0).tocsr()
    table.write_h5ad(changing / "rna.h5ad")
    after = kept.table(compared()).set_index("feature")["mean_first"]
    assert before["Gene0"] > 0
    assert after["Gene0"] == 0
    # what the other modality is measured in says nothing about it
    key = compared()
    shutil.copy(changing / "atac.h5ad", changing / "other.h5ad")
    (changing / "other.h5ad").replace(changing / "atac.h5ad")
    assert compared() == key
