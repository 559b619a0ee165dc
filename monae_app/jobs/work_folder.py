"""Work that stands in line with the runs: a folder ``<id>`` in ``<store>/users/<user>/work`` says what is to be done.

Beside the small files of every job there are order.json, and result.json once it is done.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from monae_app.engine.errors import InputError
from monae_app.engine.result import write_json
from monae_app.jobs.progress import JobFolder, Kind
from monae_app.jobs.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACES: dict[Kind, str] = {"run": "runs", "work": "work"}


class Order(BaseModel):
    """What is to be done (order.json).

    Parameters
    ----------
    work
        A name in ``monae_app.jobs.working.WORK``.
    order
        Plain values that the work takes, ``folder`` of a run among them.
    device
        Which device it asks for, as RunConfig does.
    """

    model_config = ConfigDict(frozen=True)

    work: str
    order: dict[str, Any]
    device: str = "auto"


class WorkFolder(JobFolder):
    """The small files of one piece of work."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.order_path, self.result_path, self.scratch = path / "order.json", path / "result.json", path / "scratch"

    @property
    def kind(self) -> Kind:
        """Work."""
        return "work"

    @property
    def user(self) -> str:
        """For whom it is."""
        return self.path.parents[1].name

    @property
    def store(self) -> Path:
        """Root of everything that the app keeps."""
        return self.path.parents[3]

    @property
    def ordered(self) -> bool:
        """Whether there is an order.json."""
        return self.order_path.is_file()

    @property
    def finished(self) -> bool:
        """Whether it was done."""
        return self.result_path.is_file()

    @property
    def has_checkpoint(self) -> bool:
        """Nothing is kept to go on from."""
        return False

    @property
    def goes_on(self) -> str:
        """It begins anew."""
        return "It can be started again."

    def write_order(self, order: Order) -> None:
        """Save what is to be done."""
        write_json(self.order_path, order.model_dump(mode="json"))

    def read_order(self) -> Order:
        """Load what is to be done.

        Raises
        ------
        InputError
            If there is no readable order.json.
        """
        try:
            return Order.model_validate_json(self.order_path.read_bytes())
        except (OSError, ValueError) as error:
            raise InputError(
                "What was to be done is not known any more.", "an order that was just given.", "start it again."
            ) from error

    def device(self) -> str:
        """Return what the order says."""
        return self.read_order().device

    def needs(self) -> Iterator[Path]:
        """Name the folder of the run."""
        yield Path(self.read_order().order["folder"])


def folder_at(path: Path) -> JobFolder:
    """Return the files of a folder, of whichever kind it is."""
    work = WorkFolder(path)
    return work if work.ordered else RunFolder(path)


def job_of(store: Path, user: str, kind: Kind, name: str) -> JobFolder:
    """Return the folder of a job of a user."""
    path = store / "users" / user / PLACES[kind] / name
    return RunFolder(path) if kind == "run" else WorkFolder(path)


def jobs_of(store: Path) -> Iterator[tuple[str, JobFolder]]:
    """Yield all jobs of all users, each with its user."""
    for kind, place in PLACES.items():
        for path in store.glob(f"users/*/{place}/*"):
            if kind == "run" or path.is_dir():
                yield path.parents[1].name, job_of(store, path.parents[1].name, kind, path.name)
