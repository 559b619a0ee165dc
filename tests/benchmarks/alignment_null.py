"""Is there anything to align? What the null says of pairs that share structure, and of pairs that cannot.

    python -m tests.benchmarks.alignment_null

``cortex`` is the bundled sample. ``foreign`` is its RNA beside the ATAC of planted data: planted genes are named like
cortex genes, drawn at random, so that links exist and join what has nothing to do with each other. ``permuted`` is the
cortex pair with its links handed to other genes. ``panel of n`` is planted RNA beside n planted proteins of other
cells, under the genes that code for them and, ``permuted``, under each other's. No cell is paired and nothing trained.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import anndata as ad
import numpy as np

from monae_app.engine.config import make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.planted import make_planted, whole
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.training.alignment_null import alignment_evidence
from tests.benchmarks.datasets import SAMPLE, SAMPLE_GENOME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.training.alignment_evidence import AlignmentEvidence

PERMUTED, MOST_ALARMS = 20, 2
FOREIGN_SEEDS = (0, 1, 2)
PANELS, PANEL_SEEDS = (8, 20, 60), (0, 1, 2, 3, 4)
SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Linked:
    """Two modalities and what links them."""

    config: RunConfig
    dataset: Dataset
    graph: GuidanceGraph

    @classmethod
    def read(cls, config: RunConfig) -> Linked:
        """Read the files of a run and link their features."""
        dataset = read_dataset(config)
        return cls(config, dataset, link(dataset, locate_features(dataset, config), config))

    def permuted(self, seed: int) -> Linked:
        """Hand what is linked to every gene to another gene that has links."""
        rng = np.random.default_rng(seed)
        genes = np.unique(self.graph.source)
        other = np.arange(self.graph.n_vertices)
        other[genes] = rng.permutation(genes)
        return replace(self, graph=replace(self.graph, source=other[self.graph.source]))

    def evidence(self) -> AlignmentEvidence:
        """Ask."""
        modelled = modelled_features(self.dataset, self.graph)
        return next(iter(alignment_evidence(self.dataset, modelled, self.graph, self.config).values()))


@dataclass(frozen=True)
class Found:
    """What was found of one kind of pairs, and whether that is what was asked for."""

    title: str
    asked: str
    evidence: list[AlignmentEvidence]
    met: bool

    def __str__(self) -> str:
        shared = sum(each.aligned for each in self.evidence)
        beyond = sum(each.p <= SIGNIFICANCE for each in self.evidence)
        z = [each.z for each in self.evidence]
        return (
            f"{self.title:32} {self.asked:34} shared {shared:2} of {len(z):2}, p <= {SIGNIFICANCE:g} in {beyond:2}, "
            f"z {min(z):6.1f} to {max(z):6.1f}  {'met' if self.met else 'MISSED'}"
        )


def all_share(title: str, evidence: list[AlignmentEvidence]) -> Found:
    """Every pair is to share structure."""
    return Found(title, "share structure", evidence, all(each.aligned for each in evidence))


def none_share(title: str, evidence: list[AlignmentEvidence]) -> Found:
    """No pair may."""
    return Found(title, "no more than chance", evidence, not any(each.aligned for each in evidence))


def few_alarms(title: str, evidence: list[AlignmentEvidence]) -> Found:
    """Of twenty permuted pairs two at most may."""
    alarms = sum(each.aligned for each in evidence)
    return Found(title, f"at most {MOST_ALARMS} false alarms", evidence, alarms <= MOST_ALARMS)


def of_cortex(folder: Path) -> Iterator[Found]:
    """The sample, its RNA beside planted ATAC, and the sample with permuted links."""
    files = {name: SAMPLE / f"{name}.h5ad" for name in ("rna", "atac")}
    cortex = Linked.read(make_config(inputs=files, genome=SAMPLE_GENOME))
    yield all_share("cortex RNA, cortex ATAC", [cortex.evidence()])
    genes = ad.read_h5ad(files["rna"], backed="r").var_names.to_numpy(str)
    foreign = [_foreign(genes, seed, folder / f"foreign-{seed}").evidence() for seed in FOREIGN_SEEDS]
    yield none_share("cortex RNA, planted ATAC", foreign)
    yield few_alarms("cortex pair, links permuted", [cortex.permuted(seed).evidence() for seed in range(PERMUTED)])


def _foreign(genes: np.ndarray, seed: int, folder: Path) -> Linked:
    planted = make_planted(n_cells=1500, n_genes=len(genes), n_peaks=8000, regime="standard", seed=seed)
    planted.write(folder)
    named = planted.genes.assign(symbol=np.random.default_rng(seed).permutation(genes))
    with gzip.open(folder / "named.bed.gz", "wt", encoding="utf-8") as file:
        named.to_csv(file, sep="\t", header=False, index=False)
    inputs = {"rna": SAMPLE / "rna.h5ad", "atac": folder / "atac.h5ad"}
    return Linked.read(make_config(inputs=inputs, bed=folder / "named.bed.gz", seed=seed))


def of_panels(folder: Path) -> Iterator[Found]:
    """Small panels, where permutations are few and similarities wide."""
    for size in PANELS:
        true, false = [], []
        for seed in PANEL_SEEDS:
            panel = _panel(size, seed, folder / f"panel-{size}-{seed}")
            true.append(panel.evidence())
            share = PERMUTED // len(PANEL_SEEDS)
            false += [panel.permuted(draw).evidence() for draw in range(share)]
        yield all_share(f"panel of {size}", true)
        yield few_alarms(f"panel of {size}, links permuted", false)


def _panel(size: int, seed: int, folder: Path) -> Linked:
    with mock.patch.object(whole, "PROTEINS", size):
        made = make_planted(n_cells=800, n_genes=400, n_peaks=400, regime="standard", protein="own", seed=seed)
    made.write(folder)
    return Linked.read(make_config(inputs={name: folder / f"{name}.h5ad" for name in ("rna", "protein")}, seed=seed))


def main() -> int:
    """Measure and print; non-zero where a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("cortex", "panels"), help="measure one part alone")
    only = parser.parse_args().only
    found: list[Found] = []
    with tempfile.TemporaryDirectory() as folder:
        parts = {"cortex": of_cortex, "panels": of_panels}
        for name, part in parts.items():
            if only in (None, name):
                for each in part(Path(folder)):
                    sys.stdout.write(f"{each}\n")
                    sys.stdout.flush()
                    found.append(each)
    missed = sum(not each.met for each in found)
    sys.stdout.write(f"alignment null: {len(found) - missed} of {len(found)} figures met\n")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
