"""Long work that pages order, as the one who asks may see it: which device it takes, and how long it may last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.engine.data.duration import expected_seconds
from monae_app.engine.errors import InputError
from monae_app.jobs.kept_holdout import MOST_STEPS
from monae_app.jobs.works import Asked, Works
from monae_app.web.forecast import times_expected

if TYPE_CHECKING:
    from monae_app.web.explore import RunView
    from monae_app.web.services import Services


def works_of(services: Services) -> Works:
    """Return the long work of the one who asks."""
    return Works(services.settings.store, services.users.current(), services.launcher)


def there_or_auto(services: Services, device: str) -> str:
    """Return a device if some lane has it, else ``auto``: a run from elsewhere may name one that is not here."""
    try:
        return device if services.launcher.lanes_of(device) else "auto"
    except InputError:
        return device


def check_of(services: Services, run: str) -> Asked:
    """Return the order of the hold-out check of a run.

    Raises
    ------
    InputError
        If there is no such run, or it has no result.
    """
    view, name = services.view(run), services.registry.get(run).name
    device = there_or_auto(services, view.run.config.device)
    return Asked("holdout", {"folder": str(view.folder)}, f"Hold-out check of {name}", device)


def check_lasts(services: Services, view: RunView) -> float | None:
    """Estimate how many seconds the check of a run takes; None where that is not known."""
    config = view.run.config
    steps = MOST_STEPS if config.steps is None else min(config.steps, MOST_STEPS)
    try:
        device = there_or_auto(services, config.device)
        expected = expected_seconds(view.report["dataset"], config.model_copy(update={"steps": steps, "epochs": None}))
        return expected * times_expected(services, device)
    except (KeyError, TypeError, ValueError, InputError):
        return None
