"""Names: unique for features, and what they say of genome and modality."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.data.readers.names import as_text, feature_names, genome_of

words = st.lists(st.tuples(st.sampled_from(["A", "A-1", "B", ""]), st.sampled_from(["i", "j", "A", "A-1"])))


@given(words)
def test_names_of_features_are_unique_and_the_first_of_a_symbol_keeps_it(pairs):
    symbols = [symbol for symbol, _ in pairs]
    for ids in (None, [name for _, name in pairs]):
        found = feature_names(symbols, ids)
        assert found.is_unique
        assert len(found) == len(pairs)
        for i, symbol in enumerate(symbols):
            if symbol and symbol not in symbols[:i] and symbol not in found[:i]:
                assert found[i] == symbol


def test_a_repeated_symbol_is_named_by_its_id_and_a_repeated_id_by_a_number():
    assert feature_names(["TBCE", "TBCE", "ACTB"], ["i1", "i2", "i3"]).tolist() == ["TBCE", "i2", "ACTB"]
    assert feature_names(["Gm1", "Gm1", "Gm1"]).tolist() == ["Gm1", "Gm1-1", "Gm1-2"]


@pytest.mark.parametrize(
    ("text", "genome"),
    [
        ("GRCh38", "hg38"),
        ("GRCh38_chr21", "hg38"),
        ("refdata-gex-mm10-2020-A", "mm10"),
        ("GRCm38", "mm10"),
        ("hg19_chr21", "hg19"),
        ("GRCm39", None),
        ("GRCh38_and_mm10", None),
        ("", None),
    ],
)
def test_the_genome_is_taken_from_any_text_that_names_one(text, genome):
    assert genome_of(text) == genome


def test_bytes_that_were_written_as_python_shows_them_are_names_again():
    told = ["b'chr1:1-9'", 'b"chr2:1-9"', b"chr3:1-9", "b'", "b''", "bab", "b'x\""]
    assert as_text(told).tolist() == ["chr1:1-9", "chr2:1-9", "chr3:1-9", "b'", "b''", "bab", "b'x\""]
