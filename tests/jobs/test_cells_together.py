from __future__ import annotations

from typing import Any

from monae_app.jobs.cells_together import CellsTogether


def answer(path: str, modality: str | None, cells: list[str], error: dict[str, str] | None = None) -> dict[str, Any]:
    part = {"modality": {"value": modality}, "error": error, "cells": len(cells), "cell_names": cells}
    return {"path": path, "parts": [part]}


def of(*answers: dict[str, Any]) -> str:
    together = CellsTogether()
    for each in answers:
        assert "cell_names" not in together.take(each)["parts"][0]
    return together.in_words()


def test_files_of_two_modalities_are_compared():
    said = of(answer("r.h5ad", "rna", list("abcdef")), answer("p.h5ad", "protein", list("efgh")))
    assert said == (
        "2 cells are in RNA and in protein (names compared as they are), 4 in RNA alone and 2 in protein alone; "
        "training takes these as the same cells only with --paired."
    )


def test_samples_of_one_modality_are_stacked_first():
    rna = [answer(f"s{at}.h5ad", "rna", list(cells)) for at, cells in enumerate(("abc", "def"))]
    assert of(*rna, answer("p.h5ad", "protein", list("cd"))).startswith("2 cells are in RNA and in protein")


def test_nothing_is_said_of_one_modality_and_of_files_that_cannot_be_read():
    assert of(answer("a.h5ad", "rna", ["a"]), answer("b.h5ad", "rna", ["b"])) == ""
    assert of(answer("a.h5ad", "rna", ["a"]), answer("b.h5ad", None, ["a"])) == ""
    refused = answer("b.h5ad", "atac", ["a"], error={"found": "NaN"})
    assert of(answer("a.h5ad", "rna", ["a"]), refused, answer("c.h5ad", "protein", ["a", "a"])) == ""


def test_without_a_common_name_pairs_are_not_spoken_of():
    said = of(answer("a.h5ad", "rna", ["a", "b"]), answer("b.h5ad", "atac", ["c"]))
    assert said == "no cell of RNA has the name of one of ATAC, 2 in RNA alone and 1 in ATAC alone."
