from typing import Any

import numpy as np
import pytest
from drawn import check_whole

from brain_tumor.data.transforms.corruptions import CORRUPTIONS
from brain_tumor.evaluate.robustness_figure import robustness_figure
from brain_tumor.evaluate.robustness_table import robustness_table
from brain_tumor.rendering.page import to_markdown


@pytest.fixture
def record() -> dict[str, Any]:
    def interval(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 0.02, "high": value + 0.02}

    falls = {name: 0.02 + 0.01 * place for place, name in enumerate(CORRUPTIONS)}
    scores = {name: [0.9 - fall * k for k in range(1, 6)] for name, fall in falls.items()}
    return {
        "scans": 1648,
        "groups": 512,
        "bootstrap": {"level": 0.95},
        "clean": {"accuracy": 0.91, "balanced_accuracy": interval(0.9)},
        "by_strength": np.mean(list(scores.values()), axis=0).tolist(),
        "mean": interval(0.6),
        "lost": interval(0.3),
        "corruptions": {
            name: {"balanced_accuracy": own, "accuracy": own, "mean": interval(float(np.mean(own)))}
            for name, own in scores.items()
        },
    }


def test_the_table_has_a_row_for_each_and_one_for_all(record: dict[str, Any]) -> None:
    table = robustness_table(record, "robustness: gbmnet")
    assert list(table.columns) == ["corruption", "clean", "1", "2", "3", "4", "5", "mean"]
    assert [row[0] for row in table.rows] == [*CORRUPTIONS, "all"]
    assert table.rows[0][1:4] == ["0.900", "0.880", "0.860"]
    assert table.rows[-1][1] == "0.900 (0.880 to 0.920)"
    assert table.rows[-1][-1] == "0.600 (0.580 to 0.620)"
    assert "Lost on average: 0.300 (0.280 to 0.320)" in to_markdown(table)


def test_the_figure_has_a_panel_for_each_worst_first(record: dict[str, Any]) -> None:
    figure = robustness_figure(record, 0.25, "gbmnet, test, corrupted: 1,648 scans")
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(CORRUPTIONS)[::-1]
    chance, mean, own = figure.axes[0].lines
    assert set(chance.get_ydata()) == {0.25}
    np.testing.assert_allclose(mean.get_ydata(), [0.9, *record["by_strength"]])
    worst = list(record["corruptions"].values())[-1]
    np.testing.assert_allclose(own.get_xydata()[:, 0], range(6))
    np.testing.assert_allclose(own.get_ydata(), [0.9, *worst["balanced_accuracy"]])
    check_whole(figure)


def test_nothing_to_draw_is_an_error(record: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no corruption"):
        robustness_figure(record | {"corruptions": {}}, 0.25, "nothing")
