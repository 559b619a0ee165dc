"""A diskcache whose values are JSON: whoever writes into its folder can give nobody code to run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import diskcache
from diskcache.core import MODE_PICKLE

from monae_app.jobs.private_files import private_folder

if TYPE_CHECKING:
    from pathlib import Path


class JsonDisk(diskcache.Disk):  # type: ignore[misc]
    """Writes values as JSON text, bytes as they are, and neither writes nor reads anything else."""

    def put(self, key: Any) -> Any:
        """Take plain keys alone."""
        if type(key) not in (str, int, float, bytes):
            msg = f"{type(key).__name__} is no key of this cache"
            raise TypeError(msg)
        return super().put(key)

    def get(self, key: Any, raw: bool) -> Any:  # noqa: FBT001 - its signature is diskcache's
        """Read plain keys alone."""
        if not raw:
            msg = "a key of this cache is not plain"
            raise ValueError(msg)
        return super().get(key, raw)

    def store(self, value: Any, read: bool, key: Any = diskcache.UNKNOWN) -> Any:  # noqa: FBT001
        """Write a value."""
        if type(value) is not bytes and not read:
            value = json.dumps(value, ensure_ascii=True, allow_nan=False)
        return super().store(value, read, key=key)

    def fetch(self, mode: int, filename: str, value: Any, read: bool) -> Any:  # noqa: FBT001
        """Read a value."""
        if mode == MODE_PICKLE:
            msg = "a value of this cache is not JSON"
            raise ValueError(msg)
        found = super().fetch(mode, filename, value, read)
        return json.loads(found) if isinstance(found, str) else found


def open_cache(folder: Path) -> diskcache.Cache:
    """Open the cache in a folder that nobody else may read; it is made if need be."""
    return diskcache.Cache(str(private_folder(folder)), disk=JsonDisk)
