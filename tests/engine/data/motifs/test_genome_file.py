"""Bases of peaks: chromosomes called otherwise or missing, ends of chromosomes, unknown and lower-case bases."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.data.motifs.genome_file import read_sequences
from monae_app.engine.errors import InputError


def peaks(*rows: tuple[str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["chrom", "start", "end"])


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text(">1 first\nACGTACGTAC\nGGGGgttNNN\n>chrM\nACGT\n")
    return path


def test_bases_are_read_whatever_the_chromosomes_are_called(fasta):
    found = read_sequences(
        peaks(("chr1", 0, 4), ("MT", 0, 4), ("chr1", 12, 20), ("chr1", 18, 99), ("chrX", 0, 9)), fasta
    )
    np.testing.assert_array_equal(found.offsets, [0, 4, 8, 16, 18, 18])
    np.testing.assert_array_equal(found.bases, [0, 1, 2, 3, 0, 1, 2, 3, 2, 2, 2, 3, 3, 4, 4, 4, 4, 4])
    np.testing.assert_allclose(found.gc(), [0.5, 0.5, 0.6, np.nan, np.nan])
    said = " ".join(found.notes)
    for sentence in ("chr1 is 1 there", "1 of 5 peaks lie on chromosomes that g.fa lacks: chrX", "1 of 5 peaks reach"):
        assert sentence in said
    assert "another assembly" in said
    assert "5 of 18 bases of the peaks are unknown" in said
    assert "lower case" in said
    assert (fasta.parent / "g.fa.fai").exists()


def test_a_folder_that_may_not_be_written_gets_no_index(fasta, monkeypatch):
    monkeypatch.setattr("monae_app.engine.data.motifs.genome_file.os.access", lambda *_: False)
    assert len(read_sequences(peaks(("1", 0, 4)), fasta).bases) == 4
    assert not (fasta.parent / "g.fa.fai").exists()


def test_a_genome_packed_with_bgzip_is_read(tmp_path):
    from Bio import bgzf

    path = tmp_path / "g.fa.gz"
    with bgzf.BgzfWriter(path) as file:
        file.write(b">chr1\n" + b"ACGTACGTAC\n" * 9)
    np.testing.assert_array_equal(read_sequences(peaks(("chr1", 10, 14)), path).bases, [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no FASTA"),
        (b"chr1\t1\t2\n", "no FASTA"),
        (gzip.compress(b">1\nACGT\n", mtime=0), "no place in it can be looked up"),
        (b">1\nACGT\nA\nACGTA\n", "cannot be read"),
        (b">1\nACGT\n>1\nACGT\n", "cannot be read"),
        (b">other\nACGT\n", "holds no bases of any peak: the peaks lie on chr1, the file has other"),
    ],
)
def test_what_is_no_genome_is_said(content, said, tmp_path):
    path = tmp_path / "bad.fa"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_sequences(peaks(("chr1", 0, 4)), path)
    assert said in caught.value.found
    assert "docs/motifs.md" in caught.value.todo or "gunzip" in caught.value.todo


def test_a_genome_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be opened"):
        read_sequences(peaks(("chr1", 0, 4)), tmp_path / "none.fa")


def test_regions_that_are_no_peaks_are_left_out(fasta):
    found = read_sequences(peaks(("1", 0, 4), ("1", 0, 200_000)), fasta)
    assert found.offsets.tolist() == [0, 4, 4]
    assert "longer than 100,000" in " ".join(found.notes)
