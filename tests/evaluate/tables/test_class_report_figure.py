from typing import Any

import numpy as np
import pytest
from brain_tumor.rendering.charts.table_figure import class_report_figure
from brain_tumor.rendering.class_report import class_report
from drawn import check_whole
from matplotlib.lines import Line2D

from brain_tumor.metrics.registry import SCORES
from brain_tumor.metrics.scores import score
from brain_tumor.rendering.page import DataTable


@pytest.fixture
def scores() -> dict[str, Any]:
    labels, predicted = np.random.default_rng(0).integers(0, 4, (2, 1648))
    return score(labels, predicted, ["glioma", "meningioma", "notumor", "$tumour_1$"]).to_dict()


def test_the_picture_holds_every_cell_under_the_report_s_heads(scores: dict[str, Any]) -> None:
    table = class_report(scores, SCORES.values(), "gbmnet, test")
    figure = class_report_figure(table)
    check_whole(figure)
    heads = ["Class", "Precision", "Recall", "F1 Score", "Scan Number"]
    texts = [text for text in figure.texts if text.get_text()]
    cells = [cell for row in table.rows for cell in row if cell]
    assert [text.get_text() for text in texts] == ["gbmnet, test", *heads, *cells]
    # Numbers end where their heads end, words begin where theirs begin; lines stay between.
    boxes = {text.get_text(): text.get_window_extent() for text in texts}
    assert boxes["Scan Number"].x1 == pytest.approx(boxes["1,648"].x1, abs=1)
    assert boxes["Class"].x0 == pytest.approx(boxes["macro F1"].x0, abs=1)
    rules = sorted({line.get_ydata()[0] * figure.dpi for line in figure.findobj(Line2D)})
    below, section, heads_end, above = rules
    assert below < boxes["macro F1"].y0 and boxes["Class"].y1 < above
    assert boxes["accuracy"].y1 < section < boxes["$tumour_1$"].y0
    assert boxes["glioma"].y1 < heads_end < boxes["Class"].y0


def test_intervals_and_a_long_title_find_room(scores: dict[str, Any]) -> None:
    ends = {key: [0.1, 0.4] for key in ("accuracy", "balanced_accuracy", "macro_f1")}
    of_class = {key: [0.1, 0.4] for key in ("precision", "recall", "f1")}
    named = dict.fromkeys(scores["per_class"], of_class)
    check_whole(
        class_report_figure(
            class_report(scores, SCORES.values(), "t", {**ends, "per_class": named})
        )
    )
    check_whole(class_report_figure(class_report(scores, SCORES.values(), "a title " * 12)))


def test_another_table_is_refused() -> None:
    with pytest.raises(ValueError, match="'sizes' is no class report"):
        class_report_figure(DataTable("sizes", ["size", "scans"], [["512 x 512", "4,742"]]))
