"""Draw 400 scans, and lay them out on sheets for someone who judges their views.

    python -m experiments.by_view.sheets FOLDER        (BRAIN_TUMOR_DATA=FOLDER)

Half are drawn from one half of the groups, for training, the others from the other half, for
testing. FOLDER gets sheets of 48 numbered scans, and `judged.csv` with the scans in the order of
the numbers, its column `view` empty. Sheets show scans and stay out of the repository.
"""

from pathlib import Path

import numpy as np

from brain_tumor.config.data import build_prepared
from brain_tumor.config.data_settings import data_settings
from brain_tumor.data.split import TEST, TRAIN, Rows
from brain_tumor.metrics.arrays import Labels
from brain_tumor.rendering.charts.style import new_figure
from experiments.frozen_features import composed
from experiments.kept_table import write_table
from experiments.with_path import run_with_path

JUDGED = 200  # scans of each part
COLUMNS, ROWS = 8, 6  # of a sheet


def drawn(groups: Labels, seed: int = 0) -> dict[str, Rows]:
    """Draw the scans of both parts, no group in both.

    Args:
        groups: Group of each scan, `(N,)`, int64.
        seed: Of the drawing.
    """
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(np.unique(groups))
    halves = np.array_split(shuffled, 2)
    return {
        part: generator.choice(np.flatnonzero(np.isin(groups, half)), JUDGED, replace=False)
        for part, half in zip((TRAIN, TEST), halves, strict=True)
    }


def main(given: str) -> None:
    """Write the sheets and the list."""
    folder = Path(given)
    prepared = build_prepared(data_settings(composed("experiment=leakage").data))
    folder.mkdir(parents=True, exist_ok=True)
    parts = drawn(prepared.groups)
    rows = np.concatenate([*parts.values()])
    kept, names = prepared.kept, [part for part, own in parts.items() for _ in own]
    lines = [
        {"number": number, "path": kept[row].path, "part": part, "view": ""}
        for number, (row, part) in enumerate(zip(rows, names, strict=True), 1)
    ]
    write_table(folder / "judged.csv", lines)
    for start in range(0, len(rows), COLUMNS * ROWS):
        figure = new_figure(2 * COLUMNS, 2 * ROWS, "")
        grid = figure.subplots(ROWS, COLUMNS).flatten()
        for axes, line, row in zip(grid, lines[start:], rows[start:], strict=False):
            axes.imshow(prepared.images[row], cmap="gray", vmin=0, vmax=255)
            axes.set_title(line["number"], pad=1)
        for axes in grid:
            axes.set_axis_off()
        path = folder / f"sheet_{lines[start]['number']:03}.png"
        figure.savefig(path, dpi=100)
        print(f"written: {path}", flush=True)


if __name__ == "__main__":
    run_with_path(main, __doc__)
