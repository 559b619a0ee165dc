from __future__ import annotations

import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError
from monae_app.jobs.upload_slices import Slice
from monae_app.jobs.uploads import UploadStore
from monae_app.web.datasets import FILE_SETTINGS, Catalogue, Source
from monae_app.web.settings import Settings


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    (root / "deep").mkdir(parents=True)
    (root / "a.h5ad").write_bytes(b"")
    (root / "deep" / "b.mtx").write_bytes(b"")
    (root / "genes.bed.gz").write_bytes(b"")
    (root / "genes.gtf").write_bytes(b"")
    (root / ".hidden").mkdir()
    (root / ".hidden" / "c.h5ad").write_bytes(b"")
    (tmp_path / "secret.h5ad").write_bytes(b"")
    (root / "link.h5ad").symlink_to(tmp_path / "secret.h5ad")
    (root / "shortcut").symlink_to(root / ".hidden")
    return root


@pytest.mark.parametrize(
    "name",
    [
        "root:../secret.h5ad", "root:link.h5ad", "root:/etc/passwd", "root:deep/../../secret.h5ad", "root:nothing.h5ad",
        "root:.hidden/c.h5ad", "root:shortcut/c.h5ad", "root:a\0b", "a.h5ad", "", "/etc/passwd", "named:a.h5ad",
        "upload:a.h5ad", "other:a.h5ad", "root:\\etc",
    ],
)  # fmt: skip
def test_nothing_else_can_be_read(root, name):
    with pytest.raises(InputError, match="not among the files"):
        Catalogue(Settings(data_root=root)).path(name)


def test_files_and_folders_below_the_root_can_be_read(root):
    catalogue = Catalogue(Settings(data_root=root))
    assert catalogue.path("root:a.h5ad") == root / "a.h5ad"
    assert catalogue.path("root:deep") == root / "deep"
    assert catalogue.path("root:deep/b.mtx") == root / "deep" / "b.mtx"


def test_what_was_named_at_the_start_is_offered_whatever_it_is(tmp_path, root, samples_root):
    run = samples_root / "tiny" / "run"
    settings = Settings(files=(tmp_path / "secret.h5ad", root / "deep", run, root / "a.h5ad", run.parent / "rna.h5ad"))
    catalogue = Catalogue(settings)
    assert catalogue.named() == ["named:secret.h5ad", "named:deep", "named:a.h5ad", "named:rna.h5ad"]
    assert catalogue.path("named:deep") == (root / "deep").resolve()
    assert settings.opened_runs == (run.resolve(),)


def test_files_of_one_name_are_told_apart(tmp_path):
    files = tuple(tmp_path / each / "rna.h5ad" for each in ("one", "two"))
    for file in files:
        file.parent.mkdir()
        file.write_bytes(b"")
    catalogue = Catalogue(Settings(files=files))
    assert [catalogue.path(name) for name in catalogue.named()] == list(files)


def test_uploads_are_the_users_own(tmp_path):
    uploads, asking = UploadStore(tmp_path), ["me"]
    content = b"counts"
    begun = uploads.create("me", "rna.h5ad", [("rna.h5ad", len(content))])
    catalogue = Catalogue(Settings(), None, uploads, lambda: asking[0])
    name = f"upload:{begun.id}"
    with pytest.raises(InputError, match="There is no upload"):
        catalogue.path(name)
    uploads.append("me", begun.id, 0, Slice(io.BytesIO(content), 0, 6, f"crc32 {zlib.crc32(content):08x}"))
    assert catalogue.uploaded() == [name]
    assert catalogue.path(name).read_bytes() == content
    assert catalogue.title(Source(inputs=(("rna", (name,)),))) == "rna"
    asking[0] = "you"
    assert catalogue.uploaded() == []
    with pytest.raises(InputError, match="There is no upload"):
        catalogue.settings(Source(inputs=(("rna", (name,)),)))


def test_what_the_browser_keeps_is_checked(root, services):
    source = Source.from_json({"inputs": {"rna": "root:../secret.h5ad"}, "genome": "mm10"})
    with pytest.raises(InputError):
        Catalogue(Settings(data_root=root)).settings(source)
    with pytest.raises(InputError, match="no sample"):
        services.catalogue.settings(Source(sample="../../etc"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEPT = st.fixed_dictionaries({}, optional=dict.fromkeys(("sample", "inputs", "genome", "settings"), JSON))


@given(JSON | KEPT)
def test_whatever_the_browser_sends_is_read_or_passed_over(data):
    source = Source.from_json(data)
    assert source is None or Source.from_json(source.to_json()) == source


def test_settings_of_chosen_files(root):
    catalogue = Catalogue(Settings(data_root=root))
    chosen = {"rna": ["root:a.h5ad", "root:deep"], "atac": "root:a.h5ad"}
    source = Source.from_json({"inputs": chosen, "genome": "root:genes.bed.gz", "settings": {"rna_min_genes": 200}})
    assert Source.from_json(source.to_json()) == source
    assert hash(source) == hash(Source.from_json(source.to_json()))
    settings = catalogue.settings(source)
    assert settings == {
        "inputs": {"rna": [str(root / "a.h5ad"), str(root / "deep")], "atac": [str(root / "a.h5ad")]},
        "bed": str(root / "genes.bed.gz"),
        "rna_min_genes": 200,
    }
    assert len(make_config(**settings).inputs["rna"]) == 2
    assert catalogue.title(source) == "a + a and 1 more"
    assert catalogue.settings(Source(inputs=source.inputs, genome="root:genes.gtf"))["gtf"] == str(root / "genes.gtf")
    assert catalogue.settings(Source(inputs=source.inputs, genome="hg19"))["genome"] == "hg19"


def test_settings_name_no_file_that_is_not_on_offer(root):
    catalogue = Catalogue(Settings(data_root=root))
    assert "peaks" in FILE_SETTINGS
    assert catalogue.checked({"peaks": "root:genes.bed.gz"}) == {"peaks": str(root / "genes.bed.gz")}
    assert catalogue.checked({"peaks": None, "min_counts": 3}) == {"min_counts": 3}
    asked = {"motifs": "jaspar", "fasta": "root:a.h5ad"}
    assert catalogue.checked(asked) == {"motifs": "jaspar", "fasta": str(root / "a.h5ad")}
    for name in ("motif_peaks", "motifs", "fasta"):
        with pytest.raises(InputError):
            catalogue.checked({name: "/etc/passwd"})
    for wrong in ({"peaks": "/etc/passwd"}, {"bed": "/etc/passwd"}, {"inputs": {"rna": "/etc/passwd"}}):
        with pytest.raises(InputError):
            catalogue.checked(wrong)
