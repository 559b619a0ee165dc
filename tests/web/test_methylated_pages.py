"""What pages show of methylation: levels from 0 to 1, and what no read covers is missing, not zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis.coembedding.groups import Groups
from monae_app.web.figures.imputed_heat import HeatPanel, imputed_heat
from monae_app.web.figures.style import LIGHT
from monae_app.web.group_values import GroupValues
from monae_app.web.imputed_view import MEASURED, WITHIN, ImputedView
from monae_app.web.imputed_zeros import LEVELS, zeros_of, zeros_told
from monae_app.web.marker_view import MarkerView
from monae_app.web.pages.imputation.showing import gaps_told
from monae_app.web.pages.markers.tabled import columns_for
from monae_app.web.services import Services
from monae_app.web.settings import Settings
from tests.web.methylated_sample import covered_levels, write_methylated
from tests.web.tiny_sample import TYPES

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.web.explore import RunView

REGIONS = [0, 40, 80, 119]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_methylated(tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="module")
def methylated(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> RunView:
    return Services(Settings(store=tmp_path_factory.mktemp("store")), sample.parent).view("sample-methylated")


@pytest.fixture(scope="module")
def groups(methylated: RunView) -> Groups:
    column = methylated.run.column("cell_type").astype("category").cat
    return Groups.of([str(name) for name in column.categories], column.codes.to_numpy())


def seen_of(view: RunView, groups: Groups) -> ImputedView:
    first = view.features.first_row("methylation")
    found = [view.features.told("methylation", first + each) for each in REGIONS]
    return ImputedView(view, groups, found, ["rna"])


def levels_of(sample: Path) -> np.ndarray:
    import anndata as ad

    return covered_levels(ad.read_h5ad(sample / "methylation.h5ad"))


def test_what_no_read_covers_is_missing_in_the_heatmap(methylated: RunView, groups: Groups, sample: Path):
    seen = seen_of(methylated, groups)
    measured, within, across = seen.panels
    truth = levels_of(sample)[:, REGIONS]
    codes = seen.codes_of("methylation")
    for group in range(len(groups.names)):
        mine = truth[codes == group]
        known = ~np.isnan(mine)
        total = np.where(known, mine, 0).sum(axis=0)
        expected = np.divide(total, known.sum(axis=0), out=np.full(len(REGIONS), np.nan), where=known.any(axis=0))
        assert np.allclose(measured.groups[:, group], expected, equal_nan=True)
    assert np.isnan(measured.groups[0, TYPES.index("Oligo")])
    for panel in (within, across):
        assert ((panel.groups > 0) & (panel.groups < 1)).all()
    assert seen.unit == "level, 0 to 1"
    assert "missing and not zero" in gaps_told(seen, single=False)
    assert zeros_of(seen, 0) is None
    assert zeros_told(seen, 0, None) == LEVELS
    # the planted levels are low where the model has them low
    assert (seen.agreement[WITHIN] > 0.8).all()


def test_shares_are_of_the_cells_that_cover_a_region(methylated: RunView, sample: Path):
    names = [methylated.features.told("methylation", methylated.features.first_row("methylation")).name]
    found = GroupValues.of(methylated, "methylation", names, "cell_type")
    level = pd.Series(levels_of(sample)[:, 0])
    kind = pd.Series(np.array(TYPES)[np.arange(len(level)) % len(TYPES)])
    covered = level.notna()
    assert covered.mean() < 0.5
    expected = (level[covered] > 0).groupby(kind[covered]).mean()
    shares = found.shares()[names[0]]
    assert np.allclose(shares[expected.index], expected)
    assert np.isnan(shares["Oligo"])


def test_no_fold_change_is_named_where_nothing_is_counted(methylated: RunView, groups: Groups):
    markers = MarkerView.of(methylated, groups, "cell_type@")
    assert columns_for(markers, "methylation")["change"][0] == "Diff."
    assert "kind" not in columns_for(markers, "methylation")
    assert columns_for(markers, "")["change"][0] == "log2FC"
    assert "kind" in columns_for(markers, "")


def test_titles_stand_over_the_middle_of_their_panels(methylated: RunView, groups: Groups):
    panels = [HeatPanel(name, np.eye(3), np.eye(3), np.arange(3), single=False) for name in ("a", "b", "c")]
    figure = imputed_heat(panels, list("xyz"), ["1", "2", "3"], "level, 0 to 1", LIGHT, z=False)
    axes = (figure.layout.xaxis, figure.layout.xaxis2, figure.layout.xaxis3)
    for title, axis in zip(figure.layout.annotations, axes, strict=True):
        assert title.x == pytest.approx(sum(axis.domain) / 2)
        assert title.xanchor == "center"


def test_without_its_files_what_is_imputed_stays(sample: Path, groups: Groups, tmp_path: Path):
    other = write_methylated(tmp_path)
    (other / "methylation.h5ad").unlink()
    view = Services(Settings(store=tmp_path / "store"), tmp_path).view("sample-methylated")
    seen = seen_of(view, groups)
    assert [panel.key for panel in seen.panels] == [WITHIN, "rna"]
    table = seen.agreement
    assert {WITHIN, "rna"} <= set(table)
    assert table[[WITHIN, "rna", "ceiling", "share"]].isna().all(axis=None)
    assert MEASURED not in seen.detail(0)
    assert gaps_told(seen, single=True) == ""
    assert "cannot be shown" in seen.note
