"""What the Differential page orders, and what comes of it when the measured files change."""

from __future__ import annotations

import shutil

import anndata as ad
import numpy as np
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
