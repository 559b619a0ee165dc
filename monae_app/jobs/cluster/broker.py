"""The Redis server that the machines share, as one store uses it; whatever is the matter with it is said in words."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from monae_app.engine.errors import InputError
from monae_app.jobs.private_files import open_private, private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Tells stores apart that use one Redis server, and a folder that is not the shared one from the one that is.
MARK, MARK_LENGTH = "cluster.id", 16
ANSWER_SECONDS = 5.0


class Broker:
    """Connections to Redis, and the names of what one store keeps there.

    Parameters
    ----------
    url
        Of the server: ``redis://``, or ``rediss://`` for an encrypted connection.
    store
        Root of everything that the app keeps, shared by all machines.

    Raises
    ------
    InputError
        If the address makes no sense.
    """

    def __init__(self, url: str, store: Path) -> None:
        self.url, self._mark = url, store / MARK
        try:
            self.client = redis.Redis.from_url(
                url,
                decode_responses=True,
                socket_timeout=ANSWER_SECONDS,
                socket_connect_timeout=ANSWER_SECONDS,
                health_check_interval=15,
                # Once more for a connection that was cut; a page must not wait for longer.
                retry=Retry(NoBackoff(), 1),
            )
            self._place = urlsplit(url).hostname or urlsplit(url).path
        except ValueError as error:
            # Without the address: there is a password in it.
            raise InputError(
                f"MONAE_REDIS_URL is no address of a Redis server ({type(error).__name__}).",
                "redis://[:PASSWORD@]HOST[:PORT][/NUMBER], or rediss:// where it is encrypted.",
                "set it anew.",
            ) from None

    def key(self, name: str) -> str:
        """Return the name of something that this store keeps in Redis."""
        return f"monae:{self.store_id()}:{name}"

    def store_id(self, *, make: bool = True) -> str:
        """Return what the store is called in Redis.

        Parameters
        ----------
        make
            Whether a store that has no name yet gets one: servers do that, workers do not.

        Raises
        ------
        InputError
            If the store cannot be read, or is no store that a server has used.
        """
        try:
            if make and not self._mark.exists():
                private_folder(self._mark.parent)
                with suppress(FileExistsError):
                    self._mark.touch(0o600, exist_ok=False)
                    with open_private(self._mark) as file:
                        file.write(secrets.token_hex(MARK_LENGTH // 2).encode())
            return self._read_mark()
        except OSError as error:
            raise InputError(
                f"The store {self._mark.parent} cannot be used ({error.strerror or error}).",
                "the folder that a server of Monae App uses, mounted on every machine.",
                "mount it, start the server first, or name another folder with --store.",
            ) from error

    @contextmanager
    def said_in_words(self) -> Iterator[None]:
        """Turn what Redis is missing into an InputError."""
        try:
            yield
        except redis.RedisError as error:
            raise self.unreachable(error) from error

    def unreachable(self, error: Exception) -> InputError:
        """Say that Redis cannot be used."""
        return InputError(
            f"The line of trainings cannot be reached: Redis on {self._place} does not answer "
            f"as it should ({type(error).__name__}).",
            "the Redis server that MONAE_REDIS_URL names.",
            "look after it, or after the network; trainings that compute go on, and those in line are kept.",
        )

    def close(self) -> None:
        """Let go of the connections; another use opens them again."""
        self.client.close()

    def _read_mark(self) -> str:
        # Whoever makes it writes it a moment later.
        for _ in range(20):
            if len(text := self._mark.read_text(encoding="ascii")) == MARK_LENGTH:
                return text
            time.sleep(0.05)
        message = f"{MARK} is damaged"
        raise OSError(message)
