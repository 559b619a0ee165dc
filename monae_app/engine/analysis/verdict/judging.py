"""Did it work? All findings of a run, and one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.engine.analysis.verdict.accuracy import accuracy_findings
from monae_app.engine.analysis.verdict.batches import batch_findings
from monae_app.engine.analysis.verdict.finding import Finding, Level, Verdict, sorted_findings
from monae_app.engine.analysis.verdict.health import training_findings
from monae_app.engine.analysis.verdict.mixing import mixing_findings
from monae_app.engine.analysis.verdict.structure import structure_findings

if TYPE_CHECKING:
    from monae_app.engine.analysis.verdict.facts import RunFacts

# with one of these, the map is no integration whatever the rest says
DECISIVE = ("structure", "consistency", "mixing", "accuracy")


def judge(facts: RunFacts) -> Verdict:
    """Make the findings of a run and sum them up."""
    findings = sorted_findings(
        [
            *structure_findings(facts),
            *mixing_findings(facts),
            *accuracy_findings(facts),
            *training_findings(facts),
            *batch_findings(facts),
        ]
    )
    level, headline, explanation = _summed_up(findings, len(facts.modalities))
    return Verdict(level, headline, explanation, findings)


def _summed_up(findings: tuple[Finding, ...], n_modalities: int) -> tuple[Level, str, str]:
    bad = [each for each in findings if each.level == "bad"]
    cautions = [each for each in findings if each.level == "caution"]
    structure = {each.level for each in findings if each.topic == "structure"}
    accuracy = {each.level for each in findings if each.topic == "accuracy"}
    if n_modalities < 2:
        return "unknown", "There is one modality: nothing was integrated.", "The map shows its cells alone."
    if against := [each for each in bad if each.topic in DECISIVE]:
        return "bad", "No: do not read this map as an integration.", against[0].sentence
    if any(each.topic == "training" for each in bad):
        said = next(each for each in bad if each.topic == "training").sentence
        return "bad", "Not yet: the training is not finished.", said
    if bad:
        return "bad", "With a serious reservation.", bad[0].sentence
    if structure <= {"unknown"} and accuracy <= {"unknown"}:
        told = "Neither shared structure nor pairs nor labels could be asked: nothing here shows whether it is right."
        return "unknown", "It cannot be told.", told
    if cautions:
        points = "one point" if len(cautions) == 1 else f"{len(cautions)} points"
        return "caution", f"Yes, with {points} to look at.", cautions[0].sentence
    return "good", "Yes, it worked.", "Everything that could be asked of this run speaks for the map."
