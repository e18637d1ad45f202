"""Pictures from numbers."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

Scans = npt.NDArray[np.uint8] | npt.NDArray[np.float32]


def confusion_figure(
    confusion: Sequence[Sequence[int]], classes: Sequence[str], title: str
) -> Figure:
    """Draw a confusion matrix, coloured by the share of each true class.

    Args:
        confusion: Counts; row = true class, column = predicted class.
        classes: Class names in the order of the rows.
        title: What the matrix shows.
    """
    counts = np.asarray(confusion, float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(5.4, 4.8), layout="constrained")
    axes = figure.subplots()
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        axes.text(
            column,
            row,
            f"{int(counts[row, column]):,}\n{shares[row, column]:.0%}",
            ha="center",
            va="center",
            color="white" if shares[row, column] > 0.5 else "black",
        )
    axes.set_xticks(range(len(classes)), classes, rotation=20)
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.set_title(title)
    figure.colorbar(picture, ax=axes, label="share of the true class", shrink=0.82)
    return figure


def scan_sheet(
    rows: Sequence[Scans], names: Sequence[str], titles: Sequence[str], columns: int = 8
) -> Figure:
    """Draw several versions of the same scans under each other.

    Args:
        rows: Versions, each `(N, H, W)`, 0-255.
        names: One name per scan, above its first version.
        titles: One per version, at the left.
        columns: Scans side by side.
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
