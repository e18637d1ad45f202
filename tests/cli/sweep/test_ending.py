import numpy as np
import pytest

from brain_tumor.cli.sweep.ending import sweep_figure
from brain_tumor.cli.sweep.results import Sweep, SweptJob, score_names

TRAIN = [(64.0, 0.7), (64.0, 0.8), (512.0, 0.9)]
TEST = [(64.0, 0.6), (64.0, 0.5), (512.0, 0.4)]


def sweep_of(key: str, values: list[object], *scores: dict[str, float]) -> Sweep:
    """Make a sweep of a job for each value, with scores by part."""
    keys = [key, "seed"]
    jobs = [
        SweptJob(
            number,
            {key: str(value), "seed": str(number)},
            "finished",
            "",
            "run",
            1.0,
            {name: own[part] for name in score_names() if (part := name.split("_")[0]) in own},
        )
        for number, (value, own) in enumerate(zip(values, scores, strict=True))
    ]
    return Sweep("widths", keys, jobs, [], None, "")


def test_runs_are_points_and_means_are_lines() -> None:
    own = [{"train": a, "test": b} for (_, a), (_, b) in zip(TRAIN, TEST, strict=True)]
    figure = sweep_figure(sweep_of("model.width", [64, 64, 512], *own))
    assert figure is not None
    for axes in figure.axes:
        mean, points, test_mean, _ = axes.lines
        np.testing.assert_allclose(mean.get_xydata(), [(64, 0.75), (512, 0.9)])
        np.testing.assert_allclose(points.get_xydata(), TRAIN)
        assert mean.get_color() == points.get_color() != test_mean.get_color()
        assert axes.get_xscale() == "log"
        assert [label.get_text() for label in axes.get_xticklabels()] == ["64", "512"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["training", "test"]


def test_values_that_lie_near_or_at_zero_are_drawn_evenly() -> None:
    own = [{"validation": value} for value in (0.5, 0.6, 0.4)]
    figure = sweep_figure(sweep_of("model.dropout", [0.0, 0.3, 0.7], *own))
    assert figure is not None and figure.axes[0].get_xscale() == "linear"


@pytest.mark.parametrize("values", [[1, 1], ["a", "b"], [1, "nan"]])
def test_nothing_is_drawn_over_one_value_or_words(values: list[object]) -> None:
    assert sweep_figure(sweep_of("model", values, {"test": 0.5}, {"test": 0.6})) is None
