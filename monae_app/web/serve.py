"""Serves the app with waitress and opens it in a browser."""

from __future__ import annotations

import errno
import logging
import socket
import threading
import time
import webbrowser
from typing import TYPE_CHECKING

import waitress

from monae_app.engine.errors import InputError
from monae_app.jobs.sweeping import sweep
from monae_app.jobs.uploads import UploadStore
from monae_app.web.app import SERVICES, create_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.web.services import Services
    from monae_app.web.settings import Settings

logger = logging.getLogger(__name__)
THREADS = 8
# A slice of a file and its headers; waitress keeps a larger body on disk, but all of it.
LONGEST_BODY = 64 * 2**20
SWEEP_SECONDS = 3600.0


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
    app = create_app(settings).server
    services: Services = app.extensions[SERVICES]
    services.launcher.watch()
    server = waitress.create_server(app, sockets=[listening], threads=THREADS, max_request_body_size=LONGEST_BODY)
    threading.Thread(target=_sweep, args=(settings,), daemon=True, name="sweep").start()
    shown = "localhost" if settings.host in {"127.0.0.1", "::1", "0.0.0.0", "::"} else settings.host
    address = f"http://{shown}:{listening.getsockname()[1]}"
    if not settings.loopback:
        may = "read the files and runs and start trainings" if settings.single else "upload files and start trainings"
        logger.warning(
            "Listening on %s: everybody who can reach this machine can %s. "
            "Leave out --host to serve this machine alone.",
            settings.host,
            may,
        )
    if on_ready is not None:
        on_ready(address)
    if not settings.no_browser:
        threading.Timer(0.5, webbrowser.open, args=(address,)).start()
    try:
        server.run()
    finally:
        services.launcher.close()
        server.close()


def _sweep(settings: Settings) -> None:
    uploads = UploadStore(settings.store, settings.limits)
    while True:
        try:
            uploads.sweep()
            sweep(settings.store)
        except OSError as error:
            logger.warning("What its time is over for could not be removed: %s", error)
        time.sleep(SWEEP_SECONDS)


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
