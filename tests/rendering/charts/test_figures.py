import io

import numpy as np

from brain_tumor.rendering.charts.figures import confusion_figure, fill_confusion, scan_sheet


def test_a_long_title_lies_within_the_picture() -> None:
    title = "2: mobilenetv2, report split, softmax_twice=false, frozen_statistics=false"
    figure = confusion_figure([[9, 1], [0, 30]], ["glioma", "notumor"], title)
    figure.draw_without_rendering()
    shown = figure.axes[0].title
    assert shown.get_text().replace("\n", " ") == title
    box, whole = shown.get_window_extent(), figure.bbox
    assert whole.x0 <= box.x0 < box.x1 <= whole.x1
    assert box.y1 <= whole.y1


def test_the_confusion_figure_shows_counts_and_shares_with_true_rows() -> None:
    figure = confusion_figure([[9, 1], [0, 30]], ["glioma", "notumor"], "test")
    axes = figure.axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["9\n90%", "1\n10%", "0\n0%", "30\n100%"]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("true class", "predicted class")
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.9, 0.1], [0, 1]])


def test_a_figure_filled_again_is_the_figure_of_the_other_counts() -> None:
    classes = ["glioma", "notumor"]
    figure = confusion_figure([[9, 1], [0, 30]], classes, "epoch 1")
    fill_confusion(figure, [[0, 10], [1500, 0]], "epoch 2")
    other = confusion_figure([[0, 10], [1500, 0]], classes, "epoch 2")
    first, second = io.BytesIO(), io.BytesIO()
    figure.savefig(first)
    other.savefig(second)
    assert first.getvalue() == second.getvalue()


def test_the_sheet_puts_versions_under_each_other() -> None:
    scans = np.stack([np.full((8, 8), 10 * i, np.uint8) for i in range(5)])
    figure = scan_sheet([scans, scans + 1], list("abcde"), ("raw", "augmented"), columns=3)
    shown = [axes.images[0].get_array()[0, 0] if axes.images else None for axes in figure.axes]
    assert shown == [0, 10, 20, 1, 11, 21, 30, 40, None, 31, 41, None]
