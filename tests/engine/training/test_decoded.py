from __future__ import annotations

import numpy as np

from monae_app.engine.training.decoded import DecodedFeatures, with_absent_batches


def decoded(n_batches):
    rng = np.random.default_rng(0)
    parts = (rng.normal(size=(6, 3)), rng.random((6, 3)), *(rng.random((6, n_batches)) for _ in range(3)))
    return DecodedFeatures(*(each.astype(np.float32) for each in parts))


def test_a_batch_without_cells_is_decoded_at_the_mean_of_the_others():
    before = decoded(4)
    found = with_absent_batches(before, np.array([0, 2, 2, 2]))
    for name in ("scale", "bias", "dispersion"):
        old, new = getattr(before, name), getattr(found, name)
        np.testing.assert_array_equal(new[:, [0, 2]], old[:, [0, 2]])
        for absent in (1, 3):
            np.testing.assert_allclose(new[:, absent], old[:, [0, 2]] @ [0.25, 0.75], rtol=1e-6)
        assert new.dtype == np.float32
    np.testing.assert_array_equal(found.vectors, before.vectors)


def test_where_every_batch_has_cells_nothing_changes():
    before = decoded(2)
    assert with_absent_batches(before, np.array([0, 1, 1])) is before
