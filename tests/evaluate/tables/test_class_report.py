from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from sklearn.metrics import classification_report

from brain_tumor.evaluate.part_scores import scored_classes
from brain_tumor.evaluate.tables.class_report import class_report
from brain_tumor.metrics.scores import score
from brain_tumor.metrics.uncertainty.bootstrap import Interval, Resampling
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.rendering.page import DataTable
from brain_tumor.rendering.terminal import to_rich
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS

CLASSES = ("glioma", "notumor", "other")


def report(labels: np.ndarray, predicted: np.ndarray) -> DataTable:
    found = bootstrap_scores(
        labels, predicted, np.arange(len(labels)), len(CLASSES), Resampling(100)
    )
    per_class = scored_classes(score(labels, predicted, CLASSES), found)
    return class_report(per_class, found.overall, len(labels), "test")


SMALL = np.array([0, 0, 1]), np.array([0, 1, 1])


def test_every_class_has_a_row_and_a_dash_where_undefined() -> None:
    table = report(*SMALL)
    assert (table.title, table.sections) == ("test", [3])
    assert table.rows == [
        ["glioma", "1.0000", "0.5000", "0.6667", "2"],
        ["notumor", "0.5000", "1.0000", "0.6667", "1"],
        ["other", "–", "–", "–", "0"],  # noqa: RUF001 (an en dash, as tables of numbers use)
        ["accuracy", "", "", "0.6667", "3"],
        ["balanced accuracy", "", "0.7500", "", ""],
        ["macro F1", "", "", "0.6667", ""],
    ]


def test_scikit_learn_reports_the_same_numbers() -> None:
    labels, predicted = np.random.default_rng(0).integers(0, 3, (2, 200))
    table = report(labels, predicted)
    theirs = classification_report(labels, predicted, target_names=CLASSES, digits=4)
    words = [line.split() for line in theirs.splitlines() if line]
    ours = [[cell for cell in row if cell] for row in table.rows]
    assert ours[:4] == words[1:5]
    assert ours[4][-1] == words[5][3]  # macro average of recalls
    assert ours[5][-1] == words[5][4]


def test_intervals_stand_beside_their_scores() -> None:
    labels, predicted = SMALL
    found = bootstrap_scores(labels, predicted, np.arange(3), 3, Resampling(100))
    per_class = scored_classes(score(labels, predicted, CLASSES), found)
    per_class["glioma"] = replace(per_class["glioma"], recall=Interval(0.5, 0.25, 0.7504))
    scores = {"accuracy": Interval(2 / 3, 0.6, 0.7), "balanced_accuracy": None}
    rows = class_report(per_class, scores, 3, "test", intervals=True).rows
    assert rows[0][2] == "0.500 (0.250 to 0.750)"
    assert rows[2][1] == "–"  # noqa: RUF001
    assert rows[3] == ["accuracy", "", "", "0.667 (0.600 to 0.700)", "3"]
    assert rows[4][2] == rows[5][3] == "–"  # noqa: RUF001 (undefined, and not in an older file)


def test_the_terminal_draws_a_line_above_the_scores_of_all() -> None:
    console = Console(width=100, legacy_windows=False)
    with console.capture() as capture:
        console.print(to_rich(report(*SMALL)))
    lines = capture.get().splitlines()
    (rule,) = [place for place, line in enumerate(lines) if line.startswith("├")]
    assert "other" in lines[rule - 1] and "accuracy" in lines[rule + 1]


def test_committed_scores_are_of_this_form() -> None:
    demo = METRICS.read(RunFolder(Path(__file__).parents[3] / "experiments/demo"))
    test = demo.parts["test"]
    confusion = np.array(test.confusion)
    accuracy = confusion.trace() / confusion.sum()
    table = class_report(test.per_class, test.scores, test.scans, "test")
    assert table.rows[4][3] == f"{accuracy:.4f}"
