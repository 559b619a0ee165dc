"""Run one method on what the command line names."""

from __future__ import annotations

import sys

from monae_app.jobs.peers.catalogue import PEERS
from monae_app.jobs.peers.exchange import answer
from monae_app.jobs.peers.watched import end_with_parent

if __name__ == "__main__":
    end_with_parent()
    answer(PEERS[sys.argv.pop(1)].load())
