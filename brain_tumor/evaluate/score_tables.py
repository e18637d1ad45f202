"""The scores of an evaluation as a terminal shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.data.split import TEST
from brain_tumor.metrics.registry import SCORES
from brain_tumor.metrics.uncertainty.by_source import SourceScores
from brain_tumor.rendering.by_patient import patients_table
from brain_tumor.rendering.by_source import sources_table
from brain_tumor.rendering.certainty import certainty_table, part_columns
from brain_tumor.rendering.class_report import class_report
from brain_tumor.rendering.page import DataTable


def score_tables(
    metrics: Mapping[str, Any],
    title: str,
    sources: Mapping[str, Sequence[SourceScores]] | None = None,
) -> list[DataTable]:
    """Lay out what a terminal shows: a table per part, and the test part's scores with intervals.

    Args:
        metrics: The content of `metrics.json`.
        title: Network and checkpoint.
        sources: Scores of each of several joined sets, per part; None or empty where there is one.
    """
    parts, scores = metrics["parts"], SCORES.values()
    columns = part_columns({part: parts[part] for part in (TEST,) if part in parts}, scores)
    level = metrics["bootstrap"]["level"]
    classes = len(next(iter(parts.values()))["classes"])
    by_source = (
        [sources_table(sources, scores, classes, f"by set: {title}", level)] if sources else []
    )
    by_patient = filter(None, [parts.get(TEST, {}).get("patients")])
    return [
        *(class_report(values, scores, f"{part}: {title}") for part, values in parts.items()),
        certainty_table(columns, scores, f"how sure: {title}", level),
        *(patients_table(one, scores, f"by patient: {title}", level) for one in by_patient),
        *by_source,
    ]
