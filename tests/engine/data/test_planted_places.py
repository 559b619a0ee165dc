from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.data.planted import make_planted
from monae_app.engine.data.planted.places import GENES_PER_CHROMOSOME, place_genes, place_peaks


@settings(max_examples=25, deadline=None)
@given(n_genes=st.integers(1, 2 * GENES_PER_CHROMOSOME + 5), n_peaks=st.integers(1, 400), seed=st.integers(0, 99))
def test_peaks_never_overlap_and_stay_within_reach_of_their_tile(n_genes, n_peaks, seed):
    rng = np.random.default_rng(seed)
    genes = place_genes(n_genes, rng)
    if n_peaks > 40 * n_genes:
        with pytest.raises(ValueError, match="no room"):
            place_peaks(genes, 100 * n_genes, rng)
        return
    peaks = place_peaks(genes, n_peaks, rng)
    assert len(peaks) == n_peaks
    assert (peaks["chrom"].to_numpy() == genes["chrom"].to_numpy()[peaks["tile"]]).all()
    for _, mine in peaks.groupby("chrom"):
        assert (np.diff(mine["chromStart"]) >= 500).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"regime": "easy"}, "no regime"),
        ({"means": True}, "neither means nor proteins"),
        ({"protein": "same"}, "neither means nor proteins"),
        ({"regime": "hostile", "n_types": 6}, "at least 7"),
        ({"regime": "standard", "n_genes": 10, "n_peaks": 9000}, "no room"),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        make_planted(**wrong)
