from __future__ import annotations

from urllib.parse import unquote

import numpy as np

from monae_app.engine.analysis import nearest_across
from monae_app.jobs import bitsets
from tests.web.tiny_sample import CELLS, TYPES

N = 2 * CELLS
URL = "/api/runs/sample-tiny/neighbours"
OWN = {"X-Monae": "1"}
EACH = CELLS // len(TYPES)


def ask(client, rows, k: int = EACH) -> tuple[np.ndarray, str]:
    chosen = np.zeros(N, bool)
    chosen[rows] = True
    answer = client.post(URL, query_string={"k": k}, data=bitsets.pack(chosen), headers=OWN)
    assert answer.status_code == 200
    return np.flatnonzero(bitsets.unpack(answer.data, N)), unquote(answer.headers["X-Monae-Told"])


def test_neighbours_of_a_type_are_the_cells_of_that_type_in_the_other_modality(client):
    # The tiny sample puts the cells of a type at one place in the shared space.
    rows, told = ask(client, [1])
    assert rows.tolist() == [CELLS + row for row in range(CELLS) if row % len(TYPES) == 1]
    assert told == f"1 cell of RNA have {EACH} neighbours in ATAC."
    rows, _ = ask(client, [CELLS + 2])
    assert (rows < CELLS).all()
    assert set(rows % len(TYPES)) == {2}


def test_a_selection_of_both_modalities_looks_both_ways(client):
    rows, told = ask(client, [1, CELLS + 2])
    assert {(row // CELLS, row % len(TYPES)) for row in rows} == {(0, 2), (1, 1)}
    assert "of RNA have" in told
    assert "of ATAC have" in told


def test_where_not_all_is_compared_with_all_the_words_say_so(client, monkeypatch):
    monkeypatch.setattr(nearest_across, "EXACT_PAIRS", 1)
    monkeypatch.setattr(nearest_across, "MOST_QUERIES", 5)
    rows, told = ask(client, range(0, CELLS, len(TYPES)))
    assert "5 of them, drawn at random, were asked" in told
    assert set(rows % len(TYPES)) == {0}


def test_odd_numbers_are_refused(client):
    for k in ("0", "1000"):
        answer = client.post(URL, query_string={"k": k}, data=bytes(N // 8), headers=OWN)
        assert (answer.status_code, answer.get_json()["expected"]) == (404, "1 to 100.")
    assert client.post(URL, data=b"", headers=OWN).status_code == 404
    rows, _ = ask(client, [])
    assert not len(rows)
