import numpy as np
from drawn import check_whole, legend_texts

from brain_tumor.rendering.charts.reliability import reliability_figure

BINS = [
    (0.0, 0.4, 0, None, None),
    (0.4, 0.8, 30, 0.7, 0.5),
    (0.8, 1.0, 1600, 0.95, 0.99),
]


def test_bars_gaps_and_numbers_of_scans_are_drawn() -> None:
    panels = {"as trained": BINS, "after temperature scaling (T = 1.7)": BINS[1:]}
    figure = reliability_figure(panels, "gbmnet on 1,630 test scans")
    upper, _, lower, _ = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == list(panels)
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("accuracy", "scans (log)")
    assert lower.get_xlabel() == "confidence"
    # Left end, lower end, width and height; an empty range has no bar. A gap may reach down.
    bars = [(bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height()) for bar in upper.patches]
    wanted = [
        (0.4, 0, 0.4, 0.5),
        (0.4, 0.5, 0.4, 0.2),
        (0.8, 0, 0.2, 0.99),
        (0.8, 0.99, 0.2, -0.04),
    ]
    np.testing.assert_allclose(bars, wanted)
    np.testing.assert_array_equal(upper.lines[0].get_xydata(), [[0, 0], [1, 1]])
    assert [bar.get_height() for bar in lower.patches] == [0, 30, 1600]
    assert (lower.get_yscale(), lower.get_ylim()[0]) == ("log", 0.7)
    assert legend_texts(figure) == ["accuracy", "mean confidence", "gap between them", "no gap"]
    check_whole(figure)


def test_one_panel_will_do() -> None:
    figure = reliability_figure(
        {"as trained": BINS}, "a network with quite a long name, patient split"
    )
    assert len(figure.axes) == 2
    check_whole(figure)
