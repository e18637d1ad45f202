import numpy as np

from brain_tumor.evaluate.tables.by_source import sources_table
from brain_tumor.metrics.uncertainty.bootstrap import Resampling
from brain_tumor.metrics.uncertainty.by_source import score_sources


def test_each_set_of_each_part_has_a_row() -> None:
    labels = np.array([0, 1, 2, 0, 0, 1])
    predicted = np.array([0, 1, 2, 0, 1, 1])
    sets = ["a", "a", "a", "b", "b", "b"]
    found = score_sources(labels, predicted, np.arange(6), sets, 3, Resampling(100))
    table = sources_table({"train": found, "test": found[:1]}, 3, "by set", 0.95)
    assert list(table.columns[:4]) == ["part", "set", "balanced accuracy", "scans"]
    assert [[*row[:2], row[3]] for row in table.rows] == [
        ["train", "a", "3"],
        ["train", "b", "3"],
        ["test", "a", "3"],
    ]
    cells = dict(zip(table.columns, table.rows[1], strict=True))
    # Of two recalls, 1/2 and 1; three classes have no accuracy where one is missing.
    assert cells["balanced accuracy"].startswith("0.750 (") and cells["accuracy"] == "–"  # noqa: RUF001
    assert table.sections == [2]
    assert "lacks a class" in table.note
    complete = sources_table({"test": found[:1]}, 3, "by set", 0.95)
    assert "lacks a class" not in complete.note
