"""Opens a finished run of Monae in a process of its own and writes what peers write: embedding and imputed values.

python -m tests.benchmarks.monae_answer RUN INPUTS OUT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import anndata as ad
import numpy as np

from monae_app.engine.analysis.imputation import impute
from monae_app.engine.pipeline import Monae
from monae_app.engine.result import Result
from tests.benchmarks.scoring import CHECKS, LINKS


def main(run: Path, inputs: Path, out: Path) -> None:
    """Write embedding.npz, the refined links and one file of imputed values for each source and target."""
    result = Result.load(run)
    modality = result.cells.obs["modality"].to_numpy(str)
    found = {name: result.cells.obsm["X_monae"][modality == name] for name in result.modalities}
    if "held_out" in result.cells.obs:
        held_out = result.cells.obs["held_out"].to_numpy(bool)
        found |= {f"held_out_{name}": held_out[modality == name] for name in result.modalities}
    np.savez(out / "embedding.npz", **found)
    np.save(out / LINKS, _refined_links(result, inputs))
    again = Monae.load(run).embed({name: inputs / f"{name}.h5ad" for name in result.modalities})
    of_again = again.obs["modality"].to_numpy(str)
    off = [np.abs(again.obsm["X_monae"][of_again == name] - found[name]).max() for name in result.modalities]
    (out / CHECKS).write_text(json.dumps({"reload_difference": float(max(off))}), encoding="utf-8")
    for target in result.modalities:
        features = ad.read_h5ad(inputs / f"{target}.h5ad", backed="r").var_names.tolist()
        for source in result.modalities:
            values = impute(result, source, target, features, scale="proportion")
            np.save(out / f"{source}-{target}.npy", values.astype(np.float32))


def _refined_links(result: Result, inputs: Path) -> np.ndarray:
    """Weight in the refined graph of every link of the guidance, in its order."""
    with np.load(inputs / "links.npz") as links:
        gene, peak = links["gene"], links["peak"]
    modality = result.features.obs["modality"].to_numpy(str)
    genes, peaks = (np.flatnonzero(modality == name) for name in ("rna", "atac"))
    return np.asarray(result.features.obsp["refined"][genes[gene], peaks[peak]]).ravel()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
