"""Motifs from files and from JASPAR: what is written is read again, and what is no motif is said to be none."""

from __future__ import annotations

import gzip
import string
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monae_app.engine.data.motifs.jaspar import read_jaspar_core
from monae_app.engine.data.motifs.jaspar_text import read_jaspar, write_jaspar
from monae_app.engine.data.motifs.meme_text import read_meme, write_meme
from monae_app.engine.data.motifs.motif import Motif, MotifCollection
from monae_app.engine.data.motifs.names import genes_of
from monae_app.engine.data.motifs.organisms import for_organism, symbol_in
from monae_app.engine.data.motifs.reading import read_motifs
from monae_app.engine.data.motifs.transfac_text import read_transfac, write_transfac
from monae_app.engine.errors import InputError

WORDS = st.text(string.ascii_letters + string.digits + ".:-", min_size=1, max_size=12)
SUFFIX = {"meme": (write_meme, read_meme), "jaspar": (write_jaspar, read_jaspar), "tf": (write_transfac, read_transfac)}


@st.composite
def motifs(draw: st.DrawFn) -> list[Motif]:
    found = []
    for id_ in draw(st.lists(WORDS, min_size=1, max_size=4, unique=True)):
        length = draw(st.integers(1, 12))
        whole = arrays(np.float64, (length, 4), elements=st.integers(0, 5000).map(float))
        found.append(Motif(id_, draw(WORDS), draw(whole) + 1))
    return found


@pytest.mark.parametrize("form", SUFFIX)
@settings(max_examples=20)
@given(made=motifs())
def test_what_is_written_is_read(form, made):
    write, read = SUFFIX[form]
    found = read(write(made).splitlines())
    assert [(each.id, each.name) for each in found] == [(each.id, each.name) for each in made]
    for one, other in zip(found, made, strict=True):
        # MEME keeps probabilities, eight digits of them
        chances = [each.counts / each.counts.sum(axis=1, keepdims=True) for each in (one, other)]
        np.testing.assert_allclose(*chances, atol=2e-8)
        if form != "meme":
            np.testing.assert_array_equal(one.counts, other.counts)


@given(text=st.text(max_size=300) | st.text("ACGT>MOTIFmeme 0123.[]\n", max_size=300))
def test_no_text_breaks_the_readers(text, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_text(text, encoding="utf-8")
    with suppress(InputError):
        assert len(read_motifs(path)) > 0


def test_a_matrix_without_letters_or_brackets_and_compressed(tmp_path):
    path = tmp_path / "one.pfm.gz"
    path.write_bytes(gzip.compress(b">MA0001.1 Arnt\n4 0\n16 0\n0 20\n0 0\n"))
    found = read_motifs(path)
    assert found.source == "one.pfm.gz"
    assert found.version.startswith("sha256 ")
    np.testing.assert_array_equal(found.motifs[0].counts, [[4, 16, 0, 0], [0, 0, 20, 0]])


def test_the_same_motif_twice_counts_once_and_another_of_its_name_is_refused(tmp_path):
    path, one = tmp_path / "two.jaspar", Motif("a", "A", np.ones((3, 4)))
    path.write_text(write_jaspar([one, one]))
    found = read_motifs(path)
    assert len(found) == 1
    assert "more than once" in found.notes[0]
    path.write_text(write_jaspar([one, Motif("a", "A", np.ones((4, 4)))]))
    with pytest.raises(InputError, match="two motifs with the id a"):
        read_motifs(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no motifs"),
        ("chrom\tstart\tend\n", "begins with 'chrom"),
        ("MEME version 4\nALPHABET= ACDEFGHIKLMNPQRSTVWY\n", "not ACGT"),
        ("MEME version 4\nMOTIF a\nletter-probability matrix: w= 2\n.25 .25 .25 .25\n", "has 1 rows"),
        ("MEME version 4\nMOTIF a\nletter-probability matrix: w= 1\n1 1 1 1\n", "do not sum to 1"),
        ("MEME version 4\n", "0 motifs"),
        (">a\nA [1 2]\nC [1 2]\nG [1 2]\n", "four rows"),
        (">a\nA [1 2]\nC [1 2]\nG [1 2]\nT [1]\n", "four rows"),
        (">a\nA [0]\nC [0]\nG [0]\nT [0]\n", "no counts"),
        (">a\nA [-1]\nC [2]\nG [1]\nT [1]\n", "negative"),
        ("AC a\nP0 A C G T\n01 1 2 3\n//\n", "line 3 has 3 counts"),
    ],
)
def test_what_is_no_motif_is_said(text, said, tmp_path):
    path = tmp_path / "bad.txt"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_motifs(path)
    assert said in caught.value.found
    assert "MEME" in caught.value.expected


