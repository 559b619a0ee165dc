from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.config import GenomeName
from monae_app.engine.data.genome import (
    GENE_COLUMNS,
    bundled_symbols,
    harmonise_chromosomes,
    parse_peaks,
    read_bed,
    read_genome,
    transcription_factors,
)
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

PEAK_STYLES = ["{}:{}-{}", "{}-{}-{}", "{}_{}_{}", "{}:{}_{}"]
chromosomes = st.from_regex(r"(chr|GRCh38_chr|)[0-9A-Za-z*._:-]{0,20}[0-9A-Za-z]", fullmatch=True)
starts = st.integers(0, 10**9)
lengths = st.integers(1, 10**7)


def peaks(*names: str, **columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns, index=pd.Index(list(names), dtype=object))


@pytest.mark.parametrize("name", get_args(GenomeName))
def test_bundled_genome_has_each_symbol_once(name):
    genes = read_genome(name)
    assert list(genes.columns) == GENE_COLUMNS
    assert genes["symbol"].is_unique
    assert len(genes) > 23_000
    assert (genes["start"] >= 0).all()
    assert (genes["end"] > genes["start"]).all()
    assert set(genes["strand"]) == {"+", "-"}


@pytest.mark.parametrize("name", get_args(GenomeName))
def test_symbols_alone_are_those_of_the_genes(name):
    assert set(bundled_symbols(name)) == set(read_genome(name)["symbol"])


def test_bundled_genomes_are_right_about_known_genes():
    mouse = read_genome("mm10").set_index("symbol")
    assert mouse.loc["Mbp", ["chrom", "strand"]].tolist() == ["chr18", "+"]
    assert abs(mouse.loc["Mbp", "start"] - 82_475_000) < 1000
    human = read_genome("hg38").set_index("symbol")
    assert human.loc["ANO4", "chrom"] == "chr12"  # also on a scaffold
    assert human.loc["GAPDH", ["chrom", "strand"]].tolist() == ["chr12", "+"]
    assert read_genome("hg19").set_index("symbol").loc["AKAP17A", "chrom"] == "chrX"  # also on chrY, pseudoautosomal


def test_transcription_factors_belong_to_the_organism():
    assert "GATA1" in transcription_factors("hg38")
    assert "Gata1" not in transcription_factors("hg19")
    assert "Gata1" in transcription_factors("mm10")
    assert transcription_factors(None) == transcription_factors("hg38") | transcription_factors("mm10")


def test_bed_of_five_and_of_six_columns(tmp_path: Path):
    five = tmp_path / "five.bed"
    five.write_text("chrom\tstart\tend\tsymbol\tstrand\nchr1\t10\t20\tNA\t+\nchr2\t5\t9\tnull\t-\n")
    genes = read_bed(five)
    assert genes.to_numpy().tolist() == [["chr1", 10, 20, "NA", "+"], ["chr2", 5, 9, "null", "-"]]
    assert genes["start"].dtype == np.int64

    six = tmp_path / "six.bed.gz"
    text = "# made by hand\ntrack name=genes\nbrowser position chr1\n\nchr1 10 20 NA 0 + extra\r\nchr2 5 9 null 960 -\n"
    six.write_bytes(gzip.compress(text.encode()))
    pd.testing.assert_frame_equal(read_bed(six), genes)


def test_primary_chromosomes_win_then_the_longest_place(tmp_path: Path):
    bed = tmp_path / "genes.bed"
    bed.write_text(
        "KI270713.1\t0\t900\tA\t+\n1\t10\t20\tA\t+\nchr1\t10\t20\tB\t+\nchr1\t50\t90\tB\t-\n"
        "chrX\t1\t9\tC\t+\nchrY\t1\t9\tC\t+\nchr1_KI270713v1_random\t1\t9\tD\t+\n"
    )
    genes = read_bed(bed)
    assert genes["chrom"].tolist() == ["1", "chr1", "chrX", "chr1_KI270713v1_random"]
    assert genes["start"].tolist() == [10, 50, 1, 1]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "holds no genes"),
        (b"# nothing\n", "holds no genes"),
        (b"chr1\t10\t20\tA\n", "1 of 1 lines"),
        (b"chr1\t10\t20\tA\t+\nchr1\t30\t20\tB\t+\n", "line 2"),
        (b"chr1\t-10\t20\tA\t+\n", "line 1"),
        (b"chr1\t10\t20\tA\t960\n", "line 1"),
        (b"gene\tvalue\nA\t1\nB\t2\n", "2 of 2 lines"),
        (b"\x1f\x8b broken", "neither text nor gzipped text"),
        (gzip.compress(b"chr1\t10\t20\tA\t+\n" * 500, mtime=0)[:-12], "neither text nor gzipped text"),
        (b"\xff\xfe\x00", "neither text nor gzipped text"),
    ],
)
def test_what_is_no_bed_is_refused(tmp_path: Path, content: bytes, found: str):
    bed = tmp_path / "genes.bed"
    bed.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_bed(bed)
    assert found in error.value.found
    assert str(bed) in error.value.found
    assert error.value.todo


