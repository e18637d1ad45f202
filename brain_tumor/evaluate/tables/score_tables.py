"""The scores of an evaluation as a terminal shows them."""

from collections.abc import Mapping, Sequence

from brain_tumor.data.split import TEST
from brain_tumor.evaluate.tables.by_patient import patients_table
from brain_tumor.evaluate.tables.by_source import sources_table
from brain_tumor.evaluate.tables.certainty import certainty_table, part_columns
from brain_tumor.evaluate.tables.class_report import class_report
from brain_tumor.metrics.uncertainty.by_source import SourceScores
from brain_tumor.rendering.page import DataTable
from brain_tumor.runs.results.metrics import Metrics


def score_tables(
    metrics: Metrics, title: str, sources: Mapping[str, Sequence[SourceScores]]
) -> list[DataTable]:
    """Lay out what a terminal shows: a table per part, and the test part with intervals."""
    test, level = metrics.parts[TEST], metrics.bootstrap.level
    tables = [
        *(
            class_report(part.per_class, part.scores, part.scans, f"{name}: {title}")
            for name, part in metrics.parts.items()
        ),
        certainty_table(part_columns({TEST: test}), f"how sure: {title}", level),
    ]
    if test.patients is not None:
        tables.append(patients_table(test.patients, f"by patient: {title}", level))
    if sources:
        tables.append(sources_table(sources, len(test.classes), f"by set: {title}", level))
    return tables
