"""Writes RESULTS.md and the plot from stored results alone."""

from __future__ import annotations

import re
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.book import CPU, Book
from tests.benchmarks.datasets import NAMES
from tests.benchmarks.methods import ABLATIONS, MONAE, PLAIN_NAME, all_methods
from tests.benchmarks.must_show import Figure, ablation_gain, figures
from tests.benchmarks.plot import draw

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.store import Record

RESULTS, PLOT = "RESULTS.md", "quality_vs_cpu.png"
MARKED = re.compile(r"<!-- (.+?) -->.*?<!-- end of \1 -->", re.DOTALL)
COLUMNS = {
    "foscttm": "FOSCTTM",
    "same_modality": "same-modality",
    "label_transfer": "label transfer",
    "label_transfer_balanced": "balanced",
    "ari": "ARI best",
    "ari_res1": "ARI res 1",
    "rna>rna": "RNA->RNA",
    "atac>rna": "ATAC->RNA",
    "rna>atac": "RNA->ATAC",
    "atac>atac": "ATAC->ATAC",
    "open_set_auroc": "open-set AUROC",
    "links_ap": "links that hold (AP)",
    "rare_f1_res1": "1 % type F1",
    "rare_kept_res1": "1 % type kept",
    CPU: "CPU s",
}
ABOUT = {
    "own-standard": "our generator, standard",
    "own-hostile": "our generator, hostile: shifted composition, missing and rare types, no pairs",
    "shared-standard": "planted.py, standard",
    "shared-hostile": "planted.py, hostile",
    "cortex": "mouse cortex sample, shuffled and unlabelled",
    "cortex-as-given": "mouse cortex sample as it travels",
}


