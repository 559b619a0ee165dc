"""One method on the data of a run, as long work: embedded and imputed, scored, and kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.analysis.imputation import impute
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.engine.telling import Telling
from monae_app.jobs.kept_methods import KeptMethods
from monae_app.jobs.peers.catalogue import HOW_TO_INSTALL, PEERS
from monae_app.jobs.peers.exchange import write_question
from monae_app.jobs.peers.judging import Judge, per_10k_of
from monae_app.jobs.peers.of_run import question_of
from monae_app.jobs.peers.watched import run_watched

if TYPE_CHECKING:
    from monae_app.engine.telling import Event
    from monae_app.jobs.short_work import Bench

MONAE = "monae"
KEPT_BYTES = 2**29


def compute_method(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Compute a method on the data of a run, score it, keep the figures.

    Parameters
    ----------
    order
        ``folder`` of the run, ``method`` (of the catalogue, or ``monae`` for the run itself) and ``label``, a column.
    bench
        Where.

    Returns
    -------
    dict
        ``method``, ``scores``, ``imputation`` by ``source>target``, ``versions``, ``cpu_s``, ``cells``, ``label``.

    Raises
    ------
    InputError
        If the method is not installed, failed, does not take such data, or imputes within a modality alone.
    """
    folder, method, label = Path(order["folder"]), str(order["method"]), order.get("label") or None
    if method != MONAE and method not in PEERS:
        raise InputError(f"There is no method {method[:40]!r}.", f"one of {', '.join(PEERS)}.", "choose one of these.")
    if method != MONAE and not (PEERS[method].embeds or PEERS[method].across):
        # a method that was given what it imputes cannot be judged by that
        raise InputError(
            f"{PEERS[method].title} imputes within a modality alone.", "a method that embeds cells or imputes across.",
            "make the hold-out check (page Imputation, or `monae holdout`): it judges SVD-20 and MAGIC.",
        )  # fmt: skip
    kept = KeptMethods(bench.store, bench.user)
    if (known := kept.read(folder, method, label)) is not None:
        return known
    bench.tell(0.02, "Reading what the run was made from")
    run = RunSlices(folder, KeptArrays(KEPT_BYTES))
    if label is not None and label not in run.columns:
        raise InputError(f"The run has no column {label!r}.", "a column of its cells.", "choose another label.")
    judge = Judge(run, question_of(run), label)

    def heard(event: Event) -> None:
        bench.tell(0.8, str(event["message"]))

    found = _of_run(judge) if method == MONAE else _of_peer(judge, method, bench)
    answer, directions, about = found
    result: dict[str, Any] = {"method": method, "label": label, "cells": len(judge.asked.rows), **about}
    if answer is not None:
        result["scores"] = judge.embedding(answer, Telling("methods", heard))
    bench.tell(0.95, "Comparing imputed with measured values")
    imputed = {f"{one}>{other}": judge.imputation(one, other, values) for one, other, values in directions}
    result["imputation"] = {name: value for name, value in imputed.items() if value}
    kept.write(folder, method, label, result)
    return result


Answered = tuple[np.ndarray | None, list[tuple[str, str, Any]], dict[str, Any]]


def _of_run(judge: Judge) -> Answered:
    """Take the embedding and the imputed values of the run itself."""
    result, names = Result.load(judge.run.folder), judge.asked.question.names
    tables = judge.asked.question.tables
    embedding = np.asarray(result.cells.obsm["X_monae"])[judge.asked.rows]
    directions = []
    for source in names:
        span = judge.run.spans[source]
        mine = judge.asked.rows[(judge.asked.rows >= span.start) & (judge.asked.rows < span.stop)] - span.start
        for target in names:
            if source == target:
                continue
            features = [name.partition(":")[2] for name in tables[target].var_names]

            def values(chosen: np.ndarray, of: Any = (source, target, features, mine)) -> np.ndarray:
                found = impute(result, of[0], of[1], [of[2][number] for number in chosen], scale="cp10k")
                return np.asarray(found[of[3]])

            directions.append((source, target, values))
    report = judge.run.report
    about = {
        "cpu_s": report.get("cpu_seconds"),
        "versions": {"monae-app": report.get("versions", {}).get("monae-app", "")},
    }
    return embedding, directions, about


def _of_peer(judge: Judge, method: str, bench: Bench) -> Answered:
    """Let another process answer the question."""
    peer, out = PEERS[method], bench.folder / "answer"
    python = peer.interpreter()
    if python is None:
        raise InputError(f"{peer.title} is not installed here.", f"the package {peer.package}.", HOW_TO_INSTALL)
    if peer.beside and peer.beside not in judge.asked.question.names:
        raise InputError(
            f"{peer.title} is set up for RNA and {peer.beside.upper()} here.",
            "a run of these.",
            "choose another method.",
        )
    bench.tell(0.1, f"Writing the question for {peer.title}")
    write_question(bench.folder / "question", judge.asked.question)
    command = [python, "-m", "monae_app.jobs.peers", method, str(bench.folder / "question"), str(out)]
    command += ["--seed", str(judge.asked.question.seed), *peer.arguments]
    if lines := run_watched(command, bench.folder, lambda: bench.tell(None, f"Computing {peer.title}")):
        raise InputError(
            f"{peer.title} ended with an error: {lines}", "a method that can take this data.",
            "look whether its package fits this environment, or choose another method.",
        )  # fmt: skip
    about = json.loads((out / "about.json").read_text(encoding="utf-8"))
    embedding = None
    if (out / "embedding.npz").exists():
        with np.load(out / "embedding.npz", allow_pickle=False) as stored:
            embedding = np.concatenate([stored[name] for name in judge.asked.question.names])
    directions = []
    for source in judge.asked.question.names:
        for target in judge.asked.question.names:
            path = out / f"{source}-{target}.npy"
            if source != target and path.exists():
                whole = np.load(path, mmap_mode="r", allow_pickle=False)
                directions.append((source, target, lambda chosen, whole=whole: per_10k_of(whole, chosen)))
    return embedding, directions, {"cpu_s": about["cpu_s"], "versions": about["versions"]}
