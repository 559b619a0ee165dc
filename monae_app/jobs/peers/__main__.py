"""Run one method on what the command line names."""

from __future__ import annotations

import sys

from monae_app.jobs.peers.catalogue import PEERS
from monae_app.jobs.peers.exchange import answer

if __name__ == "__main__":
    answer(PEERS[sys.argv.pop(1)].load())
