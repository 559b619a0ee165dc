from __future__ import annotations

import gzip
import string
from contextlib import suppress

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monae_app.engine.config import make_config
from monae_app.engine.data.coordinates import locate_features, read_annotation
from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.gtf import GTF_COLUMNS, read_gtf
from monae_app.engine.errors import InputError

ENSEMBL_GTF = """\
#!genome-build GRCh38.p14
1\thavana\tgene\t101\t400\t.\t+\t.\tgene_id "ENSG01"; gene_version "5"; gene_name "ALPHA"; note "a; gene_name b";
1\thavana\ttranscript\t101\t400\t.\t+\t.\tgene_id "ENSG01"; transcript_id "ENST01"; gene_name "ALPHA";
1\thavana\texon\t101\t200\t.\t+\t.\tgene_id "ENSG01"; transcript_id "ENST01"; gene_name "ALPHA";
2\tensembl\tgene\t1\t50\t.\t-\t.\tgene_id "ENSG02"; gene_biotype "lncRNA";
"""
GFF3 = """\
##gff-version 3
##sequence-region 1 1 1000
1\thavana\tchromosome\t1\t1000\t.\t.\t.\tID=chromosome:1
1\thavana\tgene\t101\t400\t.\t+\t.\tID=gene:ENSG01;Name=ALPHA;biotype=protein_coding;gene_id=ENSG01
1\thavana\tmRNA\t101\t400\t.\t+\t.\tID=transcript:ENST01;Parent=gene:ENSG01;Name=ALPHA-201
2\thavana\tncRNA_gene\t1\t50\t.\t-\t.\tID=gene:ENSG02;Name=Be%3Bta;gene_id=ENSG02
MT\thavana\tpseudogene\t7\t9\t.\t?\t.\tID=gene-LOC3;gene=LOC3
"""
TRANSCRIPTS = """\
chr1\tx\ttranscript\t101\t300\t.\t+\t.\tgene_id "G1"; transcript_id "T1"; gene_name "Alpha";
chr1\tx\texon\t101\t120\t.\t+\t.\tgene_id "G1"; transcript_id "T1";
chr1\tx\ttranscript\t51\t250\t.\t+\t.\tgene_id "G1"; transcript_id "T2"; gene_name "Alpha";
chrX\tx\ttranscript\t1\t10\t.\t-\t.\tgene_id "G2"; transcript_id "T3";
chrY\tx\ttranscript\t3\t12\t.\t-\t.\tgene_id "G2"; transcript_id "T4";
"""


def write(folder, text, name="genes.gtf"):
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["genes.gtf", "genes.gtf.gz", "renamed.txt"])
def test_genes_of_a_gtf(tmp_path, name):
    found = read_gtf(write(tmp_path, ENSEMBL_GTF, name))
    assert found.columns.tolist() == GTF_COLUMNS
    assert found.to_numpy().tolist() == [
        ["1", 100, 400, "ALPHA", "+", "ENSG01"],
        ["2", 0, 50, "ENSG02", "-", "ENSG02"],
    ]


def test_genes_of_a_gff3_of_several_makers(tmp_path):
    assert read_gtf(write(tmp_path, GFF3)).to_numpy().tolist() == [
        ["1", 100, 400, "ALPHA", "+", "ENSG01"],
        ["2", 0, 50, "Be;ta", "-", "ENSG02"],
        ["MT", 6, 9, "LOC3", ".", "LOC3"],
    ]


def test_without_genes_transcripts_are_put_together(tmp_path):
    assert read_gtf(write(tmp_path, TRANSCRIPTS)).to_numpy().tolist() == [
        ["chr1", 50, 300, "Alpha", "+", "G1"],
        ["chrX", 0, 10, "G2", "-", "G2"],
        ["chrY", 2, 12, "G2", "-", "G2"],
    ]


def test_without_transcripts_exons_are_put_together(tmp_path):
    exons = ENSEMBL_GTF.replace("\tgene\t", "\texon\t").replace("\ttranscript\t", "\tCDS\t")
    assert read_gtf(write(tmp_path, exons))["symbol"].tolist() == ["ALPHA", "ENSG02"]


