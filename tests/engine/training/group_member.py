"""One of several processes that train together: ``python -m tests.engine.training.group_member FOLDER PORT...``.

Each thing that is tried has a port of its own; what came out is written to FOLDER/<rank>.json.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import torch

from monae_app.engine.config import make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.errors import InputError, Stopped
from monae_app.engine.telling import SILENT, Telling
from monae_app.engine.training.assembly import build_network
from monae_app.engine.training.groundwork import lay_groundwork
from monae_app.engine.training.group import SOLO, Followed, Group
from monae_app.engine.training.session import Session
from monae_app.engine.training.sources import step_sampler

CPU = torch.device("cpu")
STEPS, STOPPED_AT = 7, 4
# all terms, none of which draws anything: no dropout, one noise, every cell decoded from its partner
EVERY_TERM = {
    "lambda_graph": 0.02,
    "lambda_private_features": 1.0,
    "lambda_adversarial": 0.05,
    "lambda_anchor": 0.1,
    "lambda_contrastive": 0.2,
    "lambda_cluster": 0.1,
    "cross_decoding": 1.0,
    "private_dropout": 0.0,
    "anchor_mask": 5,
    "teacher": "ema",
}


def session(folder: Path, **settings) -> Session:
    """A short training on the planted files in the folder."""
    config = make_config(
        inputs={"rna": folder / "rna.h5ad", "atac": folder / "atac.h5ad"},
        bed=folder / "genes.bed.gz",
        window=20_000,
        n_components=12,
        anchor_components=8,
        latent_shared=6,
        latent_private=4,
        hidden_width=16,
        batch_size=33,
        steps=STEPS,
        **settings,
    )
    dataset = read_dataset(config)
    graph = link(dataset, locate_features(dataset, config), config)
    modelled = modelled_features(dataset, graph)
    prepared = {name: prepare(each, modelled[name], config) for name, each in dataset.modalities.items()}
    return Session(dataset, lay_groundwork(dataset, prepared, graph, config), config, CPU, 120)


def gradients(own: Session, group: Group) -> dict[str, torch.Tensor]:
    """The gradient of one step of the whole group, and its terms; without noise."""
    ground, randn_like = own.ground, torch.randn_like
    network = build_network(own.dataset, ground.prepared, ground.graph, ground.correspondence, own.config, CPU)
    network.eval()
    torch.randn_like = torch.zeros_like
    try:
        terms = network.losses(step_sampler(own.dataset, ground, own.config, CPU, group).draw(5, 0.5), group)
        torch.stack(list(terms.values())).sum().backward()
    finally:
        torch.randn_like = randn_like
    group.average(network)
    found = {name: each.grad for name, each in network.named_parameters() if each.grad is not None}
    means = group.mean(torch.stack(list(terms.values())).detach())
    return found | {f"term {name}": value for name, value in zip(terms, means, strict=True)}


def compare_gradients(own: Session, group: Group) -> dict[str, float]:
    """How far gradients and terms of the group lie from those of one process, as a share of the largest of each."""
    with group.joined(CPU, "gradients", SILENT.heed):
        together = gradients(own, group)
    alone = gradients(own, SOLO)
    assert together.keys() == alone.keys()
    return {
        name: float((together[name] - value).abs().max() / value.abs().max().clamp(min=1e-4))
        for name, value in alone.items()
    }


def train(own: Session, *, stop_at: int | None = None) -> dict:
    """Train; the last process hears a wish to stop."""
    last, seen = own.group.rank == own.group.size - 1, []

    def stop() -> bool:
        seen.append(1)
        return last and stop_at is not None and len(seen) > stop_at

    try:
        learned = own.train(Telling("train", should_stop=stop))
    except Stopped as stopped:
        return {"stopped": stopped.step}
    except Followed:
        return {"followed": True}
    return {"steps": learned.steps, "record": learned.record(CPU)}


def refused(own: Session) -> str:
    """What a process hears where one has come to other weights of the links."""
    graph = own.ground.graph
    if own.group.rank:
        own = replace(own, ground=replace(own.ground, graph=replace(graph, weight=graph.weight / 2)))
    try:
        own.train(SILENT)
    except InputError as error:
        return str(error)
    return "trained"


def main() -> None:
    folder, *ports = sys.argv[1:]
    group, found = Group.of_environment(), {}
    torch.set_num_threads(1)

    def next_port() -> None:
        os.environ["MASTER_PORT"] = ports.pop(0)

    own = session(Path(folder), **EVERY_TERM)
    next_port()
    found["gradients"] = compare_gradients(own, group)

    # the state that training ends with is looked at where it is handed on: followers raise there
    states = {}
    run = Session._attempt

    def attempt(self, *arguments):
        learned = run(self, *arguments)
        states.update(learned.network.state_dict())
        return learned

    Session._attempt = attempt
    checkpoint = Path(folder) / "checkpoint.safetensors"
    own = replace(own, config=own.config.model_copy(update={"teacher": "heads"}), checkpoint=checkpoint)
    next_port()
    found["first"] = train(own, stop_at=STOPPED_AT)
    next_port()
    found["second"] = train(own)
    found["state"] = {name: value.numpy().tobytes().hex() for name, value in states.items()}
    next_port()
    found["refused"] = refused(own)
    (Path(folder) / f"{group.rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
