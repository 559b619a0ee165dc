from __future__ import annotations

from types import SimpleNamespace

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis.group_map import map_rows, rows_of_groups
from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError


@pytest.fixture(scope="module")
def result():
    generator = np.random.default_rng(0)
    groups = np.repeat(["a", "b", "c"], 40)
    # Two halves of "b" differ in a direction in which the groups do not.
    centres = {"a": (20, 0), "b": (0, 20), "c": (-20, -20)}
    latent = generator.normal(0, 0.3, (120, 4))
    latent[:, :2] += [centres[group] for group in groups]
    half = np.arange(120) % 2 * 4.0
    latent[:, 2] += np.where(groups == "b", half, 0)
    cells = ad.AnnData(obs=pd.DataFrame({"group": pd.Categorical(groups)}, index=[f"cell{i}" for i in range(120)]))
    cells.obsm["X_monae"] = latent.astype(np.float32)
    config = make_config(inputs={"rna": "rna.h5ad"}, genome="mm10", umap_neighbors=10)
    return SimpleNamespace(cells=cells, config=config)


def test_rows_of_groups_are_theirs_in_order(result):
    rows = rows_of_groups(result, "group", ["c", "a"])
    assert rows.tolist() == [*range(40), *range(80, 120)]


@pytest.mark.parametrize(("column", "groups"), [("none", ["a"]), ("group", []), ("group", ["x"])])
def test_what_has_no_cells_is_refused(result, column: str, groups: list[str]):
    with pytest.raises(InputError):
        rows_of_groups(result, column, groups)


def test_the_map_of_one_group_shows_what_differs_within_it_and_repeats(result):
    rows = rows_of_groups(result, "group", ["b"])
    xy = map_rows(result, rows)
    assert (xy.shape, xy.dtype) == ((40, 2), np.float32)
    halves = [xy[rows % 2 == side] for side in (0, 1)]
    apart = np.linalg.norm(halves[0].mean(0) - halves[1].mean(0))
    within = max(np.linalg.norm(half - half.mean(0), axis=1).mean() for half in halves)
    assert apart > 2 * within
    np.testing.assert_array_equal(xy, map_rows(result, rows))
