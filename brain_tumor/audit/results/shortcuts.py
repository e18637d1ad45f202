"""What an audit found out about shortcuts: scores of classifiers that see little or nothing."""

from dataclasses import dataclass
from typing import Literal

from brain_tumor.metrics.uncertainty.bootstrap import Interval

ProbeKind = Literal["probe", "classifier"]


@dataclass(frozen=True)
class ProbeScore:
    """Scores of one classifier on one task under one split.

    Attributes:
        sees: What the classifier sees of a scan, in words.
        kind: `probe` sees no anatomy, `classifier` sees the scan.
        split: Name of the split.
        detail: The seed, the fold, or how many folds were put together; empty where there is but
            one variant.
        task: The classes to distinguish, such as `four classes`.
        test: Number of test scans.
        accuracy: Accuracy in [0, 1] with its 95 % interval over groups of scans.
        balanced_accuracy: Mean recall of the classes, likewise.
        majority: Share in [0, 1] of the most frequent class among the test scans.
    """

    sees: str
    kind: ProbeKind
    split: str
    detail: str
    task: str
    test: int
    accuracy: Interval
    balanced_accuracy: Interval
    majority: float
