from brain_tumor.evaluate.tables.by_source import sources_table
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.runs.results.by_source import SourceScores


def test_each_set_of_each_part_has_a_row() -> None:
    scores = {"accuracy": None, "balanced_accuracy": Interval(0.75, 0.5, 1.0)}
    found = [SourceScores("a", 3, 3, (0, 1, 2), {}), SourceScores("b", 3, 3, (0, 1), scores)]
    table = sources_table({"train": found, "test": found[:1]}, 3, "by set", 0.95)
    assert list(table.columns[:4]) == ["part", "set", "balanced accuracy", "scans"]
    assert [[*row[:2], row[3]] for row in table.rows] == [
        ["train", "a", "3"],
        ["train", "b", "3"],
        ["test", "a", "3"],
    ]
    cells = dict(zip(table.columns, table.rows[1], strict=True))
    assert cells["balanced accuracy"].startswith("0.750 (") and cells["accuracy"] == "–"  # noqa: RUF001
    assert table.sections == [2]
    assert "lacks a class" in table.note
    complete = sources_table({"test": found[:1]}, 3, "by set", 0.95)
    assert "lacks a class" not in complete.note
