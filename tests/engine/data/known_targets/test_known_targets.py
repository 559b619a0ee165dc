from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.data import known_targets
from monae_app.engine.data.genome import read_genome
from monae_app.engine.data.known_targets import (
    CREDIT,
    KnownTargets,
    organism_of_run,
    parse_own_targets,
    read_known_targets,
    read_own_targets,
)
from monae_app.engine.data.known_targets.edges import EDGE_COLUMNS, MODES, merge_edges
from monae_app.engine.errors import InputError


@pytest.mark.parametrize(("organism", "edges", "factors"), [("human", 8427, 795), ("mouse", 6490, 827)])
def test_the_bundled_table_is_whole_and_names_each_pair_once(organism, edges, factors):
    known = read_known_targets(organism)
    assert list(known.edges.columns) == EDGE_COLUMNS
    assert (len(known), known.edges["tf"].nunique()) == (edges, factors)
    assert not known.edges.duplicated(["tf", "target"]).any()
    assert set(known.edges["mode"]) <= set(MODES)
    assert known.edges["pmids"].str.fullmatch(r"\d+(;\d+)*").all()
    assert "CC BY-SA 4.0" in known.credit
    assert "Han et al." in known.credit


def test_the_table_says_where_it_is_from_and_under_which_licence():
    text = (Path(known_targets.__file__).parent / "README.md").read_text("utf-8")
    assert all(word in text for word in ("TRRUST", "CC BY-SA 4.0", "Han H", "BSD licence of Monae App does not cover"))


def test_rows_of_a_pair_become_one_edge():
    human = read_known_targets("human").targets_of("ar")
    # reported as activated by one paper and as repressed by another
    assert human.set_index("target").loc["KLK3", "mode"] in {"Activation", "Both"}
    rows = pd.DataFrame(
        [
            ("A", "b", "Unknown", "1"),
            ("A", "b", "Activation", "2;1"),
            ("A", "c", "Activation", "3"),
            ("A", "c", "Repression", ""),
        ],
        columns=EDGE_COLUMNS,
    )
    assert merge_edges(rows).values.tolist() == [["A", "b", "Activation", "1;2"], ["A", "c", "Both", "3"]]


def test_genes_are_matched_in_any_case_and_what_is_lacking_is_counted():
    table = parse_own_targets("SOX2\tOct4\nSox2\toct4\t+\nSox2\tgone\n", "mine.tsv")
    found = table.among(["Sox2", "OCT4", "Actb"])
    assert found.edges.values.tolist() == [["Sox2", "OCT4", "Activation", ""]]
    assert found.unmatched == 1


def test_names_that_differ_in_case_alone_are_told_apart_where_both_are_there():
    found = parse_own_targets("tf,target\nPax6,H19\nPax6,h19\n", "mine.csv").among(["PAX6", "Pax6", "h19", "H19"])
    assert found.edges[["tf", "target"]].values.tolist() == [["Pax6", "H19"], ["Pax6", "h19"]]


@pytest.mark.parametrize(
    "text",
    [
        "tf\ttarget\tmode\tpmid\nSox2\tNanog\tActivation\t1;2\n",
        "Sox2\tNanog\tactivator\t1,2\n",
        'Target,Factor,Effect,PubMed\nNanog,Sox2,+,"1, 2"\n',
        "# mine\n\nsource;target;mor;references\nSox2;Nanog;1;1|2\n",
    ],
)
def test_own_tables_are_read_however_they_are_laid_out(text, tmp_path):
    expected = [["Sox2", "Nanog", "Activation", "1;2"]]
    assert parse_own_targets(text, "mine").edges.values.tolist() == expected
    packed = tmp_path / "mine.txt.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    assert read_own_targets(packed).edges.values.tolist() == expected


def test_a_table_of_two_columns_needs_no_more():
    assert parse_own_targets("Sox2 Nanog\n", "mine").edges.values.tolist() == [["Sox2", "Nanog", "Unknown", ""]]


def test_strange_modes_are_unknown_and_said():
    found = parse_own_targets("Sox2,Nanog,binds\n", "mine.csv")
    assert found.edges["mode"].tolist() == ["Unknown"]
    assert "1 modes" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no edges"),
        ("tf\ttarget\n", "holds no edges"),
        ("Sox2\tNanog\nSox2\n", "line 2"),
        ("tf,target\nSox2,\n,Nanog\n", "line 2, 3"),
        (f"Sox2\t{'x' * 200}\n", "line 1"),
    ],
)
def test_lines_without_an_edge_are_refused_by_number(text, said):
    with pytest.raises(InputError, match=said) as caught:
        parse_own_targets(text, "mine.tsv")
    assert "factor, target" in caught.value.expected


@pytest.mark.parametrize(
    "content",
    [b"\x1f\x8bno gzip", b"\xff\xfe\x00\x01", gzip.compress(b"Sox2\tNanog\n", mtime=0)[:-6]],
    ids=["no gzip", "no text", "cut off"],
)
def test_what_is_no_text_is_refused(content, tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        read_own_targets(path)
    with pytest.raises(InputError, match="No such file"):
        read_own_targets(tmp_path / "gone.tsv")


def test_the_organism_is_that_of_the_genome_or_of_the_names():
    assert organism_of_run("mm10", []) == "mouse"
    assert organism_of_run("hg19", ["Sox2"]) == "human"
    mouse, human = (read_genome(name)["symbol"].iloc[:3000:100].tolist() for name in ("mm10", "hg38"))
    assert organism_of_run(None, mouse) == "mouse"
    assert organism_of_run(None, human) == "human"
    assert organism_of_run(None, [f"gene{i}" for i in range(100)]) is None
    assert organism_of_run(None, [*mouse, *human]) is None
    with pytest.raises(InputError, match="'yeast'"):
        read_known_targets("yeast")  # type: ignore[arg-type]


NAME = st.text("abcXYZ0-.", min_size=1, max_size=8).filter(lambda text: not text.startswith(("-", ".")))


@given(st.lists(st.tuples(NAME, NAME, st.sampled_from(["Activation", "Repression", "Unknown"])), min_size=1))
def test_whatever_is_written_is_read_again(rows):
    text = "tf\ttarget\tmode\n" + "".join("\t".join(row) + "\n" for row in rows)
    found = parse_own_targets(text, "mine").edges
    assert set(zip(found["tf"], found["target"], strict=True)) == {row[:2] for row in rows}
    assert not found.duplicated(["tf", "target"]).any()


def test_credit_is_not_put_on_tables_of_others():
    assert parse_own_targets("a\tb\n", "mine").credit == ""
    assert read_known_targets("mouse").among(["Sox2"]).credit == CREDIT
    assert isinstance(read_known_targets("mouse"), KnownTargets)
