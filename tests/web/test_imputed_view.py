"""Measured beside imputed in the tiny sample, whose types each have a quarter of the features high."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from monae_app.engine.analysis.coembedding.groups import Groups
from monae_app.engine.analysis.imputation import impute
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.web.explore import RunView
from monae_app.web.figures.imputed_features import agreement_figure, feature_figure, zeros_figure
from monae_app.web.figures.style import LIGHT
from monae_app.web.imputed_order import imputed_order, names_of
from monae_app.web.imputed_view import MEASURED, WITHIN, ImputedView
from monae_app.web.imputed_zeros import zeros_of, zeros_told
from monae_app.web.pages.imputation.checking import in_words
from monae_app.web.pages.imputation.sight import Asked, Sight
from monae_app.web.regulation_view import RegulationView
from monae_app.web.selections import Selections
from tests.web.tiny_sample import write_sample

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["Gene1", "Gene20", "Gene59", "Gene31"]


@pytest.fixture(scope="module")
def groups(view: RunView) -> Groups:
    column = view.run.column("cell_type").astype("category").cat
    return Groups.of([str(name) for name in column.categories], column.codes.to_numpy())


@pytest.fixture
def seen(view: RunView, groups: Groups) -> ImputedView:
    found = [view.features.told("rna", view.features.row("rna", name)) for name in NAMES]
    return ImputedView(view, groups, found, ["atac"])


def test_panels_are_levels_of_groups(view: RunView, groups: Groups, seen: ImputedView):
    measured, within, across = seen.panels
    assert [panel.key for panel in seen.panels] == [MEASURED, WITHIN, "atac"]
    codes = seen.codes_of("rna")
    counts = np.column_stack([seen.counts_of(row) for row in range(len(seen.found))])
    for group in range(len(groups.names)):
        level = 1e4 * counts[codes == group].sum(axis=0) / seen.library[codes == group].sum()
        assert np.allclose(measured.groups[:, group], np.log1p(level))
    # a gene is high in the type that has its quarter
    assert measured.groups.argmax(axis=1).tolist() == [0, 1, 3, 2]
    for panel, source in ((within, "rna"), (across, "atac")):
        values = impute(view.result, source, "rna", NAMES)
        mine = seen.codes_of(source)
        means = np.array([values[mine == group].mean(axis=0) for group in range(len(groups.names))]).T
        assert np.allclose(panel.groups, np.log1p(means), rtol=1e-4)


def test_rare_groups_have_as_many_columns_as_frequent_ones(seen: ImputedView):
    for panel in seen.panels:
        assert len(set(np.bincount(panel.codes).tolist())) == 1
        assert (np.diff(panel.codes) >= 0).all()
    # the same cells, in the same order, as measured and as imputed within
    assert np.array_equal(seen.panels[0].codes, seen.panels[1].codes)


def test_the_worst_feature_comes_first(seen: ImputedView):
    table = seen.agreement
    assert table["share"].is_monotonic_increasing
    assert set(table["feature"]) == set(NAMES)
    assert (table["ceiling"] > 0.9).all()
    assert table.loc[0, WITHIN] <= 1
    assert sorted(seen.order.tolist()) == [0, 1, 2, 3]
    assert set(seen.table()["panel"]) == {panel.title for panel in seen.panels}
    ways = {WITHIN: "within", "atac": "from ATAC"}
    assert len(agreement_figure(table, ways, NAMES[0], LIGHT).data) == 3
    drawn = feature_figure(seen.detail(0), {MEASURED: "measured", **ways}, seen.unit, LIGHT)
    assert [each.type for each in drawn.data] == ["bar", "scatter", "scatter"]


def test_zeros_add_up(seen: ImputedView):
    table = zeros_of(seen, 0)
    parts = table[["counted", "certain", "likely", "open", "surprising"]].sum(axis=1)
    assert (parts == table["cells"]).all()
    assert table["counted"].tolist() == [
        int((seen.counts_of(0)[seen.codes_of("rna") == group] > 0).sum()) for group in range(len(table))
    ]
    assert "zeros of Gene1" in zeros_told(seen, 0, table)
    assert len(zeros_figure(table, LIGHT).data) == 5


def test_features_come_from_where_they_are_asked(services, view: RunView):
    selections = Selections(services)
    sight = Sight(services, selections, RegulationView(services, selections))
    asked = Asked("sample-tiny", "obs:cell_type", "rna", ("atac",), "pasted", pasted="gene1; Gene20\nnone")
    seen, note = sight.seen(asked)
    assert seen.names == ["Gene1", "Gene20"]
    assert note == "Not in this run: none."
    markers, _ = sight.seen(replace(asked, origin="group", group="in:Oligo"))
    # the last quarter of the genes is that of the last type
    assert np.mean([int(name.removeprefix("Gene")) >= 45 for name in markers.names[:10]]) >= 0.8
    for wrong in (replace(asked, pasted=""), replace(asked, pasted="none"), replace(asked, origin="set"),
                  replace(asked, origin="factor", factor="Gene1"), replace(asked, column="obs:nothing")):  # fmt: skip
        with pytest.raises(InputError):
            sight.seen(wrong)


def test_an_order_names_what_is_there(view: RunView):
    cells = np.zeros(view.n_cells, bool)
    cells[view.spans["rna"].start] = True
    assert imputed_order(view, "rna", "rna", None, kind="csv", cells=cells)["features"] is None
    assert names_of("a, b;a\nc") == ["a", "b", "c"]
    for wrong in (
        {"kind": "pickle"},
        {"names": []},
        {"names": ["nothing"]},
        {"source": "protein"},
        {"cells": ~cells & cells},
    ):
        given = {"target": "rna", "source": "rna", "names": ["Gene1"], **wrong}
        with pytest.raises(InputError):
            imputed_order(view, given.pop("target"), given.pop("source"), given.pop("names"), **given)


@pytest.mark.parametrize(
    ("ours", "said"), [(0.7, "well recovered"), (0.51, "in part"), (0.4, "in part"), (0.1, "hardly")]
)
def test_the_check_in_words(ours: float, said: str):
    methods = {"own": "Monae + own counts", "svd": "SVD-20"}
    words = in_words({"features": 10, "own": ours, "svd": 0.5}, methods, "rna")
    assert said in words
    # with one seed, less than .02 says nothing
    assert ("ahead of" if ours > 0.6 else "level with" if ours > 0.5 else "behind") in words
    # what the heatmap shows is said too: it heeds no own counts
    both = in_words({"features": 10, "own": 0.7, "monae": 0.4, "svd": 0.5}, methods | {"monae": "Monae"}, "rna")
    assert "Without the cell's own counts, as in the heatmap and on the map, it is 0.40" in both
    assert "Without" not in words
    assert "too few counts" in in_words({"features": 0, "own": None, "svd": None}, methods, "rna")


def test_a_run_of_one_modality_has_nothing_else_to_impute_from(tmp_path: Path):
    run = write_sample(tmp_path) / "run"
    whole = Result.load(run)
    cells = whole.cells[(whole.cells.obs["modality"] == "rna").to_numpy()].copy()
    cells.obs["modality"] = cells.obs["modality"].cat.remove_unused_categories()
    features = whole.features[(whole.features.obs["modality"] == "rna").to_numpy()].copy()
    config = whole.config.model_copy(update={"inputs": {"rna": whole.config.inputs["rna"]}})
    replace(whole, config=config, cells=cells, features=features).save(tmp_path / "alone")
    view = RunView.open(tmp_path / "alone")
    column = view.run.column("cell_type").cat
    alone = Groups.of([str(name) for name in column.categories], column.codes.to_numpy())
    found = [view.features.told("rna", view.features.row("rna", name)) for name in NAMES]
    seen = ImputedView(view, alone, found, ["atac"])
    assert [panel.key for panel in seen.panels] == [MEASURED, WITHIN]
    assert seen.agreement["share"].notna().all()
    assert sorted(seen.order) == list(range(len(NAMES)))


def test_without_the_files_imputed_values_are_shown_alone(tmp_path: Path):
    sample = write_sample(tmp_path)
    (sample / "rna.h5ad").unlink()
    view = RunView.open(sample / "run")
    column = view.run.column("cell_type").cat
    groups = Groups.of([str(name) for name in column.categories], column.codes.to_numpy())
    found = [view.features.told("rna", view.features.row("rna", name)) for name in NAMES]
    seen = ImputedView(view, groups, found, ["atac"])
    assert [panel.key for panel in seen.panels] == [WITHIN, "atac"]
    assert "cannot be shown" in seen.note
    assert seen.agreement[["ceiling", "share"]].isna().all(axis=None)
    assert zeros_of(seen, 0) is None
    assert "cannot be shown" in zeros_told(seen, 0, None)
