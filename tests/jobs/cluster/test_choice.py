"""What can be told without a Redis server: who launches, and what is said where something is missing."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys

import pytest

from monae_app import cli
from monae_app.engine.errors import InputError
from monae_app.jobs import cluster
from monae_app.jobs.cluster.application import UNACKNOWLEDGED_SECONDS, make_application
from monae_app.jobs.cluster.broker import Broker
from monae_app.jobs.cluster.launcher import ClusterLauncher
from monae_app.jobs.launcher import make_launcher
from monae_app.jobs.local import LocalLauncher


@pytest.fixture
def nobody():
    """A port on which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return f"redis://:hidden@127.0.0.1:{port}/0"


@pytest.fixture
def application(tmp_path):
    made = []

    def make(url):
        made.append(make_application(Broker(url, tmp_path)))
        return made[-1].conf

    yield make
    for each in made:
        each.close()


def test_the_variable_chooses_who_launches(tmp_path, monkeypatch, nobody):
    monkeypatch.setenv("MONAE_REDIS_URL", " ")
    assert isinstance(make_launcher(tmp_path), LocalLauncher)
    monkeypatch.setenv("MONAE_REDIS_URL", nobody)
    launcher = make_launcher(tmp_path)
    assert isinstance(launcher, ClusterLauncher)
    launcher.close()


def test_what_is_not_installed_is_said_once_and_clearly(tmp_path, monkeypatch, nobody, capsys):
    monkeypatch.setenv("MONAE_REDIS_URL", nobody)
    monkeypatch.setattr(cluster, "find_spec", lambda name: None if name == "celery" else "there")
    with pytest.raises(InputError, match=r"pip install \"monae-app\[cluster\]\""):
        make_launcher(tmp_path)
    assert cli.main(["worker", "--store", str(tmp_path)]) == 2
    assert "package celery is not installed" in capsys.readouterr().err


def test_nothing_of_it_is_loaded_without_the_variable(monkeypatch):
    monkeypatch.delenv("MONAE_REDIS_URL", raising=False)
    code = (
        "import sys, pathlib, monae_app.cli; from monae_app.jobs.launcher import make_launcher;"
        "make_launcher(pathlib.Path('store'));"
        "print([name for name in ('celery', 'kombu', 'redis') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_address_that_makes_no_sense_is_said_without_its_password(tmp_path, monkeypatch):
    monkeypatch.setenv("MONAE_REDIS_URL", "http://:hidden@somewhere")
    with pytest.raises(InputError, match="no address of a Redis server") as refused:
        make_launcher(tmp_path)
    assert "hidden" not in str(refused.value)


def test_a_server_that_does_not_answer_is_said_in_words(registry, config, nobody):
    launcher = ClusterLauncher(Broker(nobody, registry.runs.parents[2]), registry.runs.parents[2])
    launcher.recover = lambda: None
    record = registry.create(config)
    with pytest.raises(InputError, match=r"Redis on 127\.0\.0\.1 does not answer") as refused:
        launcher.submit(record.owner, record.files)
    assert "hidden" not in str(refused.value)
    launcher.close()


def test_a_worker_needs_the_address_and_the_store_of_a_server(tmp_path, monkeypatch, nobody, capsys):
    monkeypatch.delenv("MONAE_REDIS_URL", raising=False)
    assert cli.main(["worker", "--store", str(tmp_path)]) == 2
    assert "MONAE_REDIS_URL is not set" in capsys.readouterr().err
    monkeypatch.setenv("MONAE_REDIS_URL", nobody)
    assert cli.main(["worker", "--store", str(tmp_path / "empty")]) == 2
    assert "start the server first" in capsys.readouterr().err


def test_the_name_of_a_store_stays_and_a_damaged_one_is_said(tmp_path):
    store = tmp_path / "store"
    one, two = Broker("redis://here", store), Broker("redis://here", store)
    assert one.store_id() == two.store_id(make=False)
    assert (store / "cluster.id").stat().st_mode & 0o077 == 0
    (store / "cluster.id").write_text("cut")
    with pytest.raises(InputError, match="damaged"):
        one.store_id()
    one.close()
    two.close()


def test_celery_takes_json_alone_and_gives_nothing_up_early(application):
    conf = application("redis://here/1")
    assert conf.accept_content == ["json"]
    assert {conf.task_serializer, conf.result_serializer, conf.event_serializer} == {"json"}
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost, conf.worker_prefetch_multiplier) == (True, True, 1)
    assert (conf.worker_pool, conf.worker_concurrency) == ("solo", 1)
    assert conf.broker_transport_options["visibility_timeout"] == UNACKNOWLEDGED_SECONDS > 7 * 24 * 3600
    assert conf.broker_use_ssl is None


def test_an_encrypted_connection_is_verified_unless_told_otherwise(application):
    assert application("rediss://here/1").broker_use_ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    conf = application("rediss://here/1?ssl_cert_reqs=none&ssl_ca_certs=/x/ca.pem&ssl_check_hostname=false")
    told = {"ssl_cert_reqs": ssl.CERT_NONE, "ssl_ca_certs": "/x/ca.pem", "ssl_check_hostname": False}
    assert conf.broker_use_ssl == told
    assert conf.broker_url == "rediss://here/1"
