import numpy as np
import pytest
from drawn import check_whole, legend_texts
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from brain_tumor.compare.page.figures import Point, complexity_figure

TWO: list[Point] = [
    ("gbmnet", 69_732_352, 8_415_796, 0.838, 0.812, 0.861),
    ("mobilenetv2", 299_576_448, 2_306_116, 0.874, 0.851, 0.894),
]
EIGHT: list[Point] = [
    ("gbmnet, width 512", 69_732_352, 8_415_796, 0.838, 0.812, 0.861),
    ("gbmnet, width 256", 65_530_000, 4_220_212, 0.831, 0.805, 0.855),
    ("gbmnet, width 128", 63_400_000, 2_120_000, 0.829, 0.800, 0.852),
    ("gbmnet, width 64", 62_400_000, 1_073_524, 0.800, 0.775, 0.828),
    ("mobilenetv2", 299_576_448, 2_306_116, 0.874, 0.851, 0.894),
    ("efficientnet_b0", 390_000_000, 4_010_000, 0.897, 0.875, 0.917),
    ("resnet18", 1_820_000_000, 11_180_000, 0.902, 0.882, 0.921),
    ("resnet50", 4_110_000_000, 23_500_000, 0.906, 0.886, 0.924),
]


def discs(figure: Figure) -> PathCollection:
    (found,) = figure.axes[0].findobj(PathCollection)
    assert isinstance(found, PathCollection)
    return found


def test_discs_lie_where_cost_and_accuracy_say() -> None:
    figure = complexity_figure(TWO, "1,648 test scans, patient split")
    (axes,) = figure.axes
    assert axes.get_xlabel() == "multiply-accumulates per scan (billions)"
    assert (axes.get_ylabel(), axes.get_xscale()) == ("accuracy", "log")
    found = discs(figure)
    np.testing.assert_allclose(found.get_offsets(), [(x, y) for _, x, _, y, _, _ in TWO])
    large, small = found.get_sizes()
    assert large / small == pytest.approx(8_415_796 / 2_306_116)
    (bars,) = axes.containers
    ends = [segment[:, 1].tolist() for segment in bars.lines[2][0].get_segments()]
    np.testing.assert_allclose(ends, [(low, high) for *_, low, high in TWO])
    assert legend_texts(figure) == ["gbmnet (8.4 M)", "mobilenetv2 (2.3 M)"]
    check_whole(figure)
    shown = [tick.get_text() for tick in axes.get_xticklabels()]
    assert {"0.05", "0.1", "0.2", "0.5"} <= set(shown)


def test_the_legend_has_the_colour_of_each_disc() -> None:
    figure = complexity_figure(EIGHT[:7], "1,648 test scans, patient split")
    (legend,) = figure.legends
    names = [text.get_text().replace("\n", " ") for text in legend.get_texts()]
    assert names[0] == "gbmnet, width 512 (8.4 M)" and len(names) == 7
    colours = [to_hex(handle.get_color()) for handle in legend.legend_handles]
    assert colours == [to_hex(colour) for colour in discs(figure).get_facecolors()]
    assert len(set(colours)) == 7
    check_whole(figure)
