"""What is left of a score on corrupted scans, as a table."""

from brain_tumor.rendering.numbers import format_interval, format_score
from brain_tumor.rendering.page import DataTable
from brain_tumor.runs.results.robustness import RobustnessResult


def robustness_table(result: RobustnessResult, title: str) -> DataTable:
    """Lay out balanced accuracy by corruption and strength."""
    scores = result.scores
    strengths = range(1, len(scores.by_strength) + 1)
    rows = [
        [
            name,
            format_score(scores.clean.value),
            *map(format_score, found.balanced_accuracy),
            format_interval(found.mean),
        ]
        for name, found in scores.corruptions.items()
    ]
    each = map(format_score, scores.by_strength)
    rows.append(["all", format_interval(scores.clean), *each, format_interval(scores.mean)])
    note = (
        f"Balanced accuracy of {scores.scans:,} scans, clean and at five strengths of each "
        f"corruption. In brackets {100 * result.bootstrap.level:g} % intervals from "
        f"{scores.groups:,} resampled groups of scans. Lost on average: "
        f"{format_interval(scores.lost)}."
    )
    columns = ["corruption", "clean", *map(str, strengths), "mean"]
    return DataTable(title, columns, rows, note, sections=[len(rows) - 1])
