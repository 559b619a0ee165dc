"""The tables of the page Compare, as frames: what is shown is what is downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from monae_app.engine.analysis.overall import BIOLOGY, MIXING, scaled
from monae_app.engine.analysis.run_comparison.score_rows import score_rows
from monae_app.engine.analysis.run_comparison.settings import differing_settings
from monae_app.jobs.kept_holdout import KeptHoldout, overall_shares
from monae_app.jobs.kept_methods import KeptMethods, is_across
from monae_app.jobs.peers.catalogue import PEERS

if TYPE_CHECKING:
    from monae_app.web.explore import RunView
    from monae_app.web.services import Services
    from monae_app.web.two_runs import Pair

MONAE = "monae"
OVERALL = ("biology_conservation", "omics_mixing", "overall")
# of the methods on the page: those that impute within a modality alone are for the hold-out check
OFFERED = ("pca", "cca", "harmony", "scglue")
INTEGRATION = (
    *OVERALL, "foscttm", "same_modality", "label_transfer", "label_transfer_balanced", "ari_res1", "ari", *BIOLOGY,
    *MIXING,
)  # fmt: skip
TITLES = {
    "biology_conservation": "Biology", "omics_mixing": "Mixing", "overall": "Overall", "foscttm": "FOSCTTM",
    "same_modality": "Same-modality neighbours", "label_transfer": "Label transfer",
    "label_transfer_balanced": "Label transfer, balanced", "ari_res1": "ARI, resolution 1",
    "ari": "ARI, best resolution",
    "map": "MAP", "asw_label": "ASW of the label", "nc": "Neighbour conservation", "sas": "SAS",
    "asw_batch": "ASW-batch", "graph_connectivity": "Graph connectivity", "nmi": "NMI", "ami": "AMI",
    "nmi_res1": "NMI, resolution 1", "ami_res1": "AMI, resolution 1", "homogeneity_res1": "Homogeneity, resolution 1",
    "nmi_best": "NMI, its best resolution", "homogeneity": "Homogeneity", "ilisi": "iLISI", "kbet": "kBET",
    "open_set_auroc": "Types of one modality, AUROC", "asw_modality": "ASW of the modality",
}  # fmt: skip
SCALED = {"biology_conservation": "Biology, scaled", "omics_mixing": "Mixing, scaled", "overall": "Overall, scaled"}


@dataclass(frozen=True)
class Row:
    """How one method did."""

    title: str
    method: str
    found: dict[str, Any]


def settings_table(pair: Pair) -> pd.DataFrame:
    """List settings that differ: ``setting``, ``first``, ``second``, ``meaning``."""
    rows = differing_settings(pair.first.run.config, pair.second.run.config)
    table = pd.DataFrame(rows, columns=["name", "first", "second", "help"])
    return table.rename(columns={"name": "setting", "help": "meaning"})


def scores_table(pair: Pair) -> pd.DataFrame:
    """Scores of both runs: ``score``, ``first``, ``second``, ``ideal``, ``better``, ``by``."""
    metrics = [dict(each.report.get("metrics") or {}) for each in (pair.first, pair.second)]
    rows = [
        {"score": each.name, "first": each.first, "second": each.second, "ideal": each.ideal, "better": each.better,
         "by": None if each.gain is None else round(abs(each.gain), 4)}
        for each in score_rows(metrics[0], metrics[1], len(pair.first.modalities))
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["score", "first", "second", "ideal", "better", "by"])


def types_table(pair: Pair) -> pd.DataFrame:
    """Each type in both runs; empty where that was not worked out."""
    return pd.DataFrame([] if pair.known is None else pair.known.about["types"])


def method_rows(services: Services, run: str, second: str | None, label: str | None) -> list[Row]:
    """Every method that was computed on the data of a run, the run itself first, then the second run."""
    kept = KeptMethods(services.settings.store, services.users.current())
    asked = [(services.view(run), MONAE, services.registry.get(run).name)]
    if second:
        asked.append((services.view(second), MONAE, services.registry.get(second).name))
    asked += [(asked[0][0], name, PEERS[name].title) for name in OFFERED]
    found = [(title, method, kept.read(view.folder, method, label)) for view, method, title in asked]
    return [Row(title, method, each) for title, method, each in found if each is not None]


def integration_table(rows: list[Row]) -> pd.DataFrame:
    """Raw scores of every method that embeds, and the overall ones scaled over those of this table."""
    embedded = [row for row in rows if row.found.get("scores")]
    scores = [row.found["scores"] for row in embedded]
    records = [
        {"method": row.title, **{name: mine.get(name) for name in INTEGRATION}, "cpu_s": row.found.get("cpu_s")}
        for row, mine in zip(embedded, scores, strict=True)
    ]
    table = pd.DataFrame(records, columns=["method", *INTEGRATION, "cpu_s"]).dropna(axis=1, how="all")
    if len(scores) > 1:
        relative = scaled(scores)
        place = len([name for name in OVERALL if name in table]) + 1
        for name in reversed(OVERALL):
            if all(name in each for each in relative) and name in table:
                table.insert(place, f"{name}_scaled", [each[name] for each in relative])
    return table


def imputation_table(rows: list[Row]) -> pd.DataFrame:
    """Correlation of imputed with measured values across modalities, a row a method, and the noise ceiling."""
    records: list[dict[str, Any]] = []
    ceiling: dict[str, float] = {}
    for row in rows:
        imputed = {name: each for name, each in (row.found.get("imputation") or {}).items() if is_across(name)}
        if imputed:
            records.append({"method": row.title, **{name: each["r"] for name, each in imputed.items()}})
        ceiling |= {name: each["ceiling"] for name, each in imputed.items() if "ceiling" in each}
    if records and ceiling:
        records.append({"method": "what such counts allow", **ceiling})
    return pd.DataFrame(records)


def recovery_table(services: Services, run: str) -> pd.DataFrame | None:
    """Share of the noise ceiling within each modality by method, from the hold-out check; None if there was none."""
    kept = KeptHoldout(services.settings.store, services.users.current()).read(services.view(run).folder)
    return None if kept is None else pd.DataFrame(overall_shares(kept))


def missing_methods(rows: list[Row], view: RunView) -> list[str]:
    """Methods that were not computed yet and could be, ours first."""
    done = {row.method for row in rows}
    return [
        name for name in (MONAE, *OFFERED)
        if name not in done and (name == MONAE or not PEERS[name].beside or PEERS[name].beside in view.modalities)
    ]  # fmt: skip


def title_of(column: str) -> str:
    """Return the heading of a column."""
    base = column.removesuffix("_scaled")
    return SCALED[base] if column != base else TITLES.get(column, column.replace("_", " "))
