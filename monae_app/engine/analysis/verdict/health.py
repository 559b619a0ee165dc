"""Whether the training was long enough and went well, told from its losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.verdict.finding import Figure, Finding
from monae_app.engine.analysis.verdict.words import percent

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.engine.analysis.verdict.facts import RunFacts

# The learning rate rises for so many steps: a training that ends before has hardly begun.
WARM_UP_STEPS = 50
# A loss that falls on a straight line has 29 % of its fall between the third and the last quarter; one that has come
# to rest 5 % and less, since the learning rate falls at the end. Bundled and planted runs of the standard budget: 3 to
# 6 %.
STILL_FALLING, HARDLY_BEGUN = 0.1, 0.2
# of standard errors: losses are those of single batches and jump
BEYOND_NOISE = 2.0
# of the fall, that the loss has risen again at the end
RISEN = 0.15
# of the fall, and of the steps, after which the rest brought nothing
PLATEAU, EARLY = 0.98, 0.25
FEWEST_POINTS = 8
LONGER = 4


@dataclass(frozen=True)
class Course:
    """How a loss went.

    Parameters
    ----------
    fall
        From the first reports to the last quarter.
    late
        Share of the fall between the third quarter and the last.
    noise
        Standard error of that share.
    rise
        Share of the fall that the last quarter lies above the lowest quarter of the run.
    rest
        Share of the steps after which the loss stayed at what it ended with.
    """

    fall: float
    late: float
    noise: float
    rise: float
    rest: float


def course_of(losses: pd.DataFrame) -> Course | None:
    """Measure how a loss went; None where there are too few reports."""
    step, loss = losses["step"].to_numpy(float), losses["loss"].to_numpy(float)
    if len(step) < FEWEST_POINTS or not np.isfinite(loss).all():
        return None
    place = (step - step[0]) / max(step[-1] - step[0], 1)
    quarters = [loss[(place >= low) & (place <= low + 0.25)] for low in (0, 0.25, 0.5, 0.75)]
    if min(map(len, quarters)) < 2:
        return None
    means = [float(each.mean()) for each in quarters]
    first = float(loss[: max(2, len(loss) // 20)].mean())
    fall = first - means[3]
    # what differs from one report to the next is noise, what remains is the course
    spread = float(np.std(np.diff(loss[len(loss) // 2 :])) / np.sqrt(2))
    error = spread * float(np.sqrt(1 / len(quarters[2]) + 1 / len(quarters[3])))
    scale = max(abs(fall), 1e-12)
    smooth = _smoothed(loss)
    done = np.flatnonzero(smooth <= first - PLATEAU * fall)
    rest = float(place[done[0]]) if len(done) else 1.0
    return Course(fall, (means[2] - means[3]) / scale, error / scale, (means[3] - min(means)) / scale, rest)


def _smoothed(loss: np.ndarray) -> np.ndarray:
    width = max(1, len(loss) // 20)
    padded = np.pad(loss, (width - 1, 0), mode="edge")
    return np.convolve(padded, np.ones(width) / width, mode="valid")


def training_findings(facts: RunFacts) -> list[Finding]:
    """Judge the training."""
    losses, steps = facts.losses, int(facts.report.get("steps") or 0)
    steps = steps or (int(losses["step"].max()) if len(losses) else 0)
    if not len(losses):
        return [Finding("training", "unknown", "The losses of this training are not kept.", {"steps": steps or None})]
    values = losses["loss"].to_numpy(float)
    first, last = float(values[0]), float(values[-1])
    figures: dict[str, Figure] = {"steps": steps}
    if not np.isfinite(values).all():
        rate = facts.config.learning_rate / 3
        sentence = "The training diverged: its loss was no number any more."
        return [Finding("training", "bad", sentence, figures, "Lower the learning rate.", {"learning_rate": rate})]
    figures |= {"loss at the start": round(first, 4), "loss at the end": round(last, 4)}
    course = course_of(losses)
    if course is not None:
        figures["fall between third and last quarter"] = f"{percent(max(course.late, 0))} of the whole"
    return [_judged(facts, steps, course, figures)]


def _judged(facts: RunFacts, steps: int, course: Course | None, figures: dict[str, Figure]) -> Finding:
    longer = {"steps": LONGER * max(steps, WARM_UP_STEPS)}
    train = f"Train longer: {longer['steps']:,} steps."
    if steps < WARM_UP_STEPS:
        sentence = (
            f"The training had hardly begun: {steps:,} steps are fewer than the {WARM_UP_STEPS} over which the "
            "learning rate rises. What is imputed is not learned yet."
        )
        return Finding("training", "bad", sentence, figures, "Train with the standard number of steps.", longer)
    if course is None:
        sentence = f"The training of {steps:,} steps left too few reports to tell whether its loss had come to rest."
        return Finding("training", "unknown", sentence, figures)
    certain = course.late > BEYOND_NOISE * course.noise
    if course.fall <= 0 or (course.rise > RISEN and course.rise > BEYOND_NOISE * course.noise):
        rate = round(facts.config.learning_rate / 3, 6)
        sentence = "The loss rose again towards the end: the training was not stable."
        return Finding("training", "bad", sentence, figures, "Lower the learning rate.", {"learning_rate": rate})
    if certain and course.late > HARDLY_BEGUN:
        return Finding(
            "training", "bad", "Too few steps: the loss still fell steeply at the end.", figures, train, longer
        )
    if certain and course.late > STILL_FALLING:
        return Finding(
            "training", "caution", "The loss still fell at the end: more steps may help.", figures, train, longer
        )
    if course.rest < EARLY:
        sentence = f"The loss came to rest after {percent(course.rest)} of the steps: a shorter training would do."
        return Finding("training", "good", sentence, figures)
    return Finding("training", "good", "The loss fell and came to rest: the training was long enough.", figures)
