"""Pictures from numbers."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

LONGEST = 50  # letters in a line of a title; more would be cut at the picture's edges

Scans = npt.NDArray[np.uint8] | npt.NDArray[np.float32]


def confusion_figure(
    confusion: Sequence[Sequence[int]], classes: Sequence[str], title: str
) -> Figure:
    """Draw a confusion matrix, coloured by the share of each true class.

    It holds counts; row = true class, column = predicted class.
    """
    shape = (len(classes), len(classes))
    figure = Figure(figsize=(5.4, 4.8), layout="constrained")
    axes = figure.subplots()
    picture = axes.imshow(np.zeros(shape), cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(shape):
        axes.text(column, row, "", ha="center", va="center")
    axes.set_xticks(range(len(classes)), classes, rotation=20)
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    figure.colorbar(picture, ax=axes, label="share of the true class", shrink=0.82)
    fill_confusion(figure, confusion, title)
    return figure


def fill_confusion(figure: Figure, confusion: Sequence[Sequence[int]], title: str) -> None:
    """Put other counts and another title into a figure of as many classes that is drawn already."""
    counts = np.asarray(confusion, float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes = figure.axes[0]
    axes.images[0].set_data(shares)
    for cell, count, share in zip(axes.texts, counts.flat, shares.flat, strict=True):
        cell.set_text(f"{int(count):,}\n{share:.0%}")
        cell.set_color("white" if share > 0.5 else "black")
    axes.set_title(fill(title, LONGEST))


def scan_sheet(
    rows: Sequence[Scans], names: Sequence[str], titles: Sequence[str], columns: int = 8
) -> Figure:
    """Draw several versions of the same scans under each other, `(N, H, W)`, 0-255 each.

    A name per scan stands above its first version, a title per version at the left.
    """
    number, versions = len(names), len(rows)
    columns = min(columns, number)
    lines = -(-number // columns) * versions
    figure = Figure(figsize=(1.6 * columns + 0.4, 1.6 * lines + 0.4), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_frame_on(False)
    for scan in range(number):
        for version, scans in enumerate(rows):
            axes = grid[scan // columns * versions + version, scan % columns]
            axes.imshow(scans[scan], cmap="gray", vmin=0, vmax=255)
            if version == 0:
                axes.set_title(names[scan], fontsize=8)
            if scan % columns == 0:
                axes.set_ylabel(titles[version], fontsize=8)
    return figure
