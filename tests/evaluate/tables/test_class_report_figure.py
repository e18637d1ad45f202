import numpy as np
import pytest
from drawn import check_whole
from matplotlib.lines import Line2D

from brain_tumor.evaluate.part_scores import scored_classes
from brain_tumor.evaluate.tables.class_report import class_report
from brain_tumor.evaluate.tables.class_report_figure import class_report_figure
from brain_tumor.metrics.scores import score
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.rendering.page import DataTable

CLASSES = ("glioma", "meningioma", "notumor", "$tumour_1$")


def report(title: str, intervals: bool = False) -> DataTable:
    labels, predicted = np.random.default_rng(0).integers(0, 4, (2, 1648))
    found = bootstrap_scores(labels, predicted, np.arange(1648), 4, 100)
    per_class = scored_classes(score(labels, predicted, CLASSES), found)
    return class_report(per_class, found.overall, 1648, title, intervals)


def test_the_picture_holds_every_cell_under_the_report_s_heads() -> None:
    table = report("gbmnet, test")
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


def test_intervals_and_a_long_title_find_room() -> None:
    check_whole(class_report_figure(report("t", intervals=True)))
    check_whole(class_report_figure(report("a title " * 12)))


def test_another_table_is_refused() -> None:
    with pytest.raises(ValueError, match="'sizes' is no class report"):
        class_report_figure(DataTable("sizes", ["size", "scans"], [["512 x 512", "4,742"]]))
