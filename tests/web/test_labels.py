"""The Labels page without a browser: what is offered, ordered, kept, saved as columns and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.errors import InputError
from monae_app.jobs.downloads import Downloads
from monae_app.jobs.kept_labels import KeptLabels, markers_asked
from monae_app.jobs.short_labels import transfer_labels, write_labels
from monae_app.jobs.short_markers import score_marker_lists, write_marker_scores
from monae_app.jobs.short_work import Bench
from monae_app.web.figures.style import DARK, LIGHT
from monae_app.web.figures.transfer import confidence_figure, confusion_figure
from monae_app.web.labels_view import Choice, LabelsView, label_columns
from monae_app.web.pages.labels.choosing import why_not
from monae_app.web.selections import Selections
from tests.web.tiny_sample import CELLS, TYPES

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.web.explore import RunView
    from monae_app.web.services import Services

RUN = "sample-tiny"
MARKERS = "Astro: Gene0, Gene1\nEndo: Gene15, Gene16\nOligo: Gene46, Nope"
MARKED = ("Astro", "Endo", "Oligo")


@pytest.fixture
def labels(services: Services) -> LabelsView:
    return LabelsView(services, Selections(services))


@pytest.fixture
def bench(services: Services, tmp_path: Path) -> Bench:
    folder = tmp_path / "bench"
    folder.mkdir()
    return Bench(services.settings.store, services.users.current(), folder, lambda _share, _text: None)


def order(view: RunView, choice: Choice) -> dict[str, str]:
    return {
        "folder": str(view.folder),
        "source": choice.source,
        "column": choice.column,
        "target": choice.target,
    }


def test_a_run_is_offered_its_labels_and_the_url_is_heard(view: RunView):
    assert label_columns(view) == ["cell_type", "leiden"]
    assert Choice.first(RUN, view, {}) == Choice(RUN, "rna", "cell_type", "atac")
    asked = {"from": "atac", "label": "leiden", "to": "rna"}
    assert Choice.first(RUN, view, asked) == Choice(RUN, "atac", "leiden", "rna")
    # what the run does not have is as good as not asked for
    asked = {"from": "../..", "label": "pair_id", "to": "atac"}
    assert Choice.first(RUN, view, asked) == Choice(RUN, "rna", "cell_type", "atac")
    for wrong in (Choice(RUN, "rna", "pair_id", "atac"), Choice(RUN, "rna", "cell_type", "rna")):
        with pytest.raises(InputError):
            wrong.checked(view)


def test_labels_are_found_kept_and_written(view, services, labels, bench):
    choice = Choice(RUN, "rna", "cell_type", "atac")
    assert labels.found(choice) is None
    assert transfer_labels(order(view, choice), bench) == {"source": "rna", "column": "cell_type", "target": "atac"}
    found = labels.found(choice)
    assert found.agrees.mean() == 1
    assert found.table(0.5)["label"].tolist() == [*TYPES, "unassigned"]
    assert found.table(0.5)["cells"].sum() == found.table(0.5)["before"].sum() == CELLS
    counts, had, given = found.confusion(0.5)
    assert (counts[:, :-1] == np.diag([CELLS // len(TYPES)] * len(TYPES))).all()
    assert (had, given[:-1]) == (list(TYPES), list(TYPES))
    assert found.table(1.01).iloc[-1].to_dict()["cells"] == CELLS
    # asked for again, nothing is worked out
    known = KeptLabels(bench.store, bench.user)._path(view.folder, choice.asked)
    before = known.stat().st_mtime_ns
    transfer_labels(order(view, choice), bench)
    assert known.stat().st_mtime_ns == before
    made = write_labels({**order(view, choice), "threshold": 0.5}, bench)
    table = pd.read_csv(Downloads(bench.store, bench.user).find(made["token"]))
    assert table["cell"].tolist()[:2] == ["cell0", "cell1"]
    assert (table["label"] == view.run.column("cell_type").astype(str).to_numpy()[CELLS:]).all()
    # another user has nothing
    assert KeptLabels(bench.store, "somebody").read(view.folder, choice.asked) is None
    with pytest.raises(InputError, match="is no user"):
        KeptLabels(bench.store, "../other")


def test_columns_of_the_map_are_kept_and_taken_back(view, services, labels, bench):
    choice = Choice(RUN, "rna", "cell_type", "atac")
    with pytest.raises(InputError, match="no labels yet"):
        labels.keep(choice, 0.5)
    transfer_labels(order(view, choice), bench)
    made, steps = labels.keep(choice, 0.5)
    selections = Selections(services)
    assert made.name == "cell_type from RNA"
    assert sorted(selections.names(RUN)) == ["cell_type from RNA", "cell_type from RNA, confidence"]
    values = selections.values(RUN, made.name)
    assert values[:CELLS].isna().all()
    assert (values[CELLS:].astype(str) == view.run.column("cell_type").astype(str)[CELLS:].to_numpy()).all()
    assert selections.values(RUN, f"{made.name}, confidence")[CELLS:].notna().all()
    # once more replaces them
    labels.keep(choice, 1.01)
    assert set(selections.values(RUN, made.name)[CELLS:]) == {"unassigned"}
    assert len(selections.names(RUN)) == 2
    saved = selections.own(RUN).annotations
    saved.undo()
    saved.undo()
    assert set(selections.values(RUN, made.name)[CELLS:]) == set(TYPES)
    for step in steps:
        labels.take_back(RUN, step)
    assert selections.names(RUN) == []


def test_markers_name_clusters_and_say_what_is_missing(view, services, labels, bench):
    assert labels.marked(RUN, MARKERS) is None
    asked = {"folder": str(view.folder), "text": MARKERS}
    score_marker_lists(asked, bench)
    about = labels.marked(RUN, MARKERS).about
    assert about["missing"] == {"Astro": [], "Endo": [], "Oligo": ["Nope"]}
    assert [row["label"] for row in about["groups"]] == ["Astro", "Endo", "unassigned", "Oligo"]
    assert KeptLabels(bench.store, "somebody").read(view.folder, markers_asked(MARKERS)) is None
    by_cluster, by_cell = (
        pd.read_csv(
            Downloads(bench.store, bench.user).find(write_marker_scores(asked | {"each": each}, bench)["token"])
        )
        for each in ("cluster", "cell")
    )
    assert by_cell.columns.tolist() == ["cell", "modality", "cluster", "best", *(f"score_{name}" for name in MARKED)]
    assert by_cell["cell"].tolist() == view.run.names(slice(0, 2 * CELLS))
    means = by_cell.groupby("cluster")[[f"score_{name}" for name in MARKED]].mean()
    assert np.allclose(by_cluster.set_index("cluster")[means.columns], means, atol=2e-4)
    assert by_cluster["label"].tolist() == ["Astro", "Endo", "unassigned", "Oligo"]
    assert (by_cluster["score"] == by_cluster[means.columns].max(axis=1)).all()
    with pytest.raises(InputError, match="not kept any more"):
        write_marker_scores(asked | {"text": "other", "each": "cell"}, bench)
    labels.keep_marked(RUN, MARKERS, "types")
    told = Selections(services).values(RUN, "types").astype(str)
    assert (told[:4] == ["Astro", "Endo", "unassigned", "Oligo"]).all()


def test_an_empty_page_says_what_to_do(services):
    assert "Choose data" in str(why_not(services, None))
    assert "Training" in str(why_not(services, "nothing-like-it"))
    assert why_not(services, RUN) is None


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_figures_tell_what_agrees(look):
    confidence = np.linspace(0.05, 0.99, 400)
    agrees = (np.arange(400) % 2).astype(float)
    agrees[:50] = np.nan
    figure = confidence_figure(confidence, agrees, 0.5, look)
    assert [trace.name for trace in figure.data[:3]] == ["agrees", "differs", "no label to compare with"]
    assert sum(int(np.sum(trace.y)) for trace in figure.data[:3]) == 400
    assert np.allclose(figure.data[3].y, 0.5, atol=0.06)
    assert len(confidence_figure(confidence, None, 0.5, look).data) == 1
    heat = confusion_figure(np.array([[3, 1], [0, 0]]), ["a", "b"], ["a", "unassigned"], look, "kind").data[0]
    assert heat.z.tolist() == [[0.75, 0.25], [0.0, 0.0]]
