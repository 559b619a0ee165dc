"""What the parts of the page ask of a run: which features, over which groups, imputed from which cells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monae_app.engine.errors import InputError
from monae_app.jobs.gene_sets import GeneSets
from monae_app.web.group_sight import GroupSight
from monae_app.web.imputed_view import MOST_FEATURES, ImputedView
from monae_app.web.marker_groups import marker_groups, number_of
from monae_app.web.marker_view import MarkerView, Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.analysis.feature_search import Found
    from monae_app.web.explore import RunView
    from monae_app.web.regulation_view import RegulationView

# of a group or a factor, if nobody names them
SHOWN = 30
MOST_NAMED = 8


@dataclass(frozen=True)
class Asked:
    """What the fields of the page say; ``origin`` tells which of the others names the features."""

    run: str
    column: str
    target: str
    sources: tuple[str, ...]
    origin: str
    group: str = ""
    features: tuple[str, ...] = ()
    pasted: str = ""
    gene_set: str = ""
    factor: str = ""


@dataclass(frozen=True)
class Sight(GroupSight):
    """Runs as the one who asks may see them, and their features as measured and as imputed."""

    regulation: RegulationView

    @property
    def sets(self) -> GeneSets:
        """Gene sets of the one who asks."""
        return GeneSets(self.services.settings.store, self.services.users.current())

    def seen(self, asked: Asked) -> tuple[ImputedView, str]:
        """Look up what is asked for, and say what is not there.

        Raises
        ------
        InputError
            If the run has no such groups, or none of the features.
        """
        view = self.services.view(asked.run)
        outside = asked.group if asked.origin == "group" else None
        chosen = marker_groups(view, asked.run, self.selections, asked.column, outside)
        found, note = self._features(view, asked, chosen)
        key = ("imputed", asked.target, tuple(each.row for each in found[:MOST_FEATURES]), asked.sources,
               chosen.column, chosen.version, view.measured_version(asked.target))  # fmt: skip

        def make() -> ImputedView:
            made = ImputedView(view, chosen.groups, found, asked.sources)
            # worked out once, however many parts of the page ask at the same time
            made.work_out()
            return made

        seen = view.run.kept.get(view.run.owner, key, make)
        if seen.left_out:
            note = f"{note} The first {len(seen.found)} of {len(found):,} are shown.".strip()
        return seen, note

    def _features(self, view: RunView, asked: Asked, chosen: Any) -> tuple[list[Found], str]:
        if asked.origin == "group":
            return self._markers(view, asked, chosen)
        if asked.origin == "factor":
            names, note = self._targets(asked)
        elif asked.origin == "set":
            if not asked.gene_set:
                raise InputError("You have no saved gene set.", "a set.", "save one on the map.")
            names, note = list(self.sets.get(asked.gene_set).genes), ""
        elif asked.origin == "pasted":
            names, note = [each.strip() for each in re.split(r"[,;\n\t]", asked.pasted) if each.strip()], ""
        else:
            names = [key.partition(":")[2] for key in asked.features if key.startswith(f"{asked.target}:")]
            note = ""
        if not names:
            raise InputError("No features are named.", "some features.", "search for features, or paste their names.")
        looked = view.features.alike(asked.target, names)
        missing = [name for name, each in zip(names, looked, strict=True) if each is None]
        found = list({each.row: each for each in looked if each is not None}.values())
        if not found:
            raise InputError(
                f"None of the {len(names):,} names is a feature of this modality.",
                "names or Ensembl ids of features of this run.",
                "check the spelling and the modality.",
            )
        return found, f"{note} {_missing(missing)}".strip()

    def _markers(self, view: RunView, asked: Asked, chosen: Any) -> tuple[list[Found], str]:
        """Take the features nearest to a group or, of all groups, those most specific for each."""
        markers = MarkerView.of(view, chosen.groups, f"{chosen.column}@{chosen.version}")
        if asked.target not in markers.modalities:
            raise InputError("This modality has no features.", "another one.", "choose another modality.")
        wanted = Wanted(asked.target)
        if asked.group:
            numbers, each, told = [number_of(chosen, asked.group)], SHOWN, ""
        else:
            numbers = list(range(len(chosen.groups.names)))
            each, told = max(2, SHOWN // len(numbers)), "The features nearest to each group."
        keys: list[str] = []
        for number in numbers:
            keys += markers.nearest_features(number, wanted, each)[0]["key"].tolist()
        rows = [view.features.row(asked.target, key.partition(":")[2]) for key in dict.fromkeys(keys)]
        return [view.features.told(asked.target, row) for row in rows if row is not None][:MOST_FEATURES], told

    def _targets(self, asked: Asked) -> tuple[list[str], str]:
        if asked.target != "rna":
            raise InputError("Targets of factors are genes.", "features of RNA.", "choose RNA under 'Features of'.")
        tables = self.regulation.tables(asked.run, None)
        if tables is None:
            raise InputError(
                "The targets of this run are not worked out yet.", "links and targets.", "open Regulation and start it."
            )
        name = tables.factor(asked.factor or "")
        if name is None:
            raise InputError("No factor is chosen.", "a transcription factor.", "type its name.")
        ranked = self.regulation.targets(asked.run, tables, name)["target"].astype(str).tolist()
        return [name, *(each for each in ranked if each != name)][: SHOWN + 1], f"{name} and its first {SHOWN} targets."


def _missing(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"Not in this run: {', '.join(names[:MOST_NAMED])}{more}."
