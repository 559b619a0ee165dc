"""What the page Regulation shows of a run with motifs: tables, the shortlist, tracks, networks, and all as files."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.data.known_targets import parse_own_targets
from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets
from monae_app.jobs.kept_regulation import KeptRegulation
from monae_app.jobs.registry import LOCAL
from monae_app.web.app import create_app
from monae_app.web.pages.regulation.choosing import lacking, strongest, why_not
from monae_app.web.pages.regulation.listing import columns, papers, rows, sentence
from monae_app.web.regulation_tables import Filters, shortlist
from monae_app.web.regulation_view import with_known
from monae_app.web.track_data import about_peak
from tests.web.regulated import FACTORS, GROUPS, RUN, worked_out
from tests.web.tiny_sample import CELLS, TYPES

if TYPE_CHECKING:
    from monae_app.web.regulation_view import RegulationView, Tables
    from tests.web.regulated import Regulated

TF = FACTORS[0]


@pytest.fixture
def view(regulated: Regulated) -> RegulationView:
    return regulated.view


@pytest.fixture
def tables(regulated: Regulated) -> Tables:
    return regulated.tables


@pytest.fixture
def own(regulated: Regulated) -> str:
    return regulated.own


@pytest.fixture
def targets(regulated: Regulated) -> pd.DataFrame:
    view, tables = regulated.view, regulated.tables
    return with_known(view.targets(RUN, tables, TF), view.known(RUN, tables, regulated.own), TF)


@pytest.fixture
def client(regulated: Regulated):
    return create_app(regulated.settings, regulated.samples).server.test_client()


def got(client, name: str, **asked):
    answer = client.get(f"/api/runs/{RUN}/regulation/{name}", query_string=asked | {"groups": GROUPS})
    assert answer.status_code == 200, answer.text
    return answer.text


def table_of(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), comment="#", keep_default_na=False, na_values=[""])


def test_levels_of_groups_are_those_that_were_planted(tables):
    assert tables.names == list(TYPES)
    quarter = np.arange(60) * 4 // 60
    for at in range(len(TYPES)):
        # each type has the genes and peaks of its own quarter high
        assert (
            tables.groups.arrays["rna"][at, quarter == at].min() > tables.groups.arrays["rna"][at, quarter != at].max()
        )
        peaks = np.arange(120) * 4 // 120
        for name in ("atac", "atac_imputed"):
            levels = tables.groups.arrays[name][at]
            assert levels[peaks == at].mean() > 3 * levels[peaks != at].mean()
    assert tables.groups.about["cells"] == {"rna": [CELLS // 4] * 4, "atac": [CELLS // 4] * 4}


def test_factors_are_those_with_motifs_and_the_strongest_comes_first(tables):
    assert tables.factors == ["Gene3", "Gene40", "Unmeasured"]
    assert set(tables.regulators["group"]) == set(TYPES)
    assert strongest(tables) in tables.factors
    ranks = tables.regulators.groupby("group")["rank"].apply(sorted)
    assert ranks.tolist() == [[1, 2, 3]] * len(TYPES)
    assert tables.search("gene4")[0] == "Gene40"
    assert tables.search("UNM") == ["Unmeasured"]
    assert tables.factor("gene3") == "Gene3"
    assert tables.factor("nothing") is None


def test_known_targets_of_ones_own_are_marked_in_any_case(targets, view, tables, own):
    known = targets[targets["known"]].set_index("target")
    assert sorted(known.index) == ["Gene5", "Gene7"]
    assert known.loc["Gene5", ["mode", "pmids"]].tolist() == ["Activation", "1;2"]
    assert view.known(RUN, tables, own).unmatched == 1
    # neither a genome nor names tell the organism of the sample
    assert view.known(RUN, tables, None) is None
    with pytest.raises(InputError, match="not kept any more"):
        view.known(RUN, tables, f"{'0' * 40}:mine.csv")
    with pytest.raises(InputError, match="not kept any more"):
        view.known(RUN, tables, "../../etc/passwd:mine.csv")


def test_filters_keep_what_they_say(targets):
    def kept(which="all", sign="both", q=1, backing="any", top=100, of=targets):
        return Filters.read(which, sign, q, backing, top).of(of)

    assert len(kept(top=25)) == 25
    assert not kept("novel", top=5000)["known"].any()
    assert sorted(kept("known")["target"]) == ["Gene5", "Gene7"]
    assert (kept(sign="down")["sign"] == -1).all()
    assert (kept(q=0.1)["q"] <= 0.1).all()
    assert Filters.read("nonsense", None, "x", 7, "nan") == Filters()
    # every kind of evidence: a peak that goes with the target, motifs in its peaks, both, neither
    four = targets.head(4).assign(link_p=[0.01, 0.01, 0.5, np.nan], motif=[2.0, 0.0, 2.0, np.nan])
    names = four["target"].tolist()
    assert kept(of=four)["target"].tolist() == names
    assert kept(backing="peak", of=four)["target"].tolist() == names[:2]
    assert kept(backing="motif", of=four)["target"].tolist() == [names[0], names[2]]
    assert kept(backing="both", of=four)["target"].tolist() == names[:1]


def test_the_shortlist_is_new_and_has_evidence_in_both_modalities(targets, tables):
    # one chromosome gives no p of links: three peaks of one gene and one of another are made sure here
    links = tables.evidence.links
    before = links["p"].copy()
    named = tables.evidence.genes[links["gene"].to_numpy()]
    try:
        links.loc[np.isin(named, ["Gene4", "Gene5", "Gene50"]), "p"] = 0.01
        found, told = shortlist(targets.assign(p=0.01), tables, TF)
        # Gene5 is known, Gene50 has no peak with a motif of the factor
        assert found["target"].tolist() == ["Gene4"]
        assert found["peak_has_motif"].tolist() == ["yes"]
        assert about_peak(tables, found["peak"].iloc[0], TF)["motifs"][0]["id"] == "M1"
        assert not len(shortlist(targets.assign(p=0.5), tables, TF)[0])
        assert "motif" in told
    finally:
        links["p"] = before


def test_rows_of_the_grid_are_plain_and_papers_are_links(targets, tables):
    shown = rows(targets.head(10))
    assert [row["id"] for row in shown] == targets["target"].head(10).tolist()
    assert all(isinstance(value, str | int | float | None) for row in shown for value in row.values())
    assert {each["field"] for each in columns(targets)} >= {"target", "rank", "motif", "motif_peaks", "mode", "papers"}
    assert papers("12;;x;34") == "[12](https://pubmed.ncbi.nlm.nih.gov/12/), [34](https://pubmed.ncbi.nlm.nih.gov/34/)"
    assert papers(";".join("1234567")).endswith("and 2 more")
    assert "2 are known targets of Gene3" in sentence(targets, targets.head(5), tables, TF)


def test_tables_as_files_name_their_origin(client, own):
    text = got(client, "targets.csv", tf="gene3", own=own)
    assert "# Known targets: mine.csv" in text
    assert table_of(text)["known"].sum() == 2
    assert "neither human nor mouse" in got(client, "targets.csv", tf=TF)
    assert table_of(got(client, "shortlist.csv", tf=TF, own=own)).columns[-1] == "peak_has_motif"
    links = table_of(got(client, "links.csv", gene="Gene9"))
    assert set(links["gene"]) == {"Gene9"}
    assert client.get(f"/api/runs/{RUN}/regulation/targets.csv?tf=nope&groups={GROUPS}").status_code == 404
    assert client.get(f"/api/runs/{RUN}/regulation/network.exe?tf=Gene3&groups={GROUPS}").status_code == 404
    assert client.get(f"/api/runs/{RUN}/regulation/targets.csv?tf=Gene3&groups=obs:leiden").status_code == 404


def test_networks_are_opened_by_other_programs(client, own, targets):
    asked = {"tf": [TF, FACTORS[1]], "own": own, "top": 12}
    graph = nx.parse_graphml(got(client, "network.graphml", **asked))
    assert graph.number_of_edges() == 24
    assert graph.nodes[TF]["factor"] is True
    first = targets.iloc[0]
    assert graph.edges[TF, first["target"]]["score"] == pytest.approx(first["score"])
    lines = [line.split("\t") for line in got(client, "network.sif", **asked).splitlines()]
    assert {(one, other) for one, _, other in lines} == set(graph.edges)
    assert {word for _, word, _ in lines} <= {"activates", "represses", "regulates"}
    edges = table_of(got(client, "network.csv", **asked))
    assert edges["known"].tolist() == [
        graph.edges[each]["known"] for each in zip(edges["tf"], edges["target"], strict=True)
    ]
    root = ET.fromstring(got(client, "network.svg", **asked))
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}circle")) == graph.number_of_nodes()
    assert len(root.findall(f"{space}line")) == 24
    assert "mine.csv" in root.find(f"{space}desc").text


def test_a_selection_takes_the_place_of_a_column(view, regulated):
    selections = view._selections.of(RUN)
    bits = np.arange(2 * CELLS) % 4 == 1
    made = selections.annotations.sets.add("some cells", bitsets.pack(bits))
    key = f"set:{made.id}"
    assert key in [each["value"] for each in view.offered(RUN)]
    worked_out(regulated.settings.store, view.order(RUN, key))
    found = view.tables(RUN, key)
    assert found.names == ["some cells", "all others"]
    assert found.groups.arrays["rna"][0, 15:30].min() > found.groups.arrays["rna"][1, 15:30].max()
    with pytest.raises(InputError, match="no such groups"):
        view.order(RUN, "set:nope")


def test_what_is_missing_is_said(view, tables):
    assert lacking(tables, TF) == []
    assert "No motif of Gene5" in str(lacking(tables, "Gene5"))
    assert "was not measured" in str(lacking(tables, "Unmeasured"))
    without = replace(tables, evidence=replace(tables.evidence, hits=None))
    assert "monae motifs RUN --fasta GENOME.fa" in str(lacking(without, TF))
    alone = replace(without.evidence, peaks=np.empty(0, object), links=tables.evidence.links.head(0))
    assert "This run has no ATAC" in str(lacking(replace(tables, evidence=alone), TF))
    services = view._services
    assert "No run yet" in str(why_not(services, None))
    assert "nothing to show" in str(why_not(services, "sample-nope"))
    assert why_not(services, RUN) is None


def test_what_is_kept_is_of_one_user_and_of_one_state_of_the_files(regulated):
    settings, run = regulated.settings, regulated.samples / "tiny" / "run"
    assert KeptRegulation(settings.store, "somebody-else-1234").evidence(run) is None
    kept = KeptRegulation(settings.store, LOCAL)
    assert kept.evidence(run) is not None
    motifs = run / "motif_hits.npz"
    content, before = motifs.read_bytes(), motifs.stat().st_mtime_ns
    motifs.unlink()
    try:
        assert kept.evidence(run) is None
    finally:
        motifs.write_bytes(content)
        os.utime(motifs, ns=(before, before))
    assert kept.evidence(run) is not None


def test_own_tables_are_those_that_were_read(view, own):
    assert len(parse_own_targets(view.kept.table(own.partition(":")[0]), "mine.csv")) == 4


def test_the_program_of_the_page_finds_its_numbers(client, ran, tmp_path):
    program = client.get(f"/api/runs/{RUN}/code/regulation.py?tf=Gene3&gene=Gene9").text
    made = ran("regulation", program, tmp_path / "code")
    shown = table_of(got(client, "targets.csv", tf=TF))
    pd.testing.assert_frame_equal(pd.read_csv(made / "targets.csv"), shown[pd.read_csv(made / "targets.csv").columns])
    assert set(pd.read_csv(made / "links.csv")["gene"]) == {"Gene9"}
    assert client.get(f"/api/runs/{RUN}/code/regulation.py?tf=%22%0Aimport os").status_code == 200
    wicked = client.get(f"/api/runs/{RUN}/code/regulation.py", query_string={"tf": '"\nimport os#'}).text
    assert "\nimport os" not in wicked
