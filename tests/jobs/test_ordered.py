from __future__ import annotations

from pathlib import Path

import pytest

from monae_app.engine.data.contents import Contents
from monae_app.engine.errors import InputError
from monae_app.jobs.ordered import named_inputs, named_settings, settings_help


def test_files_are_named_by_modality_and_several_are_samples(tmp_path):
    assert named_inputs(["rna=a.h5ad,b.h5ad", "atac=c.h5ad"]) == {
        "rna": (Path("a.h5ad"), Path("b.h5ad")),
        "atac": (Path("c.h5ad"),),
    }
    assert named_inputs(["rna=a.h5ad", "atac=c.h5ad", "rna=b.h5ad"])["rna"] == (Path("a.h5ad"), Path("b.h5ad"))
    odd = tmp_path / "one,two.h5ad"
    odd.touch()
    assert named_inputs([f"rna={odd}"]) == {"rna": (odd,)}


def test_a_file_without_a_name_stands_for_what_it_holds(tmp_path, monkeypatch):
    path = tmp_path / "multi.h5mu"
    path.touch()
    monkeypatch.setattr("monae_app.engine.data.readers.open_file", lambda each: Contents(each, "test", ()))
    monkeypatch.setattr("monae_app.engine.data.understanding.parts.modalities_of", lambda contents: ["rna", "atac"])
    assert named_inputs([str(path), "protein=p.csv"]) == {"rna": (path,), "atac": (path,), "protein": (Path("p.csv"),)}


@pytest.mark.parametrize("items", [[], ["lipids=x.h5ad"], ["rna="], ["rna"], ["absent.h5ad"]])
def test_what_names_nothing_is_refused(items):
    with pytest.raises(InputError):
        named_inputs(items)


def test_settings_are_named_once():
    assert named_settings(["window=5", "keep_genes=A,B"], ()) == {"window": "5", "keep_genes": ("A", "B")}
    for item in ("window", "steps=9"):
        with pytest.raises(InputError, match="sets nothing"):
            named_settings([item], {"steps"})
    assert "join_genes" in settings_help({"steps"})
    assert "\n  steps" not in settings_help({"steps"})
