"""Agreement of ranked targets with a table, as a page orders it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monae_app.engine.analysis.regulation.gathering import gather
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.jobs.kept_regulation import KeptRegulation
from monae_app.jobs.short_agreement import measure_agreement
from monae_app.jobs.short_work import WORK, Bench
from monae_app.web.pages.regulation.agreeing import sentence, shown
from tests.web.tiny_sample import GENES, TYPES, write_sample

if TYPE_CHECKING:
    from pathlib import Path

USER = "local"


@pytest.fixture
def run(tmp_path) -> Path:
    return write_sample(tmp_path / "samples") / "run"


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(tmp_path / "store", USER, tmp_path, lambda _share, _text: None)


def own_table(kept: KeptRegulation, pairs: list[tuple[int, int]]) -> str:
    text = "tf\ttarget\n" + "".join(f"Gene{first}\tGENE{second}\n" for first, second in pairs)
    return f"{kept.keep_table(text)}:mine.tsv"


def test_a_table_of_genes_that_go_together_agrees_and_one_of_others_does_not(run, bench):
    kept, each = KeptRegulation(bench.store, USER), GENES // len(TYPES)
    kept.write_evidence(run, gather(Result.load(run)))
    # genes of a quarter are high in the same cells
    together = [(0, gene) for gene in range(1, each)] + [(each, gene) for gene in range(each + 1, 2 * each)]
    apart = [(0, gene) for gene in range(each, 2 * each)] + [(each, gene) for gene in range(2 * each, 3 * each)]
    areas = {}
    for name, pairs in (("together", together), ("apart", apart)):
        found = measure_agreement({"folder": str(run), "own": own_table(kept, pairs)}, bench)
        areas[name] = next(row["value"] for row in found["rows"] if row["metric"] == "auroc")
        assert found["known"] == len(pairs)
        assert found["factors"] == 2
        assert found["source"] == "mine.tsv"
        assert f"{areas[name]:.3f}" in sentence(found)
        assert len(shown(found)) == 2
    assert areas["together"] > 0.9
    assert areas["apart"] < 0.6


def test_it_is_among_the_work_and_says_what_is_missing(run, bench):
    assert WORK["agreement"].endswith(measure_agreement.__name__)
    with pytest.raises(InputError, match="not worked out yet"):
        measure_agreement({"folder": str(run), "own": None}, bench)
    KeptRegulation(bench.store, USER).write_evidence(run, gather(Result.load(run)))
    with pytest.raises(InputError, match="no known targets"):
        measure_agreement({"folder": str(run), "own": None}, bench)
    with pytest.raises(InputError, match="not kept any more"):
        measure_agreement({"folder": str(run), "own": f"{'0' * 40}:x"}, bench)
