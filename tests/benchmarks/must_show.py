"""The figures to reach: what is asked, what was measured, whether it is met."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from tests.benchmarks.book import CPU, Book, Interval
from tests.benchmarks.datasets import AS_GIVEN, CORTEX, OWN, SHARED
from tests.benchmarks.methods import ABLATIONS, CEILING, MONAE, SCGLUE

if TYPE_CHECKING:
    from collections.abc import Iterator

CCA, HARMONY, SVD = "cca", "harmony", "svd"
PEERS = {HARMONY: "Harmony", CCA: "CCA", SCGLUE: "scglue"}
STANDARD, HOSTILE = (OWN[0], SHARED[0]), (OWN[1], SHARED[1])
TRANSFER = {"label_transfer": "label transfer", "label_transfer_balanced": "balanced label transfer"}
LOWER_IS_BETTER = {"foscttm", "same_modality", CPU}


@dataclass(frozen=True)
class Figure:
    """One figure; ``met`` is None where it was not measured."""

    data: str
    claim: str
    asked: str
    measured: str
    met: bool | None


def figures(book: Book) -> list[Figure]:
    """Every figure, measured or not, of the data sets that anything was measured on."""
    found: list[Figure] = []
    at_hand = book.data()
    for data in at_hand:
        if data in STANDARD:
            found += [*_standard(book, data), *_imputation(book, data), *_cost(book, data)]
        if data in HOSTILE:
            found += _hostile(book, data)
    if CORTEX in at_hand:
        found += _cortex(book)
    return [*found, *_ablations(book), *_no_leak(book)]


def _bound(book: Book, data: str, metric: str, claim: str, *, most: float | None = None, least: float = 0) -> Figure:
    value = book.median(data, MONAE, metric)
    asked = f"<= {most:g}" if most is not None else f">= {least:g}"
    if value is None:
        return Figure(data, claim, asked, "not measured", None)
    return Figure(data, claim, asked, f"{value:.3g}", value <= most if most is not None else value >= least)


def _share_of(book: Book, data: str, other: str, metric: str, claim: str, share: float) -> Figure:
    asked = f">= {share:g} x {other}"
    found = book.paired(data, MONAE, other, metric, lambda ours, theirs: ours / max(theirs, 1e-9))
    if not found:
        return Figure(data, claim, asked, "not measured", None)
    value, reference = book.median(data, MONAE, metric), book.median(data, other, metric)
    return Figure(data, claim, asked, f"{median(found):.3f} x ({value:.3f} of {reference:.3f})", median(found) >= share)


def _above(book: Book, data: str, other: str, metric: str, claim: str, margin: float = 0.0) -> Figure:
    """Median of the paired differences above a margin; the interval stands beside it."""
    asked = f"> {other}" if not margin else f">= {other} + {margin:g}"
    found = book.paired(data, MONAE, other, metric)
    if not found:
        return Figure(data, claim, asked, "not measured", None)
    middle = median(found)
    met = middle >= margin if margin else middle > 0
    return Figure(data, claim, asked, f"median {middle:+.3f}; {book.difference(data, MONAE, other, metric)}", met)


def _standard(book: Book, data: str) -> Iterator[Figure]:
    yield _bound(book, data, "foscttm", "FOSCTTM", most=0.010)
    rivals = {name: value for name in PEERS if (value := book.median(data, name, "foscttm")) is not None}
    ours = book.median(data, MONAE, "foscttm")
    asked = "<= 1/3 of the best of Harmony, CCA, scglue"
    if ours is None or len(rivals) < len(PEERS):
        yield Figure(data, "FOSCTTM beside peers", asked, "not measured", None)
    else:
        best = min(rivals, key=lambda name: rivals[name])
        said = f"{ours:.4f} against {rivals[best]:.4f} ({PEERS[best]})"
        yield Figure(data, "FOSCTTM beside peers", asked, said, ours <= rivals[best] / 3)
    yield _bound(book, data, "same_modality", "same-modality", most=0.55)
    yield _share_of(book, data, CEILING, "ari", "ARI", 0.97)
    for metric, name in TRANSFER.items():
        yield _share_of(book, data, CEILING, metric, name, 0.97)
        found = book.difference(data, MONAE, HARMONY, metric)
        asked = "not below harmony (interval)"
        if found is None:
            yield Figure(data, name, asked, "not measured", None)
        else:
            # with one seed there is no interval
            yield Figure(data, name, asked, str(found), found.high >= 0 if found.seeds > 1 else None)
    gap = [
        unseen - seen
        for seen, unseen in zip(
            book.values(data, MONAE, "foscttm_seen").values(),
            book.values(data, MONAE, "foscttm_unseen").values(),
            strict=True,
        )
    ]
    yield _bound(book, data, "reload_difference", "same cells embedded anew from the saved run: largest gap", most=1e-4)
    claim, asked = "FOSCTTM of cells that training did not see", "within .005 of that of the others"
    if gap:
        yield Figure(data, claim, asked, f"{median(gap):+.4f}", abs(median(gap)) <= 0.005)
    else:
        yield Figure(data, claim, asked, "not measured", None)


def _imputation(book: Book, data: str) -> Iterator[Figure]:
    yield _above(book, data, SVD, "rna>rna", "RNA->RNA")
    yield _above(book, data, SCGLUE, "rna>rna", "RNA->RNA")
    for metric, name, least in (("atac>rna", "ATAC->RNA", 0.60), ("rna>atac", "RNA->ATAC", 0.37)):
        yield _bound(book, data, metric, name, least=least)
        yield _above(book, data, CCA, metric, name, 0.05)
        yield _above(book, data, SCGLUE, metric, name, 0.03)
    yield _above(book, data, SVD, "atac>atac", "ATAC->ATAC")


def _cost(book: Book, data: str) -> Iterator[Figure]:
    yield _bound(book, data, CPU, "CPU s of the whole run", most=80)
    ours, theirs = book.median(data, MONAE, CPU), book.median(data, SCGLUE, CPU)
    asked = "<= 1/5 of scglue"
    if ours is None or theirs is None:
        yield Figure(data, "CPU s beside scglue", asked, "not measured", None)
    else:
        yield Figure(data, "CPU s beside scglue", asked, f"{ours:.0f} against {theirs:.0f}", ours <= theirs / 5)


def _hostile(book: Book, data: str) -> Iterator[Figure]:
    metric, name = "label_transfer_balanced", TRANSFER["label_transfer_balanced"]
    yield _share_of(book, data, CEILING, metric, name, 0.87)
    yield _above(book, data, SCGLUE, metric, name)
    yield _above(book, data, CCA, metric, name, 0.15)
    yield _above(book, data, SCGLUE, "ari", "ARI")
    yield _bound(book, data, "open_set_auroc", "open-set AUROC of the types that one modality lacks", least=0.80)
    yield _bound(book, data, "rare_kept_res1", "the 1 % type keeps its own cluster (resolution 1)", least=1)


def _cortex(book: Book) -> Iterator[Figure]:
    for metric, claim, most, least in (
        ("foscttm", "FOSCTTM", 0.18, 0),
        ("label_transfer", "label transfer", None, 0.62),
        ("label_transfer_balanced", "balanced label transfer", None, 0.40),
        ("same_modality", "same-modality", 0.60, 0),
    ):
        yield _bound(book, CORTEX, metric, claim, most=most, least=least)


def ablation_gain(book: Book, name: str) -> Interval | None:
    """What a term brings to the metric named for it: Monae beside Monae without, positive if it helps."""
    ablation = ABLATIONS[name]
    if ablation.metric is None:
        return None
    found = book.difference(ablation.data, MONAE, f"monae-no-{name}", ablation.metric)
    if found is None or ablation.better == "higher":
        return found
    return Interval(-found.mean, -found.high, -found.low, found.seeds)


def _ablations(book: Book) -> Iterator[Figure]:
    for name, ablation in ABLATIONS.items():
        if ablation.metric is None or not book.values(ablation.data, MONAE, ablation.metric):
            continue
        gain = ablation_gain(book, name)
        claim, asked = f"the term {name} improves {ablation.metric}", "interval above zero"
        if gain is None:
            yield Figure(ablation.data, claim, asked, "not measured", None)
        else:
            yield Figure(ablation.data, claim, asked, str(gain), gain.low > 0)


def _no_leak(book: Book) -> Iterator[Figure]:
    """Labels, coinciding names and row order must bring nothing beyond the spread of the seeds."""
    for metric in ("foscttm", "label_transfer"):
        blind, given = (list(book.values(data, MONAE, metric).values()) for data in (CORTEX, AS_GIVEN))
        claim, asked = f"no leak through names, order or labels ({metric})", "gap <= spread of the seeds"
        if len(blind) < 2 or len(given) < 2:
            if blind or given:
                yield Figure(AS_GIVEN, claim, asked, "not measured", None)
            continue
        spread = max(max(values) - min(values) for values in (blind, given))
        gap = abs(fmean(blind) - fmean(given))
        yield Figure(AS_GIVEN, claim, asked, f"gap {gap:.4f}, spread {spread:.4f}", gap <= spread)
