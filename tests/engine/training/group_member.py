"""Processes that train together: ``python -m tests.engine.training.group_member FOLDER what|quality SIZE...``.

For each size so many try one thing after the other, each on a port of its own, or train from several seeds; what came
out is written to FOLDER/<size>/<rank>.json.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist

from monae_app.engine.analysis.metrics.pairs import foscttm
from monae_app.engine.analysis.metrics.transfer import label_transfer
from monae_app.engine.config import make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.errors import InputError, Stopped
from monae_app.engine.telling import SILENT, Telling
from monae_app.engine.training import ranks
from monae_app.engine.training.assembly import build_network
from monae_app.engine.training.groundwork import lay_groundwork
from monae_app.engine.training.group import SOLO, Followed, Group
from monae_app.engine.training.learned import embed_cells
from monae_app.engine.training.session import Session
from monae_app.engine.training.sources import step_sampler

if TYPE_CHECKING:
    from collections.abc import Callable

CPU = torch.device("cpu")
STEPS, STOPPED_AT, PORTS = 7, 4, 4
SEEDS = (0, 1, 2)
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


SMALL = {
    "n_components": 12,
    "anchor_components": 8,
    "latent_shared": 6,
    "latent_private": 4,
    "hidden_width": 16,
    "batch_size": 33,
    "steps": STEPS,
}
EVERY_TERM |= SMALL
LONGER = {"steps": 300, "batch_size": 128}


def session(folder: Path, **settings) -> Session:
    """A training on the planted files in the folder."""
    config = make_config(
        inputs={"rna": folder / "rna.h5ad", "atac": folder / "atac.h5ad"}, bed=folder / "genes.bed.gz", **settings
    )
    dataset = read_dataset(config)
    graph = link(dataset, locate_features(dataset, config), config)
    modelled = modelled_features(dataset, graph)
    prepared = {name: prepare(each, modelled[name], config) for name, each in dataset.modalities.items()}
    return Session(
        dataset, lay_groundwork(dataset, prepared, graph, config), config, CPU, len(dataset.modalities["rna"].obs)
    )


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
        # asked once a step, and before while others are waited for
        seen.extend([1] * (dist.is_initialized() and last))
        return stop_at is not None and len(seen) >= stop_at

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


def member(own: Session, folder: Path, ports: list[str]) -> None:
    """Try one thing after the other, as the environment says which of how many."""
    own = replace(own, group=Group.of_environment())
    found: dict = {}

    def next_port() -> None:
        os.environ["MASTER_PORT"] = ports.pop(0)

    next_port()
    found["gradients"] = compare_gradients(own, own.group)

    # the state that training ends with is looked at where it is handed on: followers raise there
    states = {}
    run = Session._attempt

    def attempt(self, *arguments):
        learned = run(self, *arguments)
        states.update(learned.network.state_dict())
        return learned

    Session._attempt = attempt
    checkpoint = folder / "checkpoint.safetensors"
    own = replace(own, config=own.config.model_copy(update={"teacher": "heads"}), checkpoint=checkpoint)
    next_port()
    found["first"] = train(own, stop_at=STOPPED_AT)
    next_port()
    found["second"] = train(own)
    found["state"] = {name: value.numpy().tobytes().hex() for name, value in states.items()}
    next_port()
    found["refused"] = refused(own)
    (folder / f"{own.group.rank}.json").write_text(json.dumps(found))


def free_ports(number: int) -> list[str]:
    held = [socket.socket() for _ in range(number)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    found = [str(each.getsockname()[1]) for each in held]
    for each in held:
        each.close()
    return found


def start(act: Callable, own: Session, folder: Path, ports: list[str], rank: int, size: int) -> int:
    if pid := os.fork():
        return pid
    status = 1
    try:
        os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(size), "GLOO_SOCKET_IFNAME": "lo"}
        act(own, folder, ports)
        status = 0
    except Exception:
        traceback.print_exc()
        raise
    finally:
        # the others would wait for it
        os._exit(status) if status == 0 else os.killpg(0, signal.SIGKILL)
    return 0


def judge(own: Session, folder: Path, ports: list[str]) -> None:
    """Train from seed after seed; of each, how well cells match and labels carry over, and what a step took."""
    found = []
    for seed in SEEDS:
        os.environ["MASTER_PORT"] = ports.pop(0)
        config = own.config.model_copy(update={"seed": seed})
        began = time.perf_counter()
        try:
            learned = replace(own, config=config, group=Group.of_environment()).train(SILENT)
        except Followed:
            continue
        seconds = time.perf_counter() - began
        cells = embed_cells(learned.network, learned.sampler.cells, CPU)
        rna, atac = (cells[name][:, : config.latent_shared] for name in ("rna", "atac"))
        obs = [own.dataset.modalities[name].obs for name in ("rna", "atac")]
        order = obs[1].reset_index(drop=True).reset_index().set_index("pair_id")["index"].loc[obs[0]["pair_id"]]
        types = [each["cell_type"].astype(str).to_numpy() for each in obs]
        found.append({
            "foscttm": foscttm(rna, atac[order.to_numpy()]),
            "label_transfer": label_transfer(rna, types[0], atac, types[1])["label_transfer"],
            "seconds_a_step": seconds / learned.steps,
            "parameters": sum(each.numel() for each in learned.network.parameters()),
        })  # fmt: skip
    (folder / f"{ranks.rank()}.json").write_text(json.dumps(found))


def main() -> None:
    """Load and prepare once, which takes most of the time, then be several; one that fails ends all."""
    folder, what, *sizes = sys.argv[1:]
    torch.set_num_threads(1)
    if what == "quality":
        own, act = session(Path(folder), **LONGER), judge
    else:
        own, act = session(Path(folder), **EVERY_TERM), member
    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
    for size in map(int, sizes):
        within = Path(folder) / str(size)
        within.mkdir()
        ports = free_ports(PORTS)
        pids = [start(act, own, within, ports, rank, size) for rank in range(size)]
        for pid in pids:
            os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
