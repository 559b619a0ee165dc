"""The scanner on genomes whose motifs are known, and beside one that adds up every window."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.data.motifs.genome_file import PeakSequences, read_sequences
from monae_app.engine.data.motifs.hits import MotifHits
from monae_app.engine.data.motifs.kept import Scan, scan_or_load
from monae_app.engine.data.motifs.motif import Motif, MotifCollection
from monae_app.engine.data.motifs.scanner import scan
from monae_app.engine.data.motifs.score_cutoffs import NEVER, STEP, cutoffs, steps_of, strands_alike, survival
from monae_app.engine.errors import InputError, Stopped
from monae_app.engine.telling import Telling
from tests.engine.data.motifs.genomes import Planted, planted, random_bases, random_motif

if TYPE_CHECKING:
    from pathlib import Path

COMPLEMENT = str.maketrans("ACGTacgtN", "TGCAtgcaN")


@pytest.fixture(scope="module")
def made() -> Planted:
    return planted()


@pytest.fixture(scope="module")
def fasta(made: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.write(tmp_path_factory.mktemp("genome") / "made.fa")


@pytest.fixture(scope="module")
def hits(made: Planted, fasta: Path) -> MotifHits:
    return scan(made.peaks.index, read_sequences(made.peaks, fasta), made.motifs)


def same(one: MotifHits, other: MotifHits) -> bool:
    return (one.counts != other.counts).nnz == 0 and np.allclose(one.scores.toarray(), other.scores.toarray())


def test_planted_sites_are_found_and_decoys_are_not(made, fasta, hits):
    found = hits.counts.toarray() > 0
    recall = found[made.truth].mean()
    by_chance = found[~made.truth].mean()
    assert recall >= 0.97
    # 600 places a peak, each a hit by chance with 1e-4
    assert by_chance <= 0.08
    assert made.truth[found].mean() >= 0.95
    strict = scan(made.peaks.index, read_sequences(made.peaks, fasta), made.motifs, 1e-5).counts.toarray() > 0
    assert strict[made.truth].mean() >= 0.88
    assert made.truth[strict].mean() >= 0.99
    assert list(hits.peaks) == list(made.peaks.index)


def test_the_other_strand_of_the_genome_has_the_same_hits(made, tmp_path, hits):
    sizes = {name: len(bases) for name, bases in made.chromosomes.items()}
    other = {name: bases[::-1].translate(COMPLEMENT) for name, bases in made.chromosomes.items()}
    size = made.peaks["chrom"].map(sizes)
    turned = made.peaks.assign(start=size - made.peaks["end"], end=size - made.peaks["start"])
    fasta = replace(made, chromosomes=other).write(tmp_path / "other.fa")
    assert same(hits, scan(turned.index, read_sequences(turned, fasta), made.motifs))


def naive(
    sequences: PeakSequences, motifs: MotifCollection, p: float, bins: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Every window of every peak, and p-values in its bin of GC by listing all words of the motif's length."""
    gc = np.count_nonzero((sequences.bases == 1) | (sequences.bases == 2)) / np.count_nonzero(sequences.bases < 4)
    chance = {each: strands_alike(np.nanmean(sequences.gc()[bins == each]))[0] for each in set(bins[bins >= 0])}
    shape = (len(sequences.offsets) - 1, len(motifs))
    counts, best = np.zeros(shape, int), np.full(shape, -np.inf)
    for column, motif in enumerate(motifs.motifs):
        weights = np.rint(np.log2(motif.probabilities() / strands_alike(gc)[0]) / STEP)
        words = np.array(list(product(range(4), repeat=len(motif))))
        of_words = weights[np.arange(len(motif)), words].sum(axis=1)
        cutoff = {}
        for each in chance:
            chances = chance[each][words].prod(axis=1)
            values = [value for value in np.unique(of_words) if chances[of_words >= value].sum() <= p]
            cutoff[each] = min(values, default=np.inf)
        for row in range(shape[0]):
            least = cutoff.get(bins[row], np.inf)
            peak = sequences.bases[sequences.offsets[row] : sequences.offsets[row + 1]]
            for strand in (weights, weights[::-1, ::-1]):
                for place in range(len(peak) - len(motif) + 1):
                    window = peak[place : place + len(motif)]
                    if (window < 4).all() and (score := strand[np.arange(len(motif)), window].sum()) >= least:
                        counts[row, column] += 1
                        best[row, column] = max(best[row, column], score * STEP)
    return counts, best


