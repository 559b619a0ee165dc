"""What is compared with what: the groups that are on offer, and the order of the work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State

from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets
from monae_app.web import ids
from monae_app.web.group_choice import GroupChoice
from monae_app.web.modalities import modality_title
from monae_app.web.pages.differential.layout import FIRST, JOB, MODALITY, SAMPLES, SECOND

if TYPE_CHECKING:
    from monae_app.web.selections import Selections
    from monae_app.web.services import Services

FEWEST_SAMPLES, MOST_SAMPLES = 2, 200
REST = "all other cells"


def register(app: Dash, services: Services, selections: Selections) -> None:
    """Connect the choice and the work."""

    @app.callback(
        Output(FIRST, "options"),
        Output(SECOND, "options"),
        Output(FIRST, "value"),
        Output(SECOND, "value"),
        Output(MODALITY, "options"),
        Output(MODALITY, "value"),
        Output(SAMPLES, "options"),
        Input(ids.RUN, "value"),
        State(FIRST, "value"),
        State(SECOND, "value"),
        State(MODALITY, "value"),
    )
    def offer(run: str | None, first: list[str], second: list[str], modality: str | None) -> tuple[Any, ...]:
        view = services.opened(run)
        if view is None:
            return [], [], [], [], [], None, []
        choice = GroupChoice(view, str(run), selections)
        offered = choice.offered()
        known = {each["value"] for each in offered}
        kept = [each for each in first or [] if each in known] or choice.first()
        titles = [{"value": name, "label": modality_title(name)} for name in view.modalities]
        chosen = modality if modality in view.modalities else view.modalities[0]
        samples = [name for name in view.groupings if FEWEST_SAMPLES <= len(view.group_names(name)) <= MOST_SAMPLES]
        return offered, offered, kept, [each for each in second or [] if each in known], titles, chosen, samples

    def order(
        run: str | None, first: list[str], second: list[str], modality: str | None, samples: str | None
    ) -> dict[str, Any]:
        view = services.view(run or "")
        choice = GroupChoice(view, str(run), selections)
        # who is quicker than the form means what it is about to say
        modality = modality or view.modalities[0]
        if modality not in view.modalities or (samples and samples not in view.groupings):
            raise InputError("This run has no such modality.", "one of its modalities.", "choose another one.")
        return {
            "folder": str(view.folder),
            "version": view.version,
            "measured": view.measured_version(str(modality)),
            "modality": modality,
            "first": bitsets.written(choice.cells(first or [])),
            "second": bitsets.written(choice.cells(second)) if second else None,
            "names": [choice.named(first), choice.named(second) if second else REST],
            "chosen": [first, second or []],
            "samples": samples or None,
        }

    states = [State(ids.RUN, "value"), *(State(name, "value") for name in (FIRST, SECOND, MODALITY, SAMPLES))]
    JOB.register(app, services, order, states)
