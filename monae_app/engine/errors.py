"""Every error that a user can meet.

MonaeError
├── InputError      what came in cannot be used: found, expected, what to do
│   └── StorageError    the folder of the run cannot be written
├── TrainingError   the numbers broke while training: where, and what is left
│   └── CompanyLost     another process of the training is gone
└── Stopped         the user asked to stop; a checkpoint was written
"""

from __future__ import annotations


class MonaeError(Exception):
    """Base of all errors with a message fit for a user."""


class InputError(MonaeError):
    """What came in cannot be used.

    Parameters
    ----------
    found
        What was found, with the place (file, column, cell) named.
    expected
        What is needed instead.
    todo
        What the user can do about it.
    """

    def __init__(self, found: str, expected: str, todo: str) -> None:
        super().__init__(found, expected, todo)
        self.found = found
        self.expected = expected
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.found} Expected: {self.expected} To do: {self.todo}"


class StorageError(InputError):
    """The folder of a run cannot be written; the last checkpoint is kept."""


class TrainingError(MonaeError):
    """Training cannot go on; the last good checkpoint is kept."""


class CompanyLost(TrainingError):
    """Another process of a training that several share has ended or does not answer."""


class Stopped(MonaeError):
    """Training was asked to stop and left a checkpoint behind.

    Parameters
    ----------
    step
        Number of steps that the checkpoint holds; 0 when training had not begun.
    """

    def __init__(self, step: int) -> None:
        super().__init__(f"Stopped after {step:,} training steps.")
        self.step = step
