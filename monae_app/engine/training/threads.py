"""How many threads to compute with."""

from __future__ import annotations

import os

from monae_app.engine.training import ranks

LARGE_MACHINE = 4


def thread_count() -> int:
    """MONAE_THREADS if set; else one on a small machine and half the cores, at most eight, on a larger one.

    It depends on the machine and not on how busy it is: sums taken in another order would change the result. Two
    threads on a busy two-core machine run several times slower than one.
    """
    wanted = os.environ.get("MONAE_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    # several processes of one training share a machine
    cores = (os.cpu_count() or 1) // ranks.local_size()
    return 1 if cores <= LARGE_MACHINE else min(8, cores // 2)
