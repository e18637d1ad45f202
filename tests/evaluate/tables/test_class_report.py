import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brain_tumor.rendering.class_report import class_report
from rich.console import Console
from sklearn.metrics import classification_report

from brain_tumor.metrics.registry import SCORES
from brain_tumor.metrics.scores import score
from brain_tumor.rendering.page import to_rich

CLASSES = ("glioma", "notumor", "other")


@pytest.fixture
def scores() -> dict[str, Any]:
    return score(np.array([0, 0, 1]), np.array([0, 1, 1]), CLASSES).to_dict()


def test_every_class_has_a_row_and_a_dash_where_undefined(scores: dict[str, Any]) -> None:
    table = class_report(scores, SCORES.values(), "test")
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
    generator = np.random.default_rng(0)
    labels, predicted = generator.integers(0, 3, (2, 200))
    table = class_report(score(labels, predicted, CLASSES).to_dict(), SCORES.values(), "test")
    theirs = classification_report(labels, predicted, target_names=CLASSES, digits=4)
    words = [line.split() for line in theirs.splitlines() if line]
    ours = [[cell for cell in row if cell] for row in table.rows]
    assert ours[:4] == words[1:5]
    assert ours[4][-1] == words[5][3]  # macro average of recalls
    assert ours[5][-1] == words[5][4]


def test_intervals_stand_beside_their_scores(scores: dict[str, Any]) -> None:
    per_class = {"precision": None, "recall": [0.25, 0.7504], "f1": [0.5, 0.8]}
    none = dict.fromkeys(per_class)
    intervals = {
        "accuracy": [0.6, 0.7],
        "balanced_accuracy": [0.7, 0.8],
        "macro_f1": [0.61, 0.71],
        "per_class": {"glioma": per_class, "notumor": none, "other": none},
    }
    rows = class_report(scores, SCORES.values(), "test", intervals).rows
    assert rows[0] == ["glioma", "1.000", "0.500 (0.250 to 0.750)", "0.667 (0.500 to 0.800)", "2"]
    assert rows[1] == ["notumor", "0.500", "1.000", "0.667", "1"]
    assert rows[2][1] == "–"  # noqa: RUF001
    assert [row[-2] or row[-3] for row in rows[3:]] == [
        "0.667 (0.600 to 0.700)",
        "0.750 (0.700 to 0.800)",
        "0.667 (0.610 to 0.710)",
    ]


def test_the_terminal_draws_a_line_above_the_scores_of_all(scores: dict[str, Any]) -> None:
    console = Console(width=100, legacy_windows=False)
    with console.capture() as capture:
        console.print(to_rich(class_report(scores, SCORES.values(), "test")))
    lines = capture.get().splitlines()
    (rule,) = [place for place, line in enumerate(lines) if line.startswith("├")]
    assert "other" in lines[rule - 1] and "accuracy" in lines[rule + 1]


def test_committed_scores_are_of_this_form() -> None:
    path = Path(__file__).parents[2] / "experiments/demo/metrics.json"
    test = json.loads(path.read_text(encoding="utf-8"))["parts"]["test"]
    confusion = np.array(test["confusion"])
    accuracy = confusion.trace() / confusion.sum()
    assert class_report(test, SCORES.values(), "test").rows[4][3] == f"{accuracy:.4f}"
