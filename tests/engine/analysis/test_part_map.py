from __future__ import annotations

import numpy as np
import pytest

from monae_app.engine.analysis.part_layout import map_part
from monae_app.engine.analysis.part_map import FEWEST, MOST, check_part
from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError

CONFIG = make_config(inputs={"rna": "rna.h5ad"}, genome="mm10", umap_neighbors=10)
OF_A_GROUP = 40
# A third of the second group differs from the rest of it in a direction in which the groups do not.
PLANTED = (np.arange(OF_A_GROUP) % 3 == 0).astype(int)


@pytest.fixture(scope="module")
def latent():
    generator = np.random.default_rng(0)
    latent = generator.normal(0, 0.3, (3 * OF_A_GROUP, 4))
    latent[:, :2] += np.repeat([(20, 0), (0, 20), (-20, -20)], OF_A_GROUP, axis=0)
    latent[OF_A_GROUP : 2 * OF_A_GROUP, 2] += 4.0 * PLANTED
    return latent.astype(np.float32)


@pytest.fixture(scope="module")
def part(latent):
    return map_part(latent, np.arange(OF_A_GROUP, 2 * OF_A_GROUP), 0.1, CONFIG)


def test_what_differs_within_a_group_comes_out(part):
    assert (part.xy.shape, part.xy.dtype) == ((OF_A_GROUP, 2), np.float32)
    halves = [part.xy[side == PLANTED] for side in (0, 1)]
    apart = np.linalg.norm(halves[0].mean(0) - halves[1].mean(0))
    within = max(np.linalg.norm(half - half.mean(0), axis=1).mean() for half in halves)
    assert apart > 2 * within


def test_the_clusters_are_the_planted_ones_the_largest_first(part):
    assert part.clusters.tolist() == PLANTED.tolist()


def test_a_higher_resolution_finds_more(latent, part):
    finer = map_part(latent, part.rows, 5.0, CONFIG)
    assert finer.clusters.max() > part.clusters.max()
    # the map does not hang on the clusters
    np.testing.assert_array_equal(finer.xy, part.xy)


def test_the_same_cells_give_the_same_map(latent, part):
    again = map_part(latent, part.rows, 0.1, CONFIG)
    np.testing.assert_array_equal(again.xy, part.xy)
    np.testing.assert_array_equal(again.clusters, part.clusters)


@pytest.mark.parametrize(
    ("cells", "resolution", "said"),
    [(0, 1.0, "0 cells"), (FEWEST - 1, 1.0, "9 cells"), (MOST + 1, 1.0, "300,001"), (50, 0.0, "resolution"),
     (50, 1e9, "resolution"), (50, float("nan"), "resolution")],
)  # fmt: skip
def test_what_cannot_be_laid_out_is_refused(cells, resolution, said):
    with pytest.raises(InputError, match=said):
        check_part(cells, resolution)
