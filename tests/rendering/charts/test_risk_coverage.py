import numpy as np
from drawn import check_whole, legend_texts

from brain_tumor.rendering.charts.risk_coverage import risk_coverage_figure


def test_every_curve_ends_in_its_risk_of_all_scans() -> None:
    coverage = np.arange(1, 101) / 100
    curves = {"gbmnet": (coverage, coverage**3 / 5), "mobilenetv2": (coverage, coverage**2 / 9)}
    figure = risk_coverage_figure(curves, "1,648 test scans, patient split")
    (axes,) = figure.axes
    assert axes.get_xlabel() == "coverage (share of scans kept)"
    assert axes.get_ylabel() == "risk (share of those wrong)"
    for place, (_, risk) in enumerate(curves.values()):
        shown, dot = axes.lines[2 * place : 2 * place + 2]
        np.testing.assert_array_equal(shown.get_xydata(), np.column_stack((coverage, risk)))
        np.testing.assert_array_equal(dot.get_xydata(), [[1, risk[-1]]])
        assert shown.get_color() == dot.get_color()
    assert axes.get_ylim()[0] == 0
    assert legend_texts(figure) == list(curves)
    check_whole(figure)


def test_long_labels_leave_room_for_the_curves() -> None:
    coverage = np.arange(1, 101) / 100
    long = "mobilenetv2, report split, blur_sigma=[0.1, 2.0], frozen_statistics=false, width="
    figure = risk_coverage_figure(
        {f"{long}{place}": (coverage, coverage / place) for place in range(1, 8)}, "test scans"
    )
    check_whole(figure)
    (axes,) = figure.axes
    assert axes.get_window_extent().height > 2 * figure.dpi
