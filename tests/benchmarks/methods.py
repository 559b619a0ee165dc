"""The methods: how each is called, what it answers, and on which data it runs.

Every term of Monae's objective has an ablation, and one metric that it is there for, named before it was measured.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from monae_app.jobs.peers.catalogue import peer_python
from tests.benchmarks.datasets import AS_GIVEN, CORTEX, NAMES, OWN

if TYPE_CHECKING:
    from pathlib import Path

PEER_MODULE = "monae_app.jobs.peers"
Kind = Literal["monae", "peer", "ceiling"]
Better = Literal["lower", "higher"]

MONAE, CEILING = "monae", "ceiling"
SCGLUE, SCGLUE_EPOCHS, GLUE = "scglue", 42, "scglue"
EQUAL_EPOCHS = 10  # about the CPU time that Monae may take at the standard size
CURVE_EPOCHS, CURVE_STEPS = (4, EQUAL_EPOCHS, 21), (75, 150, 300, 1200)
CURVE_DATA = OWN
OWN_STOP_SEED = 0


@dataclass(frozen=True)
class Method:
    """One way to integrate, to impute, or both.

    Parameters
    ----------
    name
        In file names and on the command line.
    title
        In tables.
    kind
        Whether it is the command line of Monae, a script of a peer, or the true latent.
    script
        Of a peer, as the catalogue of monae_app.jobs.peers calls it.
    ours
        Whether a peer's script runs in our own environment, because it needs nothing that is not there.
    arguments
        Of the command.
    data
        The data sets it runs on; empty for all but cortex-as-given.
    seeds
        The seeds it runs on; empty for all.
    needs_truth
        Whether there is nothing to score where the truth is not known.
    """

    name: str
    title: str
    kind: Kind
    script: str = ""
    ours: bool = False
    arguments: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    needs_truth: bool = False

    def runs_on(self, data: str, seed: int) -> bool:
        """Whether it is measured there."""
        if self.seeds and seed not in self.seeds:
            return False
        if self.needs_truth and data.startswith(CORTEX):
            return False
        return data in self.data if self.data else data != AS_GIVEN

    def command(self, inputs: Path, out: Path, seed: int, place: list[str]) -> list[str]:
        """The command of the child process."""
        if self.kind == "monae":
            files = [f"{name}={inputs / name}.h5ad" for name in ("rna", "atac")]
            command = [sys.executable, "-m", "monae_app.cli", "run", *files, *place, "--out", str(out / "run")]
            return [*command, "--seed", str(seed), "--device", "cpu", *self.arguments]
        python = sys.executable if self.ours else peer_python()
        return [python, "-m", PEER_MODULE, self.script, str(inputs), str(out), "--seed", str(seed), *self.arguments]


@dataclass(frozen=True)
class Ablation:
    """Monae without one term.

    Parameters
    ----------
    arguments
        Of ``monae run``, as (flag, value) pairs.
    metric, better
        What the term is there for, named in advance, and which way is better; None for a row without a claim.
    data
        Where that is measured.
    """

    arguments: tuple[tuple[str, str], ...]
    metric: str | None
    better: Better = "higher"
    data: str = OWN[0]


def _without(setting: str) -> tuple[tuple[str, str], ...]:
    return (("--set", setting),)


ABLATIONS = {
    "anchor": Ablation(_without("lambda_anchor=0"), "foscttm", "lower"),
    "cross-decoding": Ablation(_without("cross_decoding=0"), "atac>rna"),
    "graph": Ablation(_without("graph_kind=none"), "rna>atac"),
    "weighed-links": Ablation(_without("weigh_links=false"), "links_ap"),
    "shared-feature-prior": Ablation(_without("lambda_shared_features=0"), "rna>atac"),
    "cell-kl": Ablation(_without("lambda_kl=0"), "atac>rna"),
}
PLAIN_NETWORKS = Ablation((*_without("graph_kind=none"), *_without("cross_decoding=0")), None)
PLAIN_NAME = "monae-plain-networks"


def shortened(method: Method) -> Method:
    """The same method with hardly any training, to try the bench itself."""
    if method.kind == "monae":
        return replace(method, arguments=(*method.arguments, "--steps", "20"))
    return replace(method, arguments=("--epochs", "5")) if method.script == GLUE else method


def _monae(name: str, title: str, ablation: Ablation, data: tuple[str, ...]) -> Method:
    return Method(
        name, title, "monae", arguments=tuple(part for pair in ablation.arguments for part in pair), data=data
    )


def _scglue(n: int, data: tuple[str, ...] = ()) -> Method:
    arguments = ("--epochs", str(n))
    return Method(f"{SCGLUE}-{n}", f"scglue, {n} + {n} epochs", "peer", GLUE, arguments=arguments, data=data)


def all_methods(*, curve: bool, own_stop: bool) -> list[Method]:
    """Every method, the cheap ones first.

    Parameters
    ----------
    curve
        Also Monae and scglue at other lengths.
    own_stop
        Also scglue until it stops by itself, once: about an hour.
    """
    epochs = ("--epochs", str(SCGLUE_EPOCHS))
    methods = [
        Method(CEILING, "ceiling (true latent)", "ceiling", needs_truth=True),
        Method("pca", "PCA of gene activity", "peer", "pca", ours=True),
        Method("cca", "CCA + 30-NN", "peer", "cca", ours=True),
        Method("harmony", "Harmony", "peer", "harmony"),
        Method("svd", "SVD-20", "peer", "svd", ours=True, needs_truth=True),
        Method("magic", "MAGIC", "peer", "magic", needs_truth=True),
        Method(MONAE, "Monae", "monae", data=NAMES),
        *(_monae(f"monae-no-{name}", f"Monae without {name}", each, (each.data,)) for name, each in ABLATIONS.items()),
        _monae(PLAIN_NAME, "anchors + plain networks only", PLAIN_NETWORKS, OWN),
        _scglue(EQUAL_EPOCHS),
        Method(SCGLUE, f"scglue, {SCGLUE_EPOCHS} + {SCGLUE_EPOCHS} epochs", "peer", GLUE, arguments=epochs),
    ]
    if curve:
        methods += [
            Method(f"monae-{n}", f"Monae, {n} steps", "monae", arguments=("--steps", str(n)), data=CURVE_DATA)
            for n in CURVE_STEPS
        ]
        methods += [_scglue(n, CURVE_DATA) for n in CURVE_EPOCHS if n != EQUAL_EPOCHS]
    if own_stop:
        once = {"data": (OWN[0],), "seeds": (OWN_STOP_SEED,)}
        methods.append(Method("scglue-own-stop", "scglue, own stop", "peer", GLUE, **once))
    return methods