@pytest.mark.parametrize(
    ("name", "genes"),
    [
        ("FOS::JUN(var.2)", ("FOS", "JUN")),
        ("FOS::JUN", ("FOS", "JUN")),
        ("NKX2-5", ("NKX2-5",)),
        ("EWSR1-FLI1", ("EWSR1", "FLI1")),
        ("AHR_HUMAN.H11MO.0.B", ("AHR",)),
        ("AHR.H12CORE.0.P.B", ("AHR",)),
        ("Arnt_MA0004.1", ("Arnt",)),
        ("Ahr::Arnt_MA0006.1", ("Ahr", "Arnt")),
        ("MA0139.1.CTCF", ("CTCF",)),
        ("(Ahr)_(Homo_sapiens)_(DBD_1.00)", ("Ahr",)),
        ("Fra1(bZIP)/BT549-Fra1-ChIP-Seq", ("Fra1",)),
        ("JUN::JUN", ("JUN",)),
    ],
)
def test_factors_are_read_from_names(name, genes):
    assert genes_of(name) == genes


@pytest.mark.parametrize(
    ("gene", "organism", "symbol"),
    [
        ("FOXA2", "mouse", "Foxa2"),
        ("Foxa2", "human", "FOXA2"),
        ("ZNF143", "mouse", "Zfp143"),
        ("TP53", "mouse", "Trp53"),
        ("Trp53", "human", "TP53"),
        ("NKX2-5", "mouse", "Nkx2-5"),
        ("nothing", "human", None),
    ],
)
def test_genes_have_their_names_in_each_organism(gene, organism, symbol):
    assert symbol_in(gene, organism) == symbol


def test_jaspar_core_comes_with_its_families_and_fits_both_organisms():
    found = read_jaspar_core()
    assert len(found) > 900
    assert (found.source, found.version) == ("JASPAR CORE vertebrates", "2026")
    assert sum(not motif.families for motif in found.motifs) < 10
    ctcf = next(motif for motif in found.motifs if motif.name == "CTCF")
    assert ctcf.families == ("More than 3 adjacent zinc fingers",) or "zinc" in " ".join(ctcf.families)
    assert ctcf.information() > 10
    for organism, most in (("human", 15), ("mouse", 130)):
        named = for_organism(found, organism)
        assert int(named.notes[-1].split()[0]) < most
        assert named.digest == found.digest
    assert {motif.name for motif in found.of_genes(["fos", "JUN"]).motifs} >= {"FOS::JUN", "JUN", "FOS"}
    assert "FOS::JUN" not in {motif.name for motif in found.of_genes(["FOS"]).motifs}


def test_jaspar_is_what_pyjaspar_reads():
    from pyjaspar import jaspardb

    theirs = jaspardb(release="JASPAR2026")
    ours = {motif.id: motif for motif in read_jaspar_core().motifs}
    for id_ in list(ours)[::100]:
        one = theirs.fetch_motif_by_id(id_)
        np.testing.assert_array_equal(ours[id_].counts, np.array([one.counts[base] for base in "ACGT"]).T)
        assert ours[id_].name == one.name
        assert list(ours[id_].families) == one.tf_family


def test_a_motif_keeps_its_invariants():
    one = Motif("a", "A", [[1, 2, 3, 4], [4, 0, 0, 0]])
    assert one.probabilities().sum(axis=1) == pytest.approx(1)
    assert one.probabilities().min() > 0
    np.testing.assert_array_equal(one.reversed().reversed().counts, one.counts)
    with pytest.raises(ValueError, match="read-only"):
        one.counts[0, 0] = 1
    with pytest.raises(ValueError, match="share an id"):
        MotifCollection((one, one), "x")
