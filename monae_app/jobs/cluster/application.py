"""Celery as it is used here: JSON alone, nothing acknowledged before it is done, nothing taken before its time."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from celery import Celery

if TYPE_CHECKING:
    from monae_app.jobs.cluster.broker import Broker

TRAIN, SHORT = "monae.train", "monae.short"
# Redis hands out a message again that nobody has acknowledged for this long, which with acks_late is the longest
# training. It does no harm: a message only says that somebody waits, who it is stands in the line.
UNACKNOWLEDGED_SECONDS = 14 * 24 * 3600
VERIFY = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


def queue_name(broker: Broker, kind: str) -> str:
    """Return the name of the queue of a kind of device, or of short work."""
    return broker.key(f"queue:{kind}")


def make_application(broker: Broker) -> Celery:
    """Return the Celery application of a store; it connects when it is used.

    Parameters
    ----------
    broker
        Where messages go through.
    """
    url, encryption = _encryption(broker.url)
    settings: dict[str, Any] = {
        "broker_url": url,
        "broker_use_ssl": encryption,
        # Redis may be away for as long as it likes.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "visibility_timeout": UNACKNOWLEDGED_SECONDS,
            "socket_keepalive": True,
            "socket_connect_timeout": 5,
            "health_check_interval": 15,
        },
        # A training outlives a connection.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "worker_prefetch_multiplier": 1,
        "worker_concurrency": 1,
        "worker_pool": "solo",
        "worker_send_task_events": False,
        # Orders of strangers: whoever reaches Redis could end or steer workers.
        "worker_enable_remote_control": False,
        # A pickle from Redis would be a way in.
        "accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        "event_serializer": "json",
        "task_default_queue": queue_name(broker, "cpu"),
        "task_create_missing_queues": True,
        "timezone": "UTC",
    }
    return Celery("monae", set_as_current=False, config_source=settings)


def _encryption(url: str) -> tuple[str, dict[str, Any] | None]:
    """Split what an address says about encryption from it, in the way that Celery wants it."""
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        return url, None
    query = dict(parse_qsl(parts.query))
    said = {name: query.pop(name) for name in list(query) if name.startswith("ssl_")}
    verify = VERIFY.get(said.pop("ssl_cert_reqs", "required").lower().removeprefix("cert_"), ssl.CERT_REQUIRED)
    options: dict[str, Any] = {"ssl_cert_reqs": verify, **said}
    if "ssl_check_hostname" in said:
        options["ssl_check_hostname"] = said["ssl_check_hostname"].lower() not in ("0", "false", "no")
    return urlunsplit(parts._replace(query=urlencode(query))), options
