"""What a table of a sweep shows, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from brain_tumor.metrics.registry import LOSS, label_scores

PARTS = ("train", "validation", "test")
Scores = Mapping[str, Mapping[str, float | None]]  # part -> score of `swept_scores`


def swept_scores() -> list[str]:
    """Name what a sweep reads of each part: the scores of labels in the registry, and the loss."""
    return [*(score.key for score in label_scores()), LOSS]


@dataclass(frozen=True)
class SweptJob:
    """A job of a sweep.

    Attributes:
        number: From 0.
        values: What it has of the keys that differ between jobs, as it was typed.
        status: finished, skipped (finished before), failed, interrupted.
        reason: Why it failed, or how it went on; may be empty.
        folder: Of its run.
        seconds: Training and scoring; None where it was not finished.
        scores: By part, of the scored checkpoint, which is the best epoch's where there is a
            validation part; empty where the job has none. `loss` is the mean cross-entropy.
        validation: What tells validation scans apart from others; None where there are none.
    """

    number: int
    values: Mapping[str, str]
    status: str
    reason: str
    folder: str
    seconds: float | None
    scores: Scores = field(default_factory=dict)
    validation: str | None = None


@dataclass(frozen=True)
class SweptSetting:
    """Jobs that differ in seeds and folds alone.

    Attributes:
        values: What they have of the other keys that differ between jobs.
        jobs: Their numbers.
        done: How many of them have scores.
        means: Mean over these, by part and score; None where one is not defined.
        spreads: Standard deviation over these, likewise; None for fewer than two.
    """

    values: Mapping[str, str]
    jobs: Sequence[int]
    done: int
    means: Scores
    spreads: Scores


@dataclass(frozen=True)
class Sweep:
    """A sweep.

    Attributes:
        name: Of the experiment.
        keys: What differs between jobs.
        jobs: By number.
        settings: In the order of their first jobs.
        won: Place of the winner in `settings`; None where nothing won.
        verdict: A sentence on what won, or on why nothing did.
        remark: A sentence from the configuration; may be empty.
    """

    name: str
    keys: Sequence[str]
    jobs: Sequence[SweptJob]
    settings: Sequence[SweptSetting]
    won: int | None
    verdict: str
    remark: str = ""
