"""Debian's redis-server on a free port of the loopback; installed by apt where that is allowed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import redis

if TYPE_CHECKING:
    from pathlib import Path

START_SECONDS = 20.0


class RedisServer:
    """A server that can be stopped and started again on the same port.

    Parameters
    ----------
    folder
        Where it keeps its data.
    options
        As in redis.conf; a password, for example.
    """

    def __init__(self, folder: Path, *options: str, password: str = "") -> None:
        self._folder, self._options, self._password = folder, options, password
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        secret = f":{quote(self._password, safe='')}@" if self._password else ""
        return f"redis://{secret}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [program(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        command += ["--save", "", "--appendonly", "no", *self._options]
        command += ["--requirepass", self._password] if self._password else []
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until = time.monotonic() + START_SECONDS
        with redis.Redis.from_url(self.url, socket_connect_timeout=1, retry=None) as client:
            while True:
                try:
                    client.ping()
                except redis.RedisError:
                    if time.monotonic() > until or self._process.poll() is not None:
                        self.stop()
                        raise
                    time.sleep(0.05)
                else:
                    return

    def stop(self) -> None:
        """Without a word, as when the power fails."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def program() -> str:
    """Where redis-server is; installed if it is missing, which fails with apt's own reason."""
    if found := shutil.which("redis-server"):
        return found
    apt = shutil.which("apt-get")
    assert apt, "redis-server is missing, and there is no apt-get to install it with"
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", "redis-server"]):
        done = subprocess.run([apt, "-qq", *arguments], capture_output=True, text=True)
        assert done.returncode == 0, f"redis-server is missing, and apt-get cannot install it: {done.stderr}"
    found = shutil.which("redis-server")
    assert found, "redis-server is missing, although apt-get says that it is installed"
    return found
