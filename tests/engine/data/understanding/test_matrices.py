from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.data.contents import Matrix
from monae_app.engine.data.understanding.matrices import choose_matrix, kind_of
from monae_app.engine.errors import InputError

COUNTS = np.random.default_rng(1).poisson(2, (6, 4)) + np.eye(6, 4, dtype=int)
LOGS = np.log1p(COUNTS) * 1.1
SCALED = LOGS - LOGS.mean(axis=0)
MASK = (COUNTS > 1).astype(int)
GENES = list("abcd")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (COUNTS, "counts"),
        (COUNTS.astype(np.float32), "counts"),
        (COUNTS.astype(np.uint8), "counts"),
        (COUNTS > 2, "counts"),
        (sp.csc_matrix(COUNTS), "counts"),
        (LOGS, "continuous"),
        (SCALED, "scaled"),
        (COUNTS - 3, "negative"),
        (np.where(COUNTS > 2, np.nan, COUNTS), "gaps"),
        (np.zeros((6, 4)), "zeros"),
        (sp.csr_matrix((6, 4)), "zeros"),
        (np.zeros((6, 0)), "zeros"),
    ],
)
def test_values_are_told_apart(values, kind):
    assert kind_of(Matrix.of(values)) == kind


@pytest.mark.parametrize(
    ("matrices", "name", "because"),
    [
        ({"X": COUNTS, "counts": COUNTS}, "X", ""),
        ({"X": LOGS, "counts": COUNTS}, "counts", "X holds continuous values"),
        ({"X": SCALED, "raw": COUNTS, "raw_counts": COUNTS}, "raw_counts", "scaled"),
        ({"X": LOGS, "raw": COUNTS}, "raw", "continuous"),
        ({"X": LOGS, "raw": LOGS, "counts": LOGS}, "X", ""),
        ({"X": LOGS, "spliced": COUNTS, "unspliced": COUNTS, "raw": LOGS}, "spliced", "continuous"),
        ({"X": LOGS, "unspliced": COUNTS, "mask": MASK}, "X", ""),
        ({"X": LOGS, "denoised": COUNTS}, "denoised", "continuous"),
        ({"X": np.zeros((6, 4)), "Counts": COUNTS}, "Counts", "X holds zeros alone"),
        ({"X": np.full((6, 4), np.nan), "umi_counts": COUNTS}, "umi_counts", "gaps"),
        ({"X": COUNTS - 3}, "X", ""),
        ({"spliced": COUNTS, "counts": COUNTS}, "counts", "there is no X"),
        ({"logs": LOGS}, "logs", "there is no X"),
    ],
)
def test_counts_are_found_wherever_they_are(part, matrices, name, because):
    found = choose_matrix(part(GENES, matrices))
    assert found.name == name
    assert because in found.because
    assert bool(found.because) == bool(because)


def test_a_matrix_can_be_named(part):
    given_part = part(GENES, {"X": COUNTS, "logs": LOGS})
    assert choose_matrix(given_part, "logs").name == "logs"
    assert choose_matrix(given_part, "logs").kind == "continuous"
    with pytest.raises(InputError, match="no matrix 'raw'") as caught:
        choose_matrix(given_part, "raw")
    assert "'X', 'logs'" in caught.value.expected


def test_without_any_matrix_it_is_said(part):
    with pytest.raises(InputError, match="no matrix"):
        choose_matrix(part(GENES, {}))


NAMES = st.sampled_from(["X", "raw", "counts", "spliced", "unspliced", "logs"])
KINDS = {"counts": COUNTS, "logs": LOGS, "scaled": SCALED}


@given(st.dictionaries(NAMES, st.sampled_from(sorted(KINDS)), min_size=1))
def test_the_order_of_matrices_is_no_matter_and_counts_in_x_are_always_taken(kinds):
    from monae_app.engine.data.contents import Part

    def chosen(names):
        table = pd.DataFrame(index=range(6)), pd.DataFrame(index=GENES)
        return choose_matrix(Part(*table, {name: Matrix.of(KINDS[kinds[name]]) for name in names}))

    found = chosen(kinds)
    assert found.name in kinds
    if "X" in kinds or found.kind == "counts":
        assert chosen(reversed(kinds)).name == found.name
    if kinds.get("X") == "counts":
        assert found.name == "X"
    elif any(kinds.get(name) == "counts" for name in ("counts", "raw", "spliced")):
        assert found.kind == "counts"
