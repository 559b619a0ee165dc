"""The arithmetic behind the tables, on results made up for the purpose."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from tests.benchmarks import report
from tests.benchmarks.book import Book, interval
from tests.benchmarks.must_show import ablation_gain, figures
from tests.benchmarks.report import PLOT, RESULTS, with_block, write_report

SEEDS = range(5)
GOOD = {
    "foscttm": 0.004,
    "same_modality": 0.51,
    "ari": 0.9,
    "label_transfer": 0.96,
    "label_transfer_balanced": 0.95,
    "rna>rna": 0.93,
    "atac>rna": 0.64,
    "rna>atac": 0.42,
    "atac>atac": 0.72,
    "foscttm_seen": 0.004,
    "foscttm_unseen": 0.005,
    "reload_difference": 1e-6,
}
POOR = {name: value * (3.5 if name in ("foscttm", "same_modality") else 0.8) for name, value in GOOD.items()}


def record(method: str, seed: int, scores: dict[str, float], data: str = "own-standard", cpu: float = 50.0) -> dict:
    jitter = 1 + 0.001 * seed
    return {
        "data": data,
        "method": method,
        "seed": seed,
        "cpu_s": cpu,
        "date": "2026-01-01 00:00 UTC",
        "machine": "a machine",
        "versions": {"numpy": "2"},
        "scores": {name: value * jitter for name, value in scores.items()},
    }


def results(**changes: float) -> list[dict]:
    found = []
    for seed in SEEDS:
        found.append(record("monae", seed, GOOD | changes))
        found.append(record("ceiling", seed, GOOD))
        found += [record(name, seed, POOR, cpu=400) for name in ("harmony", "cca", "svd", "scglue")]
    return found


def test_the_interval_is_students():
    values = [0.1, 0.3, 0.2, 0.5, 0.4]
    found = interval(values)
    low, high = stats.t.interval(0.95, 4, loc=np.mean(values), scale=stats.sem(values))
    assert (found.mean, found.low, found.high) == pytest.approx((0.3, low, high))
    alone = interval([0.2])
    assert (alone.mean, alone.low, alone.high) == (0.2, -math.inf, math.inf)


def test_only_seeds_that_both_have_are_paired():
    records = [record("monae", seed, {"ari": 0.5 + seed}) for seed in (0, 1, 2)]
    records += [record("cca", seed, {"ari": 0.25}) for seed in (1, 2, 7)]
    assert Book(records).paired("own-standard", "monae", "cca", "ari") == pytest.approx(
        [1.5 * 1.001 - 0.25 * 1.001, 2.5 * 1.002 - 0.25 * 1.002]
    )


def test_good_figures_are_met():
    shown = [each for each in figures(Book(results())) if each.met is not None]
    assert len(shown) == 21
    assert [each.claim for each in shown if not each.met] == []


@pytest.mark.parametrize(
    ("metric", "value", "claims"),
    [
        ("foscttm", 0.02, {"FOSCTTM", "FOSCTTM beside peers"}),
        ("same_modality", 0.6, {"same-modality"}),
        ("ari", 0.8, {"ARI"}),
        ("label_transfer", 0.7, {"label transfer"}),
        ("atac>rna", 0.55, {"ATAC->RNA"}),
        ("atac>atac", 0.5, {"ATAC->ATAC"}),
        ("foscttm_unseen", 0.02, {"FOSCTTM of cells that training did not see"}),
    ],
)
def test_a_bad_figure_is_missed_and_no_other(metric, value, claims):
    missed = {each.claim for each in figures(Book(results(**{metric: value}))) if each.met is False}
    assert missed == claims


def test_an_ablation_counts_only_if_its_interval_lies_above_zero():
    full = [record("monae", seed, {"foscttm": 0.02}) for seed in SEEDS]
    worse = [record("monae-no-anchor", seed, {"foscttm": 0.10}) for seed in SEEDS]
    gain = ablation_gain(Book(full + worse), "anchor")
    assert gain.low > 0.07
    noisy = [record("monae-no-anchor", seed, {"foscttm": 0.03 + 0.1 * (-1) ** seed}) for seed in SEEDS]
    gain = ablation_gain(Book(full + noisy), "anchor")
    assert gain.low < 0 < gain.high
    shown = [each for each in figures(Book(full + noisy)) if "anchor" in each.claim]
    assert [each.met for each in shown] == [False]


def test_a_leak_is_a_gap_beyond_the_spread_of_the_seeds():
    def met(given: float) -> list[bool | None]:
        records = [record("monae", seed, {"foscttm": 0.2}, "cortex") for seed in SEEDS]
        records += [record("monae", seed, {"foscttm": given}, "cortex-as-given") for seed in SEEDS]
        return [each.met for each in figures(Book(records)) if "leak" in each.claim and "foscttm" in each.claim]

    assert met(0.2) == [True]
    assert met(0.1) == [False]


def test_the_report_names_what_was_missed(tmp_path):
    missed = write_report(results(foscttm=0.02), tmp_path, whole=False)
    assert [each.partition(":")[0] for each in missed] == ["own-standard", "own-standard"]
    text = (tmp_path / RESULTS).read_text(encoding="utf-8")
    assert text.count("**missed**") == 2
    assert "| Monae | 5 | 0.0200 |" in text
    assert (tmp_path / PLOT).stat().st_size > 10_000


def test_what_another_benchmark_wrote_stays_and_is_replaced_by_itself_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "draw", lambda *_: None)
    path = tmp_path / RESULTS
    path.write_text(with_block("# Old\n", "other", "first"), encoding="utf-8")
    write_report(results(), tmp_path, whole=False)
    text = path.read_text(encoding="utf-8")
    assert "# Old" not in text
    assert "first" in text
    again = with_block(text, "other", "second")
    assert "second" in again
    assert again.replace("second", "first") == text


def test_what_a_whole_bench_did_not_measure_is_missed(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "draw", lambda *_: None)
    records = [each for each in results() if each["method"] != "scglue"]
    assert write_report(records, tmp_path, whole=False) == []
    assert any("scglue" in each for each in write_report(records, tmp_path, whole=True))
