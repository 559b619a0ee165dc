"""How many trainings, and other long work, may wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.jobs.queue import Line


@dataclass(frozen=True)
class RunLimits:
    """Runs that wait or compute, of one user and of all."""

    per_user: int = 10
    total: int = 100

    def check(self, line: Line, user: str) -> None:
        """Refuse one more run of a user.

        Raises
        ------
        InputError
            If a limit is reached.
        """
        mine, all_of_them = line.of_user(user), len(line.jobs())
        if mine >= self.per_user:
            raise InputError(
                f"{mine} of your trainings and checks wait or compute.",
                f"at most {self.per_user} at a time.",
                "wait until one is done, or cancel one.",
            )
        if all_of_them >= self.total:
            raise InputError(
                f"{all_of_them} trainings and checks wait or compute on this server.",
                f"at most {self.total} at a time.",
                "come back later, or train elsewhere with `monae run`.",
            )