def test_a_transcript_of_a_gff3_belongs_to_its_parent(tmp_path):
    lines = "1\tx\tmRNA\t5\t9\t.\t+\t.\tID=t1;Parent=gene:G1;Name=T\n1\tx\tmRNA\t2\t6\t.\t+\t.\tID=t2;Parent=gene:G1\n"
    assert read_gtf(write(tmp_path, lines)).to_numpy().tolist() == [["1", 1, 9, "G1", "+", "G1"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "holds no genes"),
        ("chr1\t5\t9\tAlpha\t+\n", "holds no genes"),
        ("1\tx\tgene\t9\t5\t.\t+\t.\tgene_id 'a'\n", "1 of 1 lines of genes in genes.gtf are broken (line 1)"),
        ("#c\n1\tx\tgene\t0\t5\t.\t+\t.\tgene_id a\n", "(line 2)"),
        ("1\tx\tgene\t1e3\t5000\t.\t+\t.\tgene_id a\n", "(line 1)"),
        ("1\tx\tgene\t1\t5\t.\tplus\t.\tgene_id a\n", "(line 1)"),
        ("1\tx\tgene\t1\t5\t.\t+\n", "(line 1)"),
        ("1\tx\tgene\t1\t5\t.\t+\t.\tbiotype x;\n", "None of the 1 lines of genes in genes.gtf names its gene"),
    ],
)
def test_a_file_without_genes_is_explained(tmp_path, text, found):
    with pytest.raises(InputError) as caught:
        read_gtf(write(tmp_path, text))
    assert found in caught.value.found
    assert "GTF or GFF3" in caught.value.expected
    assert caught.value.todo


def test_a_cut_off_or_missing_file_is_explained(tmp_path):
    whole = gzip.compress(ENSEMBL_GTF.encode() * 200)
    (tmp_path / "cut.gtf.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.gtf\.gz cannot be read"):
        read_gtf(tmp_path / "cut.gtf.gz")
    with pytest.raises(InputError, match="No such file"):
        read_gtf(tmp_path / "none.gtf")


names = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=8)
places = st.tuples(st.sampled_from(["1", "chrX", "KI270713.1"]), st.integers(1, 10**9), st.integers(0, 10**6))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(names, st.tuples(places, st.sampled_from("+-."), names), min_size=1, max_size=8), st.booleans())
def test_what_is_written_is_read(tmp_path, genes, as_gff3):
    pattern = "gene_id={};gene_name={};x=1" if as_gff3 else 'x "1; 2"; gene_id "{}"; gene_name "{}";'
    lines = [
        "\t".join([chrom, "x", "gene", str(first), str(first + more), ".", strand, ".", pattern.format(gene, symbol)])
        for gene, ((chrom, first, more), strand, symbol) in genes.items()
    ]
    expected = [
        [chrom, first - 1, first + more, symbol, strand, gene]
        for gene, ((chrom, first, more), strand, symbol) in genes.items()
    ]
    assert read_gtf(write(tmp_path, "\n".join(lines) + "\n")).to_numpy().tolist() == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_is_read_or_explained(tmp_path, data):
    raw = bytearray(ENSEMBL_GTF.encode())
    for _ in range(data.draw(st.integers(1, 12))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.gtf"
    path.write_bytes(bytes(raw))
    with suppress(InputError):
        found = read_gtf(path)
        assert (found["start"] >= 0).all()
        assert (found["start"] < found["end"]).all()


def test_a_run_takes_its_genes_from_a_gtf(tmp_path, modality):
    path = write(tmp_path, ENSEMBL_GTF + '1\tx\tgene\t1\t20\t.\t+\t.\tgene_id "ENSG03"; gene_name "ALPHA";\n')
    config = make_config(inputs={"rna": "rna.h5ad", "atac": "atac.h5ad"}, gtf=path)
    genes = read_annotation(config)
    assert genes["symbol"].tolist() == ["ALPHA", "ENSG02"]
    peaks = ["chr1:100-200", "chr1:900-950", "chr2:5-9", "chrX:10-20", "chrX:30-80"]
    dataset = Dataset(
        {
            "rna": modality(features=["ENSG02", "ALPHA", "a", "b", "c"]),
            "atac": modality(name="atac", features=peaks),
        }
    )
    located = locate_features(dataset, config)
    assert located["rna"].loc["ALPHA"].tolist() == ["1", 100, 400, "+"]
    assert located["atac"]["chrom"].tolist()[:3] == ["1", "1", "2"]
    pd.testing.assert_index_equal(located["rna"].index, pd.Index(["ENSG02", "ALPHA", "a", "b", "c"]), check_names=False)