@pytest.mark.parametrize("fewest", [200, 1])
def test_hits_are_those_of_a_scanner_that_adds_up_every_window(fewest, monkeypatch):
    monkeypatch.setattr("monae_app.engine.data.motifs.scanner.FEWEST_PEAKS", fewest)
    rng = np.random.default_rng(3)
    lengths = [0, 3, 40, 500, 7, 400]
    bases = random_bases(rng, sum(lengths), 0.6).astype(np.uint8)
    bases[rng.integers(0, len(bases), 6)] = 4
    sequences = PeakSequences(bases, np.concatenate([[0], np.cumsum(lengths)]))
    kinds = [random_motif(rng, f"m{at}", 4 + at % 4, sure) for at, sure in enumerate([0.5, 0.7, 0.9, 0.97, 0.4, 0.99])]
    motifs = MotifCollection((*kinds, Motif("whole", "whole", rng.integers(0, 9, (6, 4)) + 1)), "made")
    found = scan(pd.Index(list("abcdef")), sequences, motifs, 0.01)
    gc = sequences.gc()
    bins = np.where(np.isnan(gc), -1, np.floor(np.nan_to_num(gc) / 0.04) if fewest == 1 else 0).astype(int)
    assert found.provenance["gc_bins"] == len(set(bins[bins >= 0]))
    assert (found.provenance["gc_bins"] > 1) == (fewest == 1)
    counts, best = naive(sequences, motifs, 0.01, bins)
    assert counts.sum() > 30
    np.testing.assert_array_equal(found.counts.toarray(), counts)
    np.testing.assert_allclose(found.scores.toarray()[counts > 0], best[counts > 0], atol=1e-5)


def test_hits_by_chance_are_as_many_as_p_says_at_any_share_of_gc():
    rng = np.random.default_rng(4)
    shares = np.repeat(np.linspace(0.3, 0.7, 10), 220)
    bases = np.concatenate([random_bases(rng, 200, share) for share in shares]).astype(np.uint8)
    sequences = PeakSequences(bases, np.arange(len(shares) + 1) * 200)
    # one is rich in G and C, one in A and T: with one cutoff for all, their chance hits vary a hundredfold
    motifs = MotifCollection(
        tuple(
            Motif(f"m{at}", f"m{at}", rng.dirichlet(rich, 10) * 500)
            for at, rich in enumerate([(0.1, 0.6, 0.6, 0.1), (0.6, 0.1, 0.1, 0.6), *[(0.3, 0.3, 0.3, 0.3)] * 6])
        ),
        "made",
    )
    found = scan(pd.RangeIndex(len(shares)).astype(str), sequences, motifs, 1e-3)
    places = np.array([2 * (200 - len(motif) + 1) for motif in motifs.motifs])
    rates = np.array([found.counts[shares == share].mean(axis=0).A1 / places for share in np.unique(shares)])
    whole = rates.mean(axis=1) / 1e-3
    assert whole.min() > 0.85
    assert whole.max() < 1.15
    # of each of the two about 84 hits are expected at each share
    assert (rates[:, :2] < 1.45e-3).all()
    assert (rates[:, :2] > 0.6e-3).all()


def test_shuffled_motifs_are_found_no_more_often_than_p_allows(made, fasta):
    rng = np.random.default_rng(6)
    shuffled = [Motif(f"s{at}", "S", rng.permutation(made.motifs.motifs[at % 4].counts)) for at in range(12)]
    found = scan(made.peaks.index, read_sequences(made.peaks, fasta), MotifCollection(tuple(shuffled), "made"), 1e-3)
    expected = sum(len(made.peaks) * 2 * (300 - len(motif) + 1) for motif in shuffled) * 1e-3
    assert 0 < found.counts.sum() <= expected + 4 * np.sqrt(expected)