def write_report(records: list[Record], folder: Path, *, whole: bool) -> list[str]:
    """Write both files; returns the figures that were missed.

    Parameters
    ----------
    records
        All results at hand.
    folder
        Where to write.
    whole
        Whether everything should have been measured, so that a figure without a measurement is a miss.
    """
    if not records:
        return ["nothing was measured"] if whole else []
    book = Book(records)
    shown = figures(book)
    missed = [
        f"{each.data}: {each.claim} {each.asked}" for each in shown if each.met is False or (whole and each.met is None)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    sections = [
        _head(book),
        _must_show(shown),
        *(part for name in NAMES if name in book.data() for part in (_medians(book, name), _differences(book, name))),
        _ablation(book),
    ]
    path = folder / RESULTS
    kept = [each[0] for each in MARKED.finditer(path.read_text(encoding="utf-8"))] if path.exists() else []
    path.write_text("\n\n".join([*filter(None, sections), *kept]) + "\n", encoding="utf-8")
    draw(book, folder / PLOT)
    return missed


def with_block(text: str, name: str, block: str) -> str:
    """Put what another benchmark tells between its marks, which this one leaves as they are."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    marked = f"{begin}\n\n{block.strip()}\n\n{end}"
    before, found, rest = text.partition(begin)
    if not found:
        return f"{text.rstrip()}\n\n{marked}\n"
    return f"{before}{marked}{rest.partition(end)[2]}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; all columns but the first are aligned right."""
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---", *["---:"] * (len(head) - 1)], *rows]]
    return "\n".join(lines)


def _head(book: Book) -> str:
    dates = sorted(each["date"] for each in book.records)
    versions: dict[str, set[str]] = {}
    for each in book.records:
        for package, number in each["versions"].items():
            versions.setdefault(package, set()).add(number)
    seeds = sorted({each["seed"] for each in book.records})
    machines = Counter(each["machine"] for each in book.records).most_common()
    engines = {each["engine"] for each in book.records if "engine" in each}
    lines = [
        "# Benchmark",
        "Written by `make bench`; what each number means stands in `tests/benchmarks/scoring.py`.",
        f"Measured {dates[0]} to {dates[-1]} on {' and '.join(name for name, _ in machines)}, one thread "
        f"a method. Seeds {', '.join(map(str, seeds))}; the data and the method take the same seed. Versions: "
        + ", ".join(f"{package} {'/'.join(sorted(numbers))}" for package, numbers in sorted(versions.items()))
        + ".",
        "Medians over seeds. Differences are paired by seed: mean and 95 % interval by Student's t. CPU s is user and "
        "system time of the method's process, start-up, reading and preprocessing included; of Monae also its map and "
        "report. The ceiling is the score of the true latent.",
    ]
    if len(engines) > 1:
        lines.append(
            f"**The results of Monae come from {len(engines)} states of the engine; measure anew with `--fresh`.**"
        )
    return "\n\n".join(lines)


def _must_show(shown: list[Figure]) -> str:
    word = {True: "met", False: "**missed**", None: "not measured"}
    rows = [[each.data, each.claim, each.asked, each.measured, word[each.met]] for each in shown]
    return "## Must show\n\n" + table(["data", "figure", "asked", "measured", ""], rows)


def _titles() -> dict[str, str]:
    return {method.name: method.title for method in all_methods(curve=True, own_stop=True)}


def _measured(book: Book, data: str) -> tuple[list[str], list[str]]:
    """Methods and metrics with a value on a data set, in the order of the tables."""
    methods = [name for name in _titles() if book.median(data, name, CPU) is not None]
    metrics = [key for key in COLUMNS if any(book.median(data, name, key) is not None for name in methods)]
    return methods, metrics


def _medians(book: Book, data: str) -> str:
    methods, metrics = _measured(book, data)
    rows = []
    for name in methods:
        values = [book.median(data, name, key) for key in metrics]
        seeds = len(book.values(data, name, CPU))
        rows.append(
            [_titles()[name], str(seeds), *(_shown(key, value) for key, value in zip(metrics, values, strict=True))]
        )
    return f"## {data}\n\n{ABOUT[data][:1].upper()}{ABOUT[data][1:]}.\n\n" + table(
        ["median", "seeds", *(COLUMNS[key] for key in metrics)], rows
    )


def _shown(metric: str, value: float | None) -> str:
    if value is None:
        return ""
    if metric == CPU:
        return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
    return f"{value:.4f}" if metric == "foscttm" and value < 0.1 else f"{value:.3f}"


def _differences(book: Book, data: str) -> str:
    methods, metrics = _measured(book, data)
    if MONAE not in methods:
        return ""
    others = [name for name in methods if name != MONAE and not name.startswith("monae-")]
    rows = []
    for name in others:
        cells = [book.difference(data, MONAE, name, key) for key in metrics if key != CPU]
        ratios = book.paired(data, MONAE, name, CPU, lambda ours, theirs: ours / theirs if theirs else float("nan"))
        cost = f"x {median(ratios):.2f}" if ratios and median(ratios) == median(ratios) else ""
        rows.append([_titles()[name], *("" if each is None else str(each) for each in cells), cost])
    if not rows:
        return ""
    head = ["Monae minus", *(COLUMNS[key] for key in metrics if key != CPU), "CPU s"]
    return table(head, rows)


def _ablation(book: Book) -> str:
    rows = []
    for name, ablation in ABLATIONS.items():
        if ablation.metric is None or not book.values(ablation.data, f"monae-no-{name}", ablation.metric):
            continue
        gain = ablation_gain(book, name)
        values = [book.median(ablation.data, each, ablation.metric) for each in (MONAE, f"monae-no-{name}")]
        shown = [_shown(ablation.metric, value) for value in values]
        verdict = "" if gain is None else "helps" if gain.low > 0 else "hurts" if gain.high < 0 else "not shown to help"
        metric = COLUMNS.get(ablation.metric, ablation.metric)
        rows.append([name, ablation.data, metric, *shown, "" if gain is None else str(gain), verdict])
    if not rows:
        return ""
    head = ["term", "data", "metric named in advance", "with", "without", "gain (positive: better)", ""]
    note = f"Each term is left out in turn. *{_titles()[PLAIN_NAME]}* stands in the tables above."
    return "## Ablation\n\n" + note + "\n\n" + table(head, rows)
