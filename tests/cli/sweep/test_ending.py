import numpy as np
import pytest

from brain_tumor.cli.sweep.ending import sweep_figure

TRAIN = [(64.0, 0.7), (64.0, 0.8), (512.0, 0.9)]


def test_runs_are_points_and_means_are_lines() -> None:
    given = {"accuracy": {"train": TRAIN, "test": [(64.0, 0.6), (512.0, 0.5)]}}
    figure = sweep_figure(given, "model.width", "widths")
    (axes,) = figure.axes
    mean, points, test_mean, _ = axes.lines
    np.testing.assert_allclose(mean.get_xydata(), [(64, 0.75), (512, 0.9)])
    np.testing.assert_allclose(points.get_xydata(), TRAIN)
    assert mean.get_color() == points.get_color() != test_mean.get_color()
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["64", "512"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["training", "test"]


def test_values_that_lie_near_or_at_zero_are_drawn_evenly() -> None:
    points = [(0.0, 0.5), (0.3, 0.6), (0.7, 0.4)]
    figure = sweep_figure({"accuracy": {"val": points}}, "model.dropout", "rates")
    assert figure.axes[0].get_xscale() == "linear"


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match="no score"):
        sweep_figure({"accuracy": {}}, "seed", "nothing")
