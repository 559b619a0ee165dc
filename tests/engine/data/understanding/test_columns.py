from __future__ import annotations

import numpy as np
import pandas as pd

from monae_app.engine.data.understanding.columns import batch_columns, label_columns, look_at

N = 400


def obs(**columns):
    return pd.DataFrame(columns, index=[f"cell{i}" for i in range(N)])


def drawn(values, seed=0, p=None):
    return np.random.default_rng(seed).choice(values, N, p=p)


def test_labels_and_batches_among_hundreds_of_columns():
    rng = np.random.default_rng(0)
    table = obs(
        **{f"score_{i}": rng.normal(size=N) for i in range(150)},
        **{f"flag_{i}": rng.random(N) < 0.5 for i in range(100)},
        barcode=[f"AC{i}" for i in range(N)],
        cell_type=drawn(["B", "T", "Mono"]),
        cell_type_fine=drawn(list("abcdefgh")),
        annotation_id=[f"id{i}" for i in range(N)],
        cluster_constant=["one"] * N,
        donor=drawn(["d1", "d2"]),
        library=[f"lib{i}" for i in range(N)],
        n_counts=rng.poisson(1000, N),
    )
    assert label_columns([table]) == ["cell_type", "cell_type_fine"]
    assert batch_columns([table]) == ["donor"]


def test_a_column_of_cell_kinds_is_a_label_under_any_name():
    table = obs(final=drawn(["CD4 T cell", "B cell", "Astrocyte", "Microglia"]), colour=drawn(["red", "blue"]))
    assert label_columns([table]) == ["final"]
    assert batch_columns([table]) == []


def test_a_column_that_is_named_well_but_mostly_empty_comes_after_a_full_one():
    rare = np.where(np.arange(N) < 20, "B", None)
    rare[0] = "T"
    table = obs(cell_type_x=rare, cell_type_longer_name=drawn(["B", "T"]))
    assert label_columns([table]) == ["cell_type_longer_name", "cell_type_x"]


def test_columns_of_all_tables_are_ranked_together():
    first, second = obs(leiden=drawn(list("0123"))), obs(cell_type=drawn(["B", "T"]), batch=drawn([1, 2]))
    assert label_columns([first, second]) == ["cell_type", "leiden"]
    assert batch_columns([first, second]) == ["batch"]


def test_what_tells_no_kinds_of_cells_is_not_looked_at_further():
    assert look_at(pd.Series(np.linspace(0, 1, N))) is None
    assert look_at(pd.Series(["same"] * N)) is None
    assert look_at(pd.Series([None] * N, dtype=object)) is None
    assert look_at(pd.Series(["other"] + ["same"] * (100 * N))) is None
    assert look_at(pd.Series([str(i) for i in range(N)])) is None
    found = look_at(pd.Series(pd.Categorical(["B", "T"] * 50 + [None] * 100, categories=["B", "T", "unused"])))
    assert (found.n_unique, found.share_given) == (2, 0.5)
    assert abs(found.balance - 1) < 1e-9
