"""Serves the app with waitress and opens it in a browser."""

from __future__ import annotations

import errno
import logging
import socket
import threading
import webbrowser
from typing import TYPE_CHECKING

import waitress

from monae_app.engine.errors import InputError
from monae_app.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.web.settings import Settings

logger = logging.getLogger(__name__)
THREADS = 8


def serve(settings: Settings, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    settings
        Where to listen and what to show.
    on_ready
        Called with the address once the server listens.

    Raises
    ------
    InputError
        If the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        # Before anything is built: a port that is taken is said at once.
        listening = socket.create_server((settings.host, settings.port), family=family)
    except (OSError, OverflowError) as error:
        raise _refusal(settings, error) from None
    server = waitress.create_server(create_app(settings).server, sockets=[listening], threads=THREADS)
    shown = "localhost" if settings.host in {"127.0.0.1", "::1", "0.0.0.0", "::"} else settings.host
    address = f"http://{shown}:{listening.getsockname()[1]}"
    if not settings.loopback:
        logger.warning(
            "Listening on %s: everybody who can reach this machine can read the runs and start trainings. "
            "Leave out --host to serve this machine alone.",
            settings.host,
        )
    if on_ready is not None:
        on_ready(address)
    if not settings.no_browser:
        threading.Timer(0.5, webbrowser.open, args=(address,)).start()
    try:
        server.run()
    finally:
        server.close()


def _refusal(settings: Settings, error: Exception) -> InputError:
    if getattr(error, "errno", None) == errno.EADDRINUSE:
        return InputError(
            f"Port {settings.port} on {settings.host} is taken, perhaps by another Monae App.",
            "a free port.",
            f"close that program, or choose another port: `monae app --port {settings.port + 1}`.",
        )
    return InputError(
        f"Cannot listen on {settings.host}:{settings.port} ({error}).",
        "an address of this machine and a port from 1024 to 65535.",
        "leave out --host and --port to use 127.0.0.1:8050.",
    )
