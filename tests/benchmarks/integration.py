"""How good and how dear the integration is: ``python tests/benchmarks/integration.py [DIR ...]``.

Runs ``monae run`` on the bundled mouse cortex sample (three seeds, and three seeds with the rows of ATAC shuffled and
its cells renamed: nothing may change beyond the seeds' spread), on planted data of three seeds, and on every DIR that
holds rna.h5ad, atac.h5ad, genes.bed.gz and, if it has one, truth.npz with z_rna and z_atac. Prints a row a run with the
ceiling, the score of the true latent, beside it where it is known, and ends with one line; exits with 1 on a miss.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import anndata as ad
import numpy as np

from monae_app.engine.analysis.metrics import rounded, score
from monae_app.engine.data.planted import make_planted

SAMPLE = Path(__file__).parents[2] / "data_samples" / "mouse_cortex"
SEEDS = (0, 1, 2)
SHOWN = ("foscttm", "same_modality", "label_transfer", "label_transfer_balanced", "ari_res1")
PLANTED_SIZE = {"n_cells": 2000, "n_genes": 2000, "n_peaks": 10_000, "n_types": 8}
PLANTED_BOUNDS = {"foscttm": 0.03, "same_modality": 0.60}
CORTEX_FOSCTTM, CORTEX_TRANSFER, CORTEX_CPU_SECONDS = 0.24, 0.57, 480


def train(rna: Path, atac: Path, out: Path, *extra: str) -> dict[str, float]:
    """Run the command line; returns metrics and CPU seconds."""
    command = [sys.executable, "-m", "monae_app.cli", "run", f"rna={rna}", f"atac={atac}", "--out", str(out), *extra]
    subprocess.run(command, check=True, capture_output=True)
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return report["metrics"] | {"cpu_s": report["cpu_seconds"]}


def show(name: str, found: dict[str, float]) -> dict[str, float]:
    """Print one row."""
    row = "  ".join(f"{key} {found[key]:.4f}" for key in SHOWN if key in found)
    cpu = f"  cpu_s {found['cpu_s']:.0f}" if "cpu_s" in found else ""
    sys.stdout.write(f"{name:34s} {row}{cpu}\n")
    sys.stdout.flush()
    return found


def ceiling(rna: ad.AnnData, atac: ad.AnnData, latent: np.ndarray) -> dict[str, float]:
    """Score the true latent."""
    both = {
        key: np.r_[rna.obs[key].astype(str), atac.obs[key].astype(str)]
        for key in ("cell_type", "pair_id")
        if key in rna.obs
    }
    modality = np.r_[["rna"] * rna.n_obs, ["atac"] * atac.n_obs]
    return rounded(score(latent, modality, both.get("cell_type"), both.get("pair_id")))


def shuffled_sample(folder: Path) -> Path:
    """Copy the sample with the rows of ATAC shuffled and its cells renamed; pair ids keep the truth for scoring."""
    for name in ("rna", "atac"):
        table = ad.read_h5ad(SAMPLE / f"{name}.h5ad")
        table.obs["pair_id"] = table.obs_names.astype(str)
        if name == "atac":
            table = table[np.random.default_rng(7).permutation(table.n_obs)].copy()
            table.obs_names = [f"renamed {row}" for row in range(table.n_obs)]
        table.write_h5ad(folder / f"{name}.h5ad")
    return folder


def cortex(work: Path) -> list[str]:
    """Run the cortex sample, as it is and shuffled."""
    missed = []
    shuffled = shuffled_sample(work)
    found: dict[str, list[dict[str, float]]] = {"as given": [], "shuffled": []}
    for kind, folder in (("as given", SAMPLE), ("shuffled", shuffled)):
        for seed in SEEDS:
            out = work / f"{kind}-{seed}".replace(" ", "-")
            extra = ("--genome", "mm10", "--seed", str(seed))
            row = train(folder / "rna.h5ad", folder / "atac.h5ad", out, *extra)
            found[kind].append(show(f"cortex, {kind}, seed {seed}", row))
    first = found["as given"][0]
    if first["foscttm"] > CORTEX_FOSCTTM or first["label_transfer"] < CORTEX_TRANSFER:
        missed.append("cortex quality")
    if first["cpu_s"] > CORTEX_CPU_SECONDS:
        missed.append("cortex cost")
    for key in ("foscttm", "label_transfer"):
        given, moved = ([row[key] for row in found[kind]] for kind in ("as given", "shuffled"))
        spread = max(max(given) - min(given), max(moved) - min(moved))
        gap = abs(np.mean(given) - np.mean(moved))
        sys.stdout.write(f"no leak: {key} differs by {gap:.4f} on average, spread of the seeds {spread:.4f}\n")
        if gap > spread:
            missed.append(f"no leak ({key})")
    return missed


def planted(work: Path, given: list[Path]) -> list[str]:
    """Run planted data, our own and what is at hand."""
    folders = []
    for seed in SEEDS:
        truth = make_planted(**PLANTED_SIZE, seed=seed)
        folder = work / f"planted-{seed}"
        truth.write(folder)
        np.savez(folder / "truth.npz", z_rna=truth.latent_rna, z_atac=truth.latent_atac)
        folders.append(folder)
    missed = []
    for number, folder in enumerate([*folders, *given]):
        rna, atac = ad.read_h5ad(folder / "rna.h5ad"), ad.read_h5ad(folder / "atac.h5ad")
        if (folder / "truth.npz").exists():
            with np.load(folder / "truth.npz") as truth:
                show(f"{folder.name}, ceiling", ceiling(rna, atac, np.vstack([truth["z_rna"], truth["z_atac"]])))
        extra = ("--bed", str(folder / "genes.bed.gz"))
        found = show(
            folder.name, train(folder / "rna.h5ad", folder / "atac.h5ad", work / f"planted-run-{number}", *extra)
        )
        missed += [f"{folder.name} ({key})" for key, bound in PLANTED_BOUNDS.items() if found[key] > bound]
    return missed


def main(given: list[str]) -> int:
    """Run everything; 0 if every figure is reached."""
    with tempfile.TemporaryDirectory() as folder:
        missed = planted(Path(folder), [Path(each).resolve() for each in given]) + cortex(Path(folder))
    sys.stdout.write(f"missed: {', '.join(missed)}\n" if missed else "all figures reached\n")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
