"""The container files, as far as they can be checked without Docker."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from monae_app import cli

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
KEYS = {
    "build", "image", "init", "restart", "security_opt", "environment", "volumes", "user", "command", "networks",
    "healthcheck", "ports", "depends_on", "stop_grace_period",
}  # fmt: skip


def instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.removeprefix(name).strip() for line in joined.splitlines() if line.startswith(f"{name} ")]


def default(text: str) -> str:
    """What stands there where no variable is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_compose_brings_web_redis_and_worker_and_nothing_undeclared():
    assert set(SERVICES) == {"web", "redis", "worker"}
    for service in SERVICES.values():
        assert set(service) <= KEYS
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(COMPOSE["volumes"])
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        for name, condition in service.get("depends_on", {}).items():
            assert condition == {"condition": "service_healthy"}
            # Redis and web have a check of their own, web in the image.
            assert name == "web" or "healthcheck" in SERVICES[name]


def test_redis_is_reached_from_inside_alone_and_forgets_nothing():
    redis = SERVICES["redis"]
    assert "ports" not in redis
    assert redis["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert redis["user"] == "redis"
    told = dict(zip(redis["command"][1::2], redis["command"][2::2], strict=True))
    assert told == {"--appendonly": "yes", "--maxmemory-policy": "noeviction"}


def test_web_and_worker_share_store_and_line_at_the_same_place():
    web, worker = SERVICES["web"], SERVICES["worker"]
    for name in ("image", "environment", "volumes", "build"):
        assert web[name] == worker[name]
    assert web["environment"] == {"MONAE_REDIS_URL": "redis://redis:6379/0"}
    assert [default(port) for port in web["ports"]] == ["127.0.0.1:8050:8050"]


@pytest.mark.parametrize("service", ["worker", "image"])
def test_what_is_started_is_a_command_that_there_is(service):
    command = SERVICES["worker"]["command"] if service == "worker" else yaml.safe_load(instructions("CMD")[-1])
    assert command[0] == "monae"
    parsed = cli._parser().parse_args([default(word) for word in command[1:]])
    assert str(parsed.store) == "/store"
    check = SERVICES["worker"]["healthcheck"]["test"]
    assert check[:2] == ["CMD", "monae"]
    assert cli._parser().parse_args([default(word) for word in check[2:]]).check


def test_the_image_runs_as_nobody_special_and_says_whether_it_is_well():
    assert instructions("USER") == ["monae"]
    assert "useradd" in instructions("RUN")[-1]
    assert "/api/health" in instructions("HEALTHCHECK")[0]
    assert all(each.startswith("python:3.11-slim") for each in instructions("FROM"))


def test_the_image_installs_what_runs_and_not_what_tests(tmp_path):
    step = next(each for each in instructions("RUN") if "requirements.txt" in each)
    command = shlex.split(step.split("&&")[0])
    assert command[0] == "sed"
    (tmp_path / "requirements.lock").write_bytes((ROOT / "requirements.lock").read_bytes())
    done = subprocess.run([*command[:3]], cwd=tmp_path, capture_output=True, text=True, check=True)
    kept = {line.partition("==")[0] for line in done.stdout.splitlines() if "==" in line}
    assert {"torch", "dash", "celery", "redis"} <= kept
    assert not {"pytest", "ruff", "playwright"} & kept


def test_what_the_image_is_built_from_is_not_ignored():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    needed = ["requirements.lock", "pyproject.toml", "README.md", "LICENSE", "monae_app", "assets", "data_samples"]
    for name in needed:
        assert (ROOT / name).exists()
        assert name not in ignored
    assert {".git", ".venv", "tests"} <= set(ignored)
