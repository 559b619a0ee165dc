"""Cells of another file that give labels to a bundled run, or get some from it."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.errors import InputError
from monae_app.jobs.downloads import Downloads
from monae_app.jobs.kept_labels import KeptLabels
from monae_app.jobs.short_labels import transfer_labels, write_labels
from monae_app.jobs.short_work import Bench
from monae_app.web.label_files import GETS, GIVES, LabelFiles, Look
from monae_app.web.labels_view import Choice, LabelsView
from monae_app.web.selections import Selections
from monae_app.web.services import Services
from monae_app.web.settings import Settings

SAMPLE = Path(__file__).parents[2] / "data_samples" / "pbmc_protein"
RUN = "sample-pbmc_protein"


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled cells, cells without labels, and a file that is none."""
    folder = tmp_path_factory.mktemp("atlas")
    cells = ad.read_h5ad(SAMPLE / "rna.h5ad")[::3].copy()
    cells.obs_names = [f"atlas {name}" for name in cells.obs_names]
    cells.write_h5ad(folder / "atlas.h5ad")
    del cells.obs
    cells.write_h5ad(folder / "bare.h5ad")
    (folder / "broken.h5ad").write_text("no table at all")
    (folder / "genes.bed").write_text("chr1\t1\t2\tA\t+\n")
    return folder


@pytest.fixture
def services(tmp_path: Path, atlas: Path) -> Services:
    return Services(Settings(store=tmp_path / "store", data_root=atlas))


@pytest.fixture
def bench(services: Services, tmp_path: Path) -> Bench:
    folder = tmp_path / "bench"
    folder.mkdir()
    return Bench(services.settings.store, services.users.current(), folder, lambda _share, _text: None)


def test_files_are_offered_and_looked_into(services, atlas):
    files = LabelFiles(services)
    basket = {"files": [{"ref": "root:deeper/more.h5ad", "name": "more.h5ad"}]}
    offered = [each["value"] for each in files.options(basket)]
    assert offered == ["root:deeper/more.h5ad", "root:atlas.h5ad", "root:bare.h5ad", "root:broken.h5ad"]
    found = files.look("root:atlas.h5ad")
    assert Look.from_json(found.to_json()) == found
    assert found.modality(["protein", "rna"]) == "rna"
    assert found.labels("rna")[0] == "cell_type"
    view = services.view(RUN)
    asked = {"from": "rna", "label": "nothing like it", "to": "protein"}
    assert Choice.first(RUN, view, asked, found) == Choice(RUN, "rna", "cell_type", "protein", found.ref)
    assert Choice.first(RUN, view, {}, found, GETS) == Choice(RUN, "rna", "cell_type", "rna", found.ref, GETS)
    # the side of the file is what the file holds, whatever the URL says
    assert Choice.first(RUN, view, {"from": "protein", "to": "protein"}, found).source == "rna"
    assert Choice.first(RUN, view, {"from": "protein", "to": "protein"}, found, GETS).target == "rna"
    bare = files.look("root:bare.h5ad")
    assert bare.labels("rna") == []
    assert "no column of labels" in bare.sentence
    assert Choice.first(RUN, view, {}, bare) is None
    for outside in ("root:../secret.h5ad", "upload:0", "/etc/passwd"):
        with pytest.raises(InputError):
            files.order(outside, GIVES)


def test_a_labelled_file_labels_cells_of_the_run(services, bench, atlas):
    labels = LabelsView(services, Selections(services))
    choice = Choice(RUN, "rna", "cell_type", "protein", "root:atlas.h5ad")
    assert labels.found(choice) is None
    transfer_labels(labels.order(choice), bench)
    found, view = labels.found(choice), services.view(RUN)
    assert len(found.best) == len(view.spans["protein"])
    # the file holds a third of the cells that the run learned from
    assert np.nanmean(found.agrees) > 0.85
    made, _ = labels.keep(choice, 0.5)
    assert made.name == "cell_type from atlas.h5ad"
    assert Selections(services).values(RUN, made.name)[: len(view.spans["rna"])].isna().all()
    # what comes from the run itself is kept apart, and so is what another user asked for
    assert labels.found(Choice(RUN, "rna", "cell_type", "protein")) is None
    assert KeptLabels(bench.store, "somebody").read(view.folder, labels.order(choice)) is None
    made = write_labels({**labels.order(choice), "threshold": 0.5}, bench)
    assert made["name"] == "labels_cell_type_atlas_to_protein.csv"


def test_cells_of_a_file_get_labels_of_the_run(services, bench, atlas):
    labels = LabelsView(services, Selections(services))
    choice = Choice(RUN, "protein", "cell_type", "rna", "root:atlas.h5ad", GETS)
    transfer_labels(labels.order(choice), bench)
    found, truth = labels.found(choice), ad.read_h5ad(atlas / "atlas.h5ad").obs["cell_type"].astype(str)
    assert np.nanmean(found.agrees) > 0.85
    assert found.table(0.5)["before"].sum() == len(truth)
    with pytest.raises(InputError, match="not on the map"):
        labels.keep(choice, 0.5)
    made = write_labels({**labels.order(choice), "threshold": 0.5}, bench)
    assert made["name"] == "labels_cell_type_protein_to_atlas.csv"
    table = pd.read_csv(Downloads(bench.store, bench.user).find(made["token"]))
    assert table["cell"].tolist() == truth.index.tolist()
    assert (table["best"].to_numpy() == truth.to_numpy()).mean() == pytest.approx(np.nanmean(found.agrees))
    # cells without labels of their own are labelled all the same, with nothing to compare with
    bare = Choice(RUN, "protein", "cell_type", "rna", "root:bare.h5ad", GETS)
    transfer_labels(labels.order(bare), bench)
    assert labels.found(bare).agrees is None
    assert (labels.found(bare).best == found.best).all()


def test_a_file_that_was_replaced_is_read_anew(services, bench, atlas):
    labels, path = LabelsView(services, Selections(services)), atlas / "bare.h5ad"
    choice = Choice(RUN, "protein", "cell_type", "rna", "root:bare.h5ad", GETS)
    before = labels.order(choice)
    transfer_labels(before, bench)
    path.touch()
    assert labels.order(choice) != before
    assert labels.found(choice) is None


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(RUN, "protein", "cell_type", "rna", "root:atlas.h5ad"), "features that the run models jointly"),
        (Choice(RUN, "rna", "kind", "protein", "root:atlas.h5ad"), "no column 'kind'"),
        (Choice(RUN, "rna", "cell_type", "protein", "root:bare.h5ad"), "no column 'cell_type'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(services, bench, choice, words):
    labels = LabelsView(services, Selections(services))
    with pytest.raises(InputError, match=words) as refused:
        transfer_labels(labels.order(choice), bench)
    assert refused.value.todo
    assert labels.found(choice) is None
