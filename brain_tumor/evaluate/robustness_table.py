"""What is left of a score on corrupted scans, as a table."""

from collections.abc import Mapping
from typing import Any

from brain_tumor.rendering.certainty import cell
from brain_tumor.rendering.numbers import format_score
from brain_tumor.rendering.page import DataTable


def robustness_table(record: Mapping[str, Any], title: str) -> DataTable:
    """Lay out balanced accuracy by corruption and strength.

    Args:
        record: The content of `robustness_<part>.json`.
        title: What was scored.
    """
    clean = record["clean"]["balanced_accuracy"]
    strengths = range(1, len(record["by_strength"]) + 1)
    rows = [
        [
            name,
            format_score(clean["value"]),
            *(format_score(value) for value in found["balanced_accuracy"]),
            cell(found["mean"]),
        ]
        for name, found in record["corruptions"].items()
    ]
    each = (format_score(value) for value in record["by_strength"])
    rows.append(["all", cell(clean), *each, cell(record["mean"])])
    level = 100 * record["bootstrap"]["level"]
    note = (
        f"Balanced accuracy of {record['scans']:,} scans, clean and at five strengths of each "
        f"corruption. In brackets {level:g} % intervals from {record['groups']:,} resampled groups "
        f"of scans. Lost on average: {cell(record['lost'])}."
    )
    columns = ["corruption", "clean", *map(str, strengths), "mean"]
    return DataTable(title, columns, rows, note, sections=[len(rows) - 1])
