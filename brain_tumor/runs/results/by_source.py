"""`by_source.json`: the scores of each of several joined sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from brain_tumor.runs.results.json_file import JsonFile
from brain_tumor.runs.results.scores import Intervals


@dataclass(frozen=True)
class SourceScores:
    """Scores of the scans of one set.

    Attributes:
        source: The set's name.
        scans: Number of scans.
        groups: Number of groups of scans that the intervals resample.
        present: Numbers of the classes that have scans here.
        scores: Each score of labels in the registry, by key; None where it is 0/0, or has no
            meaning as a class has no scan here.
    """

    source: str
    scans: int
    groups: int
    present: tuple[int, ...]
    scores: Intervals


@dataclass(frozen=True)
class ScoresBySource:
    """The content of `by_source.json`: scores of the sets, per part."""

    parts: Mapping[str, Sequence[SourceScores]]


BY_SOURCE = JsonFile("by_source.json", ScoresBySource)
