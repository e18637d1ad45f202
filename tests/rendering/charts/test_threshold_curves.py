import numpy as np
import numpy.typing as npt
import pytest
from drawn import check_whole, legend_texts
from matplotlib.colors import to_hex
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from brain_tumor.rendering.charts.style import COLOURS
from brain_tumor.rendering.charts.threshold_curves import precision_recall_figure, roc_figure

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")


Points = npt.NDArray[np.float64]
Drawn = tuple[Points, Points, float]


def simulated(apart: float) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, 400)
    true = labels[:, None] == np.arange(4)
    return true, true * apart + generator.normal(size=(400, 4))


def rocs(apart: float) -> dict[str, Drawn | None]:
    found: dict[str, Drawn | None] = {}
    for name, true, scores in zip(CLASSES, *(a.T for a in simulated(apart)), strict=True):
        x, y, _ = roc_curve(true, scores)
        found[name] = (x, y, roc_auc_score(true, scores))
    return found


def test_every_class_has_its_curve_and_its_area() -> None:
    curves = rocs(1.0)
    figure = roc_figure(curves, "a weak network: each class against the others")
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("false positive rate", "true positive rate")
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 1), (0, 1))
    *lines, chance = axes.lines
    for shown, curve, colour in zip(lines, curves.values(), COLOURS, strict=False):
        np.testing.assert_array_equal(shown.get_xydata(), np.column_stack(curve[:2]))
        assert to_hex(shown.get_color()) == colour.lower()
    np.testing.assert_array_equal(chance.get_xydata(), [[0, 0], [1, 1]])
    areas = [f"{name} {curve[2]:.3f}" for name, curve in curves.items()]
    assert legend_texts(figure) == [*areas, "chance 0.500"]
    check_whole(figure)


def test_a_class_that_is_not_defined_is_said_and_takes_no_colour() -> None:
    curves = {**rocs(1.0), "meningioma": None}
    figure = roc_figure(curves, "three classes of four")
    assert "meningioma: not defined" in legend_texts(figure)
    colours = [to_hex(shown.get_color()) for shown in figure.axes[0].lines[:-1]]
    assert colours == [COLOURS[place].lower() for place in (0, 2, 3)]
    nothing = roc_figure(dict.fromkeys(CLASSES), "no class")
    assert len(nothing.axes) == len(nothing.axes[0].lines) == 1
    check_whole(nothing)


def test_good_curves_are_drawn_enlarged_too() -> None:
    roc = roc_figure(rocs(3.5), "a good network: each class against the others")
    assert [axes.get_xlim() for axes in roc.axes] == [(0, 1), (0, 0.2)]
    assert [axes.get_ylim() for axes in roc.axes] == [(0, 1), (0.8, 1)]
    assert [len(axes.lines) for axes in roc.axes] == [5, 5]
    check_whole(roc)


def test_precision_is_drawn_in_steps_whose_area_is_the_average() -> None:
    curves = {}
    for name, true, scores in zip(CLASSES, *(a.T for a in simulated(3.5)), strict=True):
        y, x, _ = precision_recall_curve(true, scores)  # from the highest recall down
        curves[name] = (x, y, average_precision_score(true, scores))
    figure = precision_recall_figure(curves, "a good network")
    assert [axes.get_xlim() for axes in figure.axes] == [(0, 1), (0.8, 1)]
    assert {(a.get_xlabel(), a.get_ylabel()) for a in figure.axes} == {("recall", "precision")}
    for shown, curve in zip(figure.axes[0].lines, curves.values(), strict=True):
        # The path as it is stroked, with the corners of the steps.
        path = shown.get_path()
        assert shown.get_drawstyle() == "steps-post"
        x, y = path.vertices.T
        assert abs((np.diff(x) * y[:-1]).sum()) == pytest.approx(curve[2])
    assert legend_texts(figure)[0].startswith("glioma 0.9")
    check_whole(figure)