def test_a_missing_bed_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="No such file"):
        read_bed(tmp_path / "absent.bed")
    with pytest.raises(InputError, match="directory"):
        read_bed(tmp_path)


@settings(deadline=None)
@given(chrom=chromosomes, start=starts, length=lengths, style=st.sampled_from(PEAK_STYLES))
def test_every_style_of_peak_name_parses_back(chrom: str, start: int, length: int, style: str):
    name = style.format(chrom, start, start + length)
    parsed = parse_peaks(peaks(name))
    assert parsed.loc[name].tolist() == [chrom, start, start + length]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chrUn_x_1_200", ["chrUn_x", 1, 200]),
        ("KI270713.1:1-200", ["KI270713.1", 1, 200]),
        ("chr1:100-200", ["chr1", 100, 200]),
        ("chr1-100-200", ["chr1", 100, 200]),
        ("GRCh38_chr1:1-5", ["GRCh38_chr1", 1, 5]),
        ("chr1_5_100_200", ["chr1_5", 100, 200]),
        ("HLA-A*01:01:01-0-20", ["HLA-A*01:01:01", 0, 20]),
    ],
)
def test_awkward_peak_names(name: str, expected: list[object]):
    assert parse_peaks(peaks(name)).iloc[0].tolist() == expected


@pytest.mark.parametrize(
    "columns", [("chrom", "chromStart", "chromEnd"), ("chr", "start", "end"), ("Chromosome", "Start", "End")]
)
def test_columns_come_before_names(columns: tuple[str, str, str]):
    values = (pd.Categorical(["chr1", "chr2"]), [3, 5], np.array([30.0, 50.0]))
    var = peaks("p1", "chr9:1-2", **dict(zip(columns, values, strict=True)))
    parsed = parse_peaks(var)
    assert parsed.to_numpy().tolist() == [["chr1", 3, 30], ["chr2", 5, 50]]
    assert parsed.index.equals(var.index)
    assert parsed["end"].dtype == np.int64


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["Mbp", "Mog", "Sst", "Vip"], "4 of 5 peaks hold no genome position in their names: 'Mbp', 'Mog', 'Sst', ..."),
        (["chr1:200-200", "chr1:300-200"], "2 of 3 peaks end at or before their start"),
        (["chr1:-5-200"], "1 of 2 peaks hold a negative position in their names: 'chr1:-5-200'."),
        (["chr1:1-99999999999999999999999"], "1 of 2 peaks hold no genome position"),
        (["", ":1-5"], "2 of 3 peaks hold no genome position"),
    ],
)
def test_names_that_are_no_peaks_are_refused(names: list[str], problem: str):
    with pytest.raises(InputError) as error:
        parse_peaks(peaks("chr1:1-2", *names))
    assert problem in error.value.found


@pytest.mark.parametrize(
    ("chrom", "start", "end"),
    [
        ([None, "chr1"], [1, 1], [2, 2]),
        ([" ", "chr1"], [1, 1], [2, 2]),
        (["chr1", "chr1"], [np.nan, 1], [2, 2]),
        (["chr1", "chr1"], [1.5, 1], [2, 2]),
        (["chr1", "chr1"], [1, 1], [np.inf, 2]),
        (["chr1", "chr1"], pd.array([None, 1], dtype="Int64"), [2, 2]),
        (["chr1", "chr1"], ["one", "1"], ["2", "2"]),
    ],
)
def test_columns_that_are_no_positions_are_refused(chrom: object, start: object, end: object):
    with pytest.raises(InputError) as error:
        parse_peaks(peaks("p1", "p2", chrom=chrom, start=start, end=end))
    assert "1 of 2 peaks hold no genome position in their columns chrom, start, end: 'p1'." in error.value.found


def test_no_peaks_are_no_error():
    assert parse_peaks(peaks()).shape == (0, 3)


@pytest.mark.parametrize(
    ("names", "reference", "expected"),
    [
        (["1", "X", "MT"], ["chr1", "chrX", "chrM"], ["chr1", "chrX", "chrM"]),
        (["chr1", "chrM", "Chr2"], ["1", "MT", "2"], ["1", "MT", "2"]),
        (["GRCh38_chr1", "mm10_X"], ["chr1", "chrX"], ["chr1", "chrX"]),
        (["KI270713.1", "GL456210.1"], ["chr1_KI270713v1_random", "chr1_GL456210_random"], None),
        (["chr1", "weird"], ["chr1", "chr2"], ["chr1", "weird"]),
        (["chr10", "chr1"], ["1"], ["chr10", "1"]),
    ],
)
def test_chromosome_names_are_harmonised(names: list[str], reference: list[str], expected: list[str] | None):
    chrom = pd.Series(names, index=[f"peak{i}" for i in range(len(names))])
    renamed = harmonise_chromosomes(chrom, reference)
    assert renamed.tolist() == (expected or reference)
    assert renamed.index.equals(chrom.index)
    assert harmonise_chromosomes(chrom.astype("category"), reference).tolist() == renamed.tolist()
