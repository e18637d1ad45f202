"""What the tests of charts have in common: looking at what was drawn."""

from itertools import combinations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from brain_tumor.rendering.charts.save import settle


def check_whole(figure: Figure) -> None:
    """Fail where words or lines touch the edge of the picture, or two texts overlap."""
    settle(figure)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = np.asarray(canvas.buffer_rgba())
    for edge in (picture[:2], picture[-2:], picture[:, :2], picture[:, -2:]):
        assert edge.min() == 255

    inside = figure.bbox
    boxes = {text: text.get_window_extent() for text in words(figure)}
    boxes = {text: box for text, box in boxes.items() if inside.overlaps(box)}
    for (one, first), (other, second) in combinations(boxes.items(), 2):
        clear = not first.shrunk(0.9, 0.8).overlaps(second.shrunk(0.9, 0.8))
        assert clear, (one.get_text(), other.get_text())


def words(figure: Figure) -> list[Text]:
    """Give every text that is shown; ticks beyond the ends of an axis are not."""
    hidden: set[Text] = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            margin = 1e-9 * (high - low)
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low - margin <= tick.get_loc() <= high + margin:
                    hidden |= {tick.label1, tick.label2}
    texts = figure.findobj(Text)
    return [t for t in texts if t.get_text() and t.get_visible() and t not in hidden]


def legend_texts(figure: Figure) -> list[str]:
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]
