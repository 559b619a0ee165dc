"""Did it work? What speaks for and against a finished run, in words of a biologist, with the figures behind.

``judge(facts_of(run))`` reads columns of the run and gives a :class:`Verdict`. Thresholds stand as constants beside
what they decide, each with its reason.
"""

from monae_app.engine.analysis.verdict.facts import RunFacts, facts_of
from monae_app.engine.analysis.verdict.finding import TOPICS, Finding, Level, Verdict
from monae_app.engine.analysis.verdict.judging import judge

__all__ = ["TOPICS", "Finding", "Level", "RunFacts", "Verdict", "facts_of", "judge"]
