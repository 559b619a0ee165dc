from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monae_app.web.app import create_app
from monae_app.web.services import Services
from monae_app.web.settings import Settings
from tests.web.program_runner import PROGRAM, ProgramRunner
from tests.web.regulated import Regulated, make_regulated
from tests.web.tiny_sample import write_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from monae_app.web.explore import RunView


@pytest.fixture(scope="session")
def samples_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("samples")
    write_sample(root)
    return root


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(store=tmp_path / "store")


@pytest.fixture
def services(settings: Settings, samples_root: Path) -> Services:
    return Services(settings, samples_root)


@pytest.fixture(scope="session")
def view(samples_root: Path, tmp_path_factory: pytest.TempPathFactory) -> RunView:
    store = tmp_path_factory.mktemp("store")
    return Services(Settings(store=store), samples_root).view("sample-tiny")


@pytest.fixture
def app(settings: Settings, samples_root: Path):
    return create_app(settings, samples_root)


@pytest.fixture
def client(app):
    return app.server.test_client()


@pytest.fixture(scope="session")
def regulated(tmp_path_factory: pytest.TempPathFactory) -> Regulated:
    return make_regulated(tmp_path_factory.mktemp("regulated"))


@pytest.fixture(scope="module")
def runner() -> Iterator[ProgramRunner]:
    runner = ProgramRunner()
    yield runner
    runner.close()


@pytest.fixture
def ran(runner: ProgramRunner) -> Callable[..., Path]:
    """Run a program of some kind in a process of its own and return where it has written."""

    def ran(kind: str, program: str, folder: Path, *arguments: str) -> Path:
        folder.mkdir(exist_ok=True)
        (folder / PROGRAM).write_text(program)
        runner.run(kind, folder, *arguments)
        return folder

    return ran
