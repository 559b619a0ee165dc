"""Gene sets: kept for a user, looked up in a run, and scored."""

from __future__ import annotations

import numpy as np
import pytest

from monae_app.engine.analysis.imputation import impute
from monae_app.engine.errors import InputError
from monae_app.jobs.gene_sets import MOST_GENES, GeneSet, GeneSets
from monae_app.jobs.registry import LOCAL
from tests.web.test_map_routes import RUN, colour
from tests.web.tiny_sample import CELLS

OURS = {"X-Monae": "1"}
GENES = ["Gene0", "gene1", " GENE2 ", "Gene0", "Nope"]


def post(client, **said):
    return client.post(f"{RUN}/genesets", json=said, headers=OURS)


def test_a_set_is_looked_up_and_kept(client, settings):
    said = post(client, name="Astrocytes", genes=GENES).json
    assert (said["name"], said["found"], said["missing"]) == ("Astrocytes", ["Gene0", "Gene1", "Gene2"], ["Nope"])
    assert said["key"] == f"set:{said['id']}"
    assert client.get(f"{RUN}/genesets").json == [said]
    assert client.get(f"{RUN}/search.json?text=astro").json[0]["key"] == said["key"]
    assert GeneSets(settings.store, "other").list() == []
    assert client.delete(f"{RUN}/genesets/{said['id']}", headers=OURS).status_code == 204
    assert client.get(f"{RUN}/genesets").json == []
    assert client.get(f"{RUN}/map.colour?key={said['key']}").status_code == 404


def test_the_score_is_the_mean_of_its_genes(client, view):
    key = post(client, name="x", genes=["Gene0", "Gene30", "Gene59"]).json["key"]
    header, _ = colour(client, key=key)
    assert header["unit"] == "mean of 3, imputed, ln(1 + CP10k)"
    score = view.mean_of(GeneSet.of("x", ["Gene0", "Gene30", "Gene59"])).values.to_numpy()
    every = [
        np.log1p(impute(view.result, source, "rna", ["Gene0", "Gene30", "Gene59"])).mean(axis=1)
        for source in view.modalities
    ]
    np.testing.assert_allclose(score, np.concatenate(every), atol=1e-6)
    assert (header["least"], header["most"]) == pytest.approx((score.min(), score.max()))
    measured = view.mean_of(GeneSet.of("x", ["Gene0", "Gene59"]), measured=True).values
    parts = [view.colouring(f"rna:{name}", measured=True).values for name in ("Gene0", "Gene59")]
    np.testing.assert_allclose(measured, (parts[0] + parts[1]) / 2, rtol=1e-6)
    assert measured[CELLS:].isna().all()


def test_a_set_is_of_the_modality_that_has_most_of_it(view):
    found, missing = view.look_up(["chr1:100000-100500", "chr1:105000-105500", "Gene0"])
    assert [each.modality for each in found] == ["atac", "atac"]
    assert missing == ["Gene0"]


@pytest.mark.parametrize("genes", [[], "Gene0", None, ["", " "], [f"g{i}" for i in range(MOST_GENES + 1)], ["Nope"]])
def test_a_set_that_cannot_be_scored_is_not_kept(client, settings, genes):
    answer = post(client, name="x", genes=genes)
    assert answer.status_code == 404
    assert answer.json["found"]
    assert GeneSets(settings.store, LOCAL).list() == []


@pytest.mark.parametrize("name", ["../secret", "", "x" * 16, "0" * 15])
def test_an_id_is_never_a_path(tmp_path, name):
    sets = GeneSets(tmp_path, LOCAL)
    (tmp_path / "users" / LOCAL / "gene_sets").mkdir(parents=True)
    (tmp_path / "users" / LOCAL / "secret.json").write_text('{"name": "x", "genes": ["y"]}')
    with pytest.raises(InputError, match="no gene set"):
        sets.get(name)
    sets.remove(name)
    assert (tmp_path / "users" / LOCAL / "secret.json").exists()


def test_a_damaged_set_is_passed_over(tmp_path):
    sets = GeneSets(tmp_path, LOCAL)
    sets.add(GeneSet.of("b", ["x"]))
    sets.add(GeneSet.of("A", ["y"]))
    (tmp_path / "users" / LOCAL / "gene_sets" / "0123456789abcdef.json").write_text("{")
    assert [each.name for each in sets.list()] == ["A", "b"]
