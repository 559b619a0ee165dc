"""Which lanes a job in line gets: all that it needs at once or none, and nobody behind it takes what it waits for.

Taken in one change of the line, several lanes cannot be held by halves, so that two runs never wait for each other. A
run that needs more lanes than are free keeps the free ones from those behind it: it begins when those that compute now
have ended, and the others wait no longer than that and its own time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

SEVERAL = "cuda"


def lanes_needed(lanes: Sequence[str], processes: int) -> int:
    """How many of the lanes that it may take a job of so many processes needs: a GPU each; of a CPU there is one.

    Parameters
    ----------
    lanes
        As they are named in the line, with or without their machine.
    processes
        As the setting of the run says.
    """
    several = bool(lanes) and lanes[0].rpartition("/")[2].partition(":")[0] == SEVERAL
    return processes if several else 1


class FreeLanes:
    """The lanes that are free while the line is gone through from its head.

    Parameters
    ----------
    taken
        Lanes on which something computes.
    only
        Lanes of which at least one is to be given; any if left out.
    """

    def __init__(self, taken: Collection[str], only: Collection[str] | None = None) -> None:
        self._taken, self._only = set(taken), only

    def give(self, lanes: Sequence[str], needed: int) -> tuple[str, ...]:
        """Give the next in line what it needs of the lanes that it may take; nothing if that is not free.

        Parameters
        ----------
        lanes
            That it may take.
        needed
            How many of them.
        """
        free = [lane for lane in lanes if lane not in self._taken]
        wanted = [lane for lane in free if self._only is None or lane in self._only]
        found = tuple([*wanted, *(lane for lane in free if lane not in wanted)][:needed])
        if wanted and len(found) == needed:
            self._taken.update(found)
            return found
        if needed > 1:
            self._taken.update(free)
        return ()
