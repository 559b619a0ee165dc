from __future__ import annotations

import pytest

from monae_app.engine.errors import InputError
from monae_app.web.datasets import Catalogue, Source
from monae_app.web.settings import Settings


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    (root / "deep").mkdir(parents=True)
    (root / "a.h5ad").write_bytes(b"")
    (root / "deep" / "b.h5ad").write_bytes(b"")
    (root / "genes.bed.gz").write_bytes(b"")
    (root / "notes.txt").write_bytes(b"")
    (tmp_path / "secret.h5ad").write_bytes(b"")
    (root / "link.h5ad").symlink_to(tmp_path / "secret.h5ad")
    return root


def test_files_below_the_root_are_offered_and_links_out_of_it_are_not(root):
    catalogue = Catalogue(Settings(data_root=root))
    assert catalogue.files() == ["a.h5ad", "deep/b.h5ad"]
    assert catalogue.coordinates() == ["hg38", "hg19", "mm10", "genes.bed.gz"]


@pytest.mark.parametrize(
    "name", ["../secret.h5ad", "link.h5ad", "/etc/passwd", "notes.txt", "nothing.h5ad", "", "a\0b"]
)
def test_nothing_else_can_be_read(root, name):
    with pytest.raises(InputError, match="not among the files"):
        Catalogue(Settings(data_root=root)).path(name)


def test_files_named_at_the_start_are_offered(tmp_path, root):
    catalogue = Catalogue(Settings(files=(tmp_path / "secret.h5ad",)))
    assert catalogue.files() == ["secret.h5ad"]
    assert catalogue.path("secret.h5ad") == (tmp_path / "secret.h5ad").resolve()


def test_what_the_browser_keeps_is_checked(root, services):
    source = Source.from_json({"inputs": {"rna": "../secret.h5ad"}, "genome": "mm10"})
    with pytest.raises(InputError):
        Catalogue(Settings(data_root=root)).settings(source)
    with pytest.raises(InputError, match="no sample"):
        services.catalogue.settings(Source(sample="../../etc"))
    assert Source.from_json(["nonsense"]) is None


def test_settings_of_chosen_files(root):
    source = Source(inputs=(("rna", "a.h5ad"),), genome="genes.bed.gz")
    assert Source.from_json(source.to_json()) == source
    settings = Catalogue(Settings(data_root=root)).settings(source)
    assert settings == {"inputs": {"rna": str(root / "a.h5ad")}, "bed": str(root / "genes.bed.gz")}
