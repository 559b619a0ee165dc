"""A process that follows the first waits for what that prepares, and takes it from there."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from monae_app.engine import pipeline
from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError, Stopped
from monae_app.engine.training.group import Followed
from monae_app.jobs import following

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_whether_the_first_listens(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with socket.socket() as first:
        first.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MASTER_PORT", str(first.getsockname()[1]))
        assert not following._first_is_waiting()
        first.listen()
        assert following._first_is_waiting()


def test_it_waits_and_opens_what_the_first_has_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    answers, seen = [False, False, True], []
    monkeypatch.setattr(following, "SECONDS_BETWEEN_LOOKS", 0.0)
    monkeypatch.setattr(following, "_first_is_waiting", lambda: answers.pop(0))
    (tmp_path / "motif_hits.npz").write_bytes(b"hits")

    def run(_config, out, **how):
        seen.append((how["prepared_in"], out.parent, (out / "motif_hits.npz").read_bytes()))
        raise Followed

    monkeypatch.setattr(pipeline, "run", run)
    config = make_config(inputs={"rna": tmp_path / "rna.h5ad"})
    assert following.follow(config, print, tmp_path) == following.DONE
    assert seen == [(tmp_path, tmp_path, b"hits")]
    assert answers == []
    assert [path.name for path in tmp_path.iterdir()] == ["motif_hits.npz"]


@pytest.mark.parametrize(
    ("raised", "status"),
    [(Stopped(3), 128 + signal.SIGTERM), (InputError("found.", "expected.", "to do."), 2), (KeyError("x"), 1)],
)
def test_why_it_left_is_a_status_and_a_sentence(raised, status, tmp_path, monkeypatch):
    said: list[InputError] = []

    def run(*_: object, **how: object) -> None:
        # under torchrun it prepares everything itself
        assert how["prepared_in"] is None
        raise raised

    monkeypatch.setattr(pipeline, "run", run)
    config = make_config(inputs={"rna": tmp_path / "rna.h5ad"})
    assert following.follow(config, said.append) == status
    assert len(said) == (not isinstance(raised, Stopped))
