"""`by_source.json`: the scores of each of several joined sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from brain_tumor.metrics.uncertainty.by_source import SourceScores
from brain_tumor.runs.results.json_file import JsonFile


@dataclass(frozen=True)
class ScoresBySource:
    """The content of `by_source.json`: scores of the sets, per part."""

    parts: Mapping[str, Sequence[SourceScores]]


BY_SOURCE = JsonFile("by_source.json", ScoresBySource)