def test_the_chances_of_scores_add_up():
    motif = random_motif(np.random.default_rng(1), "m", 9, 0.8)
    backgrounds = strands_alike([0.3, 0.5, 0.7])
    steps = steps_of(motif, backgrounds[1])
    lowest, chances = survival(steps, backgrounds)
    np.testing.assert_allclose(chances[:, 0], 1)
    assert (np.diff(chances, axis=1) <= 1e-12).all()
    assert lowest == steps.min(axis=1).sum()
    least, _ = cutoffs(steps, backgrounds, 1e-3)
    assert (least < NEVER).all()
    assert (cutoffs(steps[:3], backgrounds, 1e-6)[0] == NEVER).all()


def test_motifs_too_short_for_the_threshold_are_counted(made, fasta):
    short = MotifCollection((Motif("s", "S", np.eye(4) * 10), *made.motifs.motifs), "made")
    found = scan(made.peaks.index, read_sequences(made.peaks, fasta), short, 1e-6)
    assert "1 of 5 motifs are too short" in found.notes[-1]
    assert found.counts[:, 0].nnz == 0
    assert found.provenance["no_hits_possible"] == ["s"]


def test_a_scan_that_was_made_is_not_made_again(made, fasta, tmp_path, monkeypatch, hits):
    path, told = tmp_path / "hits.npz", []
    order = Scan(made.peaks, made.motifs, fasta)
    first, there = scan_or_load(order, path, Telling(on_event=told.append))
    assert not there
    assert same(first, hits)
    assert any("Scanning 300 peaks for 4 motifs" in each["message"] for each in told)
    assert {"genome_file": "made.fa", "p": 1e-4}.items() <= first.provenance.items()
    monkeypatch.setattr("monae_app.engine.data.motifs.kept.scan", None)
    renamed = made.peaks.set_axis([f"peak{at}" for at in range(len(made.peaks))])
    again, there = scan_or_load(replace(order, peaks=renamed), path)
    assert there
    assert same(first, again)
    assert again.peaks[0] == "peak0"
    kept = MotifHits.load(path)
    assert kept.peaks[0] == "peak0"
    assert kept.provenance == first.provenance
    assert kept.notes == first.notes
    others = [
        replace(order, p=1e-5),
        replace(order, peaks=made.peaks.assign(end=made.peaks["end"] - 1)),
        replace(order, motifs=MotifCollection(made.motifs.motifs[:2], "made")),
        replace(order, fasta=made.write(tmp_path / "made.fa")),
    ]
    assert len({order.key(), *(other.key() for other in others)}) == 5
    monkeypatch.undo()
    path.write_bytes(b"damaged")
    assert not scan_or_load(order, path)[1]


def test_a_scan_stops_between_blocks(made, fasta, monkeypatch):
    monkeypatch.setattr("monae_app.engine.data.motifs.scanner.BASES_AT_ONCE", 10_000)
    sequences, asked = read_sequences(made.peaks, fasta), []
    with pytest.raises(Stopped):
        scan(
            made.peaks.index,
            sequences,
            made.motifs,
            tell=Telling(should_stop=lambda: len(asked) > 3 or asked.append(1)),
        )
    assert len(asked) == 4


def test_blocks_do_not_change_the_hits(made, fasta, hits, monkeypatch):
    monkeypatch.setattr("monae_app.engine.data.motifs.scanner.BASES_AT_ONCE", 10_000)
    assert same(hits, scan(made.peaks.index, read_sequences(made.peaks, fasta), made.motifs))


@pytest.mark.parametrize("p", [0, 0.5, float("nan")])
def test_thresholds_that_mean_nothing_are_refused(made, fasta, p):
    with pytest.raises(InputError, match="no threshold"):
        scan(made.peaks.index, read_sequences(made.peaks, fasta), made.motifs, p)
