"""Who is who: cookies, recovery links, shared runs."""

from __future__ import annotations

import os
import shutil
import stat
import time
from http.cookies import SimpleCookie
from pathlib import Path

import anndata as ad
import pytest
from flask import g

from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError
from monae_app.jobs.local import LocalLauncher
from monae_app.jobs.registry import Registry
from monae_app.jobs.run_limits import RunLimits
from monae_app.jobs.sharing import Shares
from monae_app.web.app import create_app
from monae_app.web.services import Services
from monae_app.web.settings import Settings
from monae_app.web.users import COOKIE
from tests.jobs import fake_worker

OURS = {"X-Monae": "1"}


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(store=tmp_path / "store", single_user=False)


@pytest.fixture
def clients(app):
    """Two browsers."""
    found = [app.server.test_client(), app.server.test_client()]
    for client in found:
        client.get("/")
    return found


def cookie(answer) -> SimpleCookie:
    return SimpleCookie(answer.headers["Set-Cookie"])


def user_of(app, client) -> str:
    """Return the user that a browser is, by what it stores."""
    upload = client.post("/api/uploads", json={"name": "a", "files": [{"path": "a", "size": 0}]}, headers=OURS).json[
        "id"
    ]
    store = app.monae_store
    return next(path.parents[1].name for path in (store / "users").glob(f"*/uploads/{upload}"))


@pytest.fixture
def app(settings, samples_root):
    app = create_app(settings, samples_root)
    app.monae_store = settings.store
    return app


def recovery_path(app, settings, samples_root, client, *, renew: bool = False) -> str:
    users = Services(settings, samples_root).users
    with app.server.test_request_context():
        g.monae_user = user_of(app, client)
        return f"/recover/{users.recovery_token(renew=renew)}"


def test_a_browser_stays_the_same_user_and_another_is_another(app, clients):
    first, second = clients
    assert user_of(app, first) == user_of(app, first) != user_of(app, second)


def test_the_cookie_cannot_be_read_by_scripts_or_sent_from_elsewhere(app):
    client = app.server.test_client()
    said = cookie(client.get("/"))[COOKIE]
    assert said["httponly"]
    assert said["samesite"] == "Lax"
    assert not said["secure"]
    assert cookie(client.get("/", headers={"X-Forwarded-Proto": "https"}))[COOKIE]["secure"]
    assert cookie(client.get("/", base_url="https://localhost"))[COOKIE]["secure"]


@pytest.mark.parametrize("path", ["/assets/theme.css", "/api/health"])
def test_what_is_the_same_for_all_carries_no_cookie(app, path):
    assert "Set-Cookie" not in app.server.test_client().get(path, buffered=True).headers


@pytest.mark.parametrize("forged", ["", "u" + "0" * 32, '"u00".abc', "local", "../local"])
def test_a_forged_cookie_is_a_new_user(app, clients, forged):
    mine = user_of(app, clients[0])
    thief = app.server.test_client()
    thief.set_cookie(COOKIE, forged)
    assert user_of(app, thief) not in {mine, "local"}


def test_a_cookie_of_another_server_is_worth_nothing(app, clients, tmp_path, samples_root):
    user_of(app, clients[0])
    other = create_app(Settings(store=tmp_path / "other", single_user=False), samples_root)
    value = clients[0].get_cookie(COOKIE).value
    stranger = other.server.test_client()
    stranger.set_cookie(COOKIE, value)
    stranger.get("/")
    assert stranger.get_cookie(COOKIE).value != value


def test_a_server_that_is_restarted_knows_its_users(app, clients, settings, samples_root):
    before = user_of(app, clients[0])
    again = create_app(settings, samples_root)
    again.monae_store = settings.store
    client = again.server.test_client()
    client.set_cookie(COOKIE, clients[0].get_cookie(COOKIE).value)
    assert user_of(again, client) == before
    assert stat.S_IMODE((settings.store / "secret").stat().st_mode) == 0o600


