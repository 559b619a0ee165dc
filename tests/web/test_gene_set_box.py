from __future__ import annotations

import base64

import pytest

from monae_app.web.pages.embedding.gene_set import genes_of, text_of


@pytest.mark.parametrize(
    ("text", "genes"),
    [
        ("Gad1\nGad2\n", ["Gad1", "Gad2"]),
        ("Gad1, Gad2;Sst", ["Gad1", "Gad2", "Sst"]),
        ('"Gad1"\t"Gad2"', ["Gad1", "Gad2"]),
        ("SET\thttps://example.org\tGad1\tGad2", ["Gad1", "Gad2"]),
        ("SET\tna\tGad1\tGad2", ["Gad1", "Gad2"]),
        (" \n,,\n", []),
    ],
)
def test_names_are_taken_from_lists_of_any_kind(text, genes):
    assert genes_of(text) == genes


def test_a_file_that_is_no_text_gives_nothing():
    told = "data:text/plain;base64," + base64.b64encode("Gad1\nÄ".encode()).decode()
    assert text_of(told) == "Gad1\nÄ"
    for nothing in (None, "", "data:,x", "data:;base64,/////w=="):
        assert text_of(nothing) == ""
