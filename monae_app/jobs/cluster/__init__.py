"""Trainings on several machines: Redis keeps the line, a Celery worker looks after each device, the store is shared.

Nothing here is imported before ``MONAE_REDIS_URL`` is set, and neither celery nor redis comes with a plain install.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

from monae_app.engine.errors import InputError

URL_VARIABLE = "MONAE_REDIS_URL"


def redis_url() -> str | None:
    """Return the address of the Redis server that several machines share; None where one machine does it all.

    Raises
    ------
    InputError
        If there is an address, but the packages for it are missing.
    """
    url = os.environ.get(URL_VARIABLE, "").strip()
    if not url:
        return None
    if missing := [name for name in ("celery", "redis") if find_spec(name) is None]:
        raise InputError(
            f"{URL_VARIABLE} is set, but the package {' and '.join(missing)} is not installed.",
            "what several machines need.",
            'pip install "monae-app[cluster]", or unset the variable to compute on this machine.',
        )
    return url