def test_the_recovery_link_makes_another_browser_the_same_user(app, clients, settings, samples_root):
    first, second = clients
    path = recovery_path(app, settings, samples_root, first)
    # a preview of the link changes nothing
    page = second.get(path)
    assert page.status_code == 200
    assert b"Yes, open them here" in page.data
    assert page.headers["Cache-Control"] == "no-store"
    assert user_of(app, second) != user_of(app, first)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert second.post(path, headers=headers).status_code == 403
    answer = second.post(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/data")
    assert user_of(app, second) == user_of(app, first)
    assert b"already" in second.get(path).data


def test_a_link_that_was_replaced_is_worth_nothing(app, clients, settings, samples_root):
    first, second = clients
    old = recovery_path(app, settings, samples_root, first)
    new = recovery_path(app, settings, samples_root, first, renew=True)
    assert old != new == recovery_path(app, settings, samples_root, first)
    token = new.removeprefix("/recover/")
    for wrong in (old, f"{new}x", new[:-1], "/recover/x", f"/recover/{token.partition('-')[0]}-", "/recover/local-x"):
        assert second.get(wrong).status_code == 404
        assert second.post(wrong).status_code == 404
    assert user_of(app, second) != user_of(app, first)


def test_on_ones_own_machine_there_is_nothing_to_recover(tmp_path, samples_root):
    app = create_app(Settings(store=tmp_path), samples_root)
    assert Services(Settings(store=tmp_path), samples_root).users.recovery_token() is None
    assert app.server.test_client().post("/recover/x").status_code in {404, 405}
    assert not (tmp_path / "secret").exists()


@pytest.mark.parametrize(
    ("host", "asked", "single"),
    [("127.0.0.1", None, True), ("0.0.0.0", None, False), ("127.0.0.1", False, False), ("0.0.0.0", True, True)],
)
def test_who_is_alone(host, asked, single):
    assert Settings(host=host, single_user=asked).single is single


@pytest.fixture
def run(app, clients, settings, samples_root):
    """A finished run of the first browser."""
    registry = Registry(settings.store, user_of(app, clients[0]))
    sample = samples_root / "tiny" / "run"
    folder = registry.runs / "20260101-000000-abcdef"
    shutil.copytree(sample, folder)
    return folder


def test_a_run_of_another_user_does_not_exist(clients, run):
    first, second = clients
    assert first.get(f"/api/runs/{run.name}/map.csv").status_code == 200
    refused = second.get(f"/api/runs/{run.name}/map.csv")
    assert refused.status_code == 404
    assert refused.json["found"].replace(run.name, "never") == second.get("/api/runs/never/map.csv").json["found"]
    for method in ("POST", "DELETE"):
        assert second.open(f"/api/runs/{run.name}/share", method=method, headers=OURS).status_code == 404


def test_a_shared_run_can_be_looked_at_by_all_until_that_ends(clients, run, settings):
    first, second = clients
    shared = first.post(f"/api/runs/{run.name}/share", headers=OURS).json
    assert shared["url"] == f"/?run={shared['id']}"
    assert first.post(f"/api/runs/{run.name}/share", headers=OURS).json == shared
    table = second.get(f"/api/runs/{shared['id']}/map.csv")
    assert table.status_code == 200
    assert table.data == first.get(f"/api/runs/{run.name}/map.csv").data
    # looking is all: it cannot be shared on, ended, or found by its own id
    assert second.post(f"/api/runs/{shared['id']}/share", headers=OURS).status_code == 404
    assert second.delete(f"/api/runs/{shared['id']}/share", headers=OURS).status_code == 404
    assert second.get(f"/api/runs/{run.name}/map.csv").status_code == 404
    (kept,) = (settings.store / "shares").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert first.delete(f"/api/runs/{run.name}/share", headers=OURS).status_code == 204
    assert second.get(f"/api/runs/{shared['id']}/map.csv").status_code == 404
    assert first.post(f"/api/runs/{run.name}/share", headers=OURS).json["id"] != shared["id"]


@pytest.mark.parametrize("kind", ["sample-tiny", "opened-0", "nothing"])
def test_only_runs_of_ones_own_can_be_shared(clients, kind):
    assert clients[0].post(f"/api/runs/{kind}/share", headers=OURS).status_code == 404


def test_a_shared_run_is_read_only_and_listed_for_nobody(tmp_path, run, settings):
    shares = Shares(settings.store)
    token = shares.share(run.parents[1].name, run.name)
    registry = Registry(settings.store, "somebody", shares=shares)
    record = registry.get(f"shared-{token}")
    assert record.read_only
    assert record.finished
    assert registry.list() == []
    for wrong in (f"shared-{token[:-1]}", "shared-", f"shared-../{token}", "shared-" + "0" * 32):
        with pytest.raises(InputError, match="There is no run"):
            registry.get(wrong)
    shutil.rmtree(run)
    with pytest.raises(InputError, match="There is no run"):
        registry.get(f"shared-{token}")


def test_views_and_summaries_of_users_are_not_mixed(app, clients, run, settings, samples_root):
    """Two users have a run of the same id and the same age; each sees their own."""
    first, second = clients
    other = Registry(settings.store, user_of(app, second)).runs / run.name
    shutil.copytree(run, other)
    cells = ad.read_h5ad(other / "cells.h5ad")
    cells.obsm["X_umap"] = cells.obsm["X_umap"] + 100
    cells.write_h5ad(other / "cells.h5ad")
    age = (run / "cells.h5ad").stat().st_mtime_ns
    os.utime(other / "cells.h5ad", ns=(age, age))
    tables = [client.get(f"/api/runs/{run.name}/map.csv").data for client in (first, second)]
    assert tables[0] != tables[1]


def test_runs_of_all_users_wait_for_one_device_and_each_sees_their_own(settings, samples_root, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    launcher = LocalLauncher(settings.store, RunLimits(per_user=2), worker=fake_worker.COMMAND)
    services, asking = Services(settings, samples_root, launcher), ["u1"]
    monkeypatch.setattr(services.users, "current", lambda: asking[0])
    config = make_config(inputs={"rna": samples_root / "tiny" / "rna.h5ad"}, steps=100_000)
    first = services.start(config, "first")
    services.start(config, "again")
    with pytest.raises(InputError, match="2 of your trainings and checks wait or compute"):
        services.start(config, "too many")
    assert {record.name for record in services.registry.list() if not record.read_only} == {"first", "again"}
    asking[0] = "u2"
    second = services.start(config, "second")
    assert [record.name for record in services.registry.list() if not record.read_only] == ["second"]
    with pytest.raises(InputError, match="There is no run"):
        services.registry.get(first.id)
    assert services.outlook(second.id).position == 2
    with pytest.raises(InputError, match="There is no run"):
        services.cancel(first.id)
    for user in ("u2", "u1"):
        asking[0] = user
        mine = [record for record in services.registry.list() if not record.read_only]
        for record in mine:
            services.cancel(record.id)
        until = time.monotonic() + 20
        while any(record.status.active for record in mine) and time.monotonic() < until:
            services.launcher.tick()
            time.sleep(0.05)
        assert {record.status.state for record in mine} == {"cancelled"}
    services.launcher.close()
