"""Two projections side by side: of the features, and of the genes that they are linked to."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.engine.data.linked_projection import LinkedProjection, link_projection, projection_from
from monae_app.engine.data.representation import Projection, fit_projection

N_CELLS, N_PEAKS, N_GENES, N_TYPES, K = 240, 180, 70, 4, 5


def planted(seed: int = 0) -> tuple[sp.csr_matrix, sp.csr_matrix, np.ndarray]:
    """Counts of typed cells, links of three peaks to a gene (the last ten genes have none), and the types."""
    rng = np.random.default_rng(seed)
    types = rng.integers(0, N_TYPES, N_CELLS)
    host = np.arange(N_PEAKS) // 3
    of_genes = rng.normal(0, 1, (N_TYPES, N_GENES))
    mean = np.exp(of_genes[:, host])[types] * rng.uniform(0.5, 2, (N_CELLS, 1))
    counts = sp.csr_matrix(rng.poisson(mean).astype(np.float32))
    weight = rng.uniform(0.3, 1, N_PEAKS)
    return counts, sp.csr_matrix((weight, (np.arange(N_PEAKS), host)), shape=(N_PEAKS, N_GENES)), types


def fitted(kind: str = "peaks", seed: int = 0) -> LinkedProjection:
    counts, link, _ = planted()
    return link_projection(fit_projection(counts, kind, K, seed), counts, link, K, seed)


def test_its_parts_stand_side_by_side():
    counts, link, _ = planted()
    found = fitted()
    assert (found.n_features, found.n_components) == (N_PEAKS, 2 * K)
    assert found.link.shape == (N_PEAKS, N_PEAKS // 3)  # genes without a link are left out
    scores = found.transform(counts)
    assert scores.shape == (N_CELLS, 2 * K)
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores[:, :K], fit_projection(counts, "peaks", K, 0).transform(counts))
    activity = sp.csr_matrix(counts @ sp.csr_matrix(link[:, : N_PEAKS // 3], dtype=np.float32))
    np.testing.assert_array_equal(scores[:, K:], fit_projection(activity, "counts", K, 0).transform(activity))


def test_a_cell_lies_where_it_lies_whatever_it_comes_with():
    counts, _, _ = planted()
    found = fitted()
    np.testing.assert_allclose(found.transform(counts[7:9]), found.transform(counts)[7:9], atol=1e-5)
    assert found.transform(counts[:0]).shape == (0, 2 * K)


@pytest.mark.parametrize("kind", ["peaks", "counts"])
def test_what_is_written_is_read(kind):
    """Numbers of new cells are equal to the last bit."""
    found = fitted(kind)
    arrays = {name: np.array(each) for name, each in found.arrays().items()}
    again = projection_from(found.kind, arrays)
    assert isinstance(again, LinkedProjection)
    assert again.kind == found.kind == f"linked:{kind}"
    counts, _, _ = planted(seed=1)
    measured = np.arange(N_PEAKS) % 4 > 0
    np.testing.assert_array_equal(again.transform(counts), found.transform(counts))
    np.testing.assert_array_equal(again.transform(counts, measured), found.transform(counts, measured))
    assert not np.allclose(found.transform(counts), fitted(kind).transform(planted()[0]))


@pytest.mark.parametrize("kind", ["values", "counts", "peaks"])
def test_a_plain_projection_is_read_as_such(kind):
    counts, _, _ = planted()
    own = fit_projection(counts, kind, K, 0)
    again = projection_from(own.kind, own.arrays())
    assert isinstance(again, Projection)
    np.testing.assert_array_equal(again.transform(counts), own.transform(counts))


@pytest.mark.parametrize("kind", ["linked:something", "something"])
def test_a_kind_that_does_not_exist_is_no_projection(kind):
    with pytest.raises(ValueError, match="not in tuple"):
        projection_from(kind, fitted().arrays())


def test_all_measured_is_the_same_as_no_mask():
    counts, _, _ = planted()
    found = fitted()
    np.testing.assert_array_equal(found.transform(counts, np.ones(N_PEAKS, bool)), found.transform(counts))


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_cells_of_which_some_features_were_not_measured_lie_near_where_they_lay(share):
    """A feature that was not measured is no zero: genes all of whose peaks are missing are passed over."""
    counts, _, types = planted()
    found = fitted()
    # whole genes are missing, with their three peaks
    measured = np.repeat(np.random.default_rng(1).random(N_PEAKS // 3) < share, 3)
    seen = sp.csr_matrix(counts @ sp.diags(measured.astype(np.float32)))
    whole = found.transform(counts)[:, K:]
    masked, taken_for_zero = (found.transform(seen, mask)[:, K:] for mask in (measured, None))
    centres = np.stack([whole[types == each].mean(axis=0) for each in range(N_TYPES)])

    def told(scores: np.ndarray) -> float:
        distance = ((scores[:, None] - centres) ** 2).sum(axis=2)
        return float((distance.argmin(axis=1) == types).mean())

    own = fit_projection(counts, "peaks", K, 0).transform(seen, measured)
    np.testing.assert_array_equal(found.transform(seen, measured)[:, :K], own)
    off = np.median(np.linalg.norm(masked - whole, axis=1))
    assert off < 0.6 * np.median(np.linalg.norm(taken_for_zero - whole, axis=1))
    assert told(masked) > 0.95


def test_through_genes_types_show_that_own_components_miss():
    """Many peaks that follow nothing drown the few that follow a gene each; summed by gene these show."""
    counts, link, types = planted()
    rng = np.random.default_rng(2)
    kept = np.arange(45)
    noise = rng.normal(size=(N_CELLS, 6)) @ rng.normal(0, 0.7, (6, 400))
    both = sp.csr_matrix(sp.hstack([counts[:, kept], sp.csr_matrix(rng.poisson(np.exp(noise)).astype(np.float32))]))
    link = sp.csr_matrix(sp.vstack([link[kept], sp.csr_matrix((400, N_GENES))]))
    found = link_projection(fit_projection(both, "peaks", K, 0), both, link, K, 0).transform(both)

    def between(scores: np.ndarray) -> float:
        centres = np.stack([scores[types == each].mean(axis=0) for each in range(N_TYPES)])
        return float(centres[types].var(axis=0).sum() / scores.var(axis=0).sum())

    assert between(found[:, K:]) > 3 * between(found[:, :K])
