"""The real `monae worker` around a training that only pretends; MONAE_TEST_WORKER names another command to start."""

from __future__ import annotations

import json
import os
import sys

from monae_app import cli
from monae_app.jobs import dispatcher, local
from tests.jobs import fake_worker

if __name__ == "__main__":
    local.WORKER = tuple(json.loads(os.environ.get("MONAE_TEST_WORKER", "null")) or fake_worker.COMMAND)
    dispatcher.SILENT_SECONDS = float(os.environ.get("MONAE_TEST_SILENT", dispatcher.SILENT_SECONDS))
    raise SystemExit(cli.main(["worker", *sys.argv[1:]]))
