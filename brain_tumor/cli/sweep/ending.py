"""The end of a sweep: its table on the terminal and as files, its figure, what won."""

import contextlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator
from rich.console import Console

from brain_tumor.cli.command import drop_empty
from brain_tumor.cli.sweep.record import read_jobs
from brain_tumor.cli.sweep.results import AVERAGED, Sweep, read_sweep
from brain_tumor.cli.sweep.table import sweep_lines, sweep_markdown, sweep_rows, sweep_tables
from brain_tumor.metrics.registry import SCORES
from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.rendering.charts.style import dress, legend_below, line, new_figure
from brain_tumor.rendering.terminal import to_rich
from brain_tumor.runs.folder import RunFolder

DRAWN = ("accuracy", "balanced_accuracy")
PARTS = {"train": "training", "validation": "validation", "test": "test"}
WIDE = 8.0  # values that far apart, as a ratio, are drawn on a logarithmic axis


def end_sweep(folder: Path) -> bool:
    """Write `sweep.csv`, `sweep.md` and, over one numeric value, `sweep.png` and `sweep.svg`.

    A folder in which no job began, because the command line was refused, is removed. Tells whether
    a job failed.
    """
    records = read_jobs(folder)
    if not records:
        with contextlib.suppress(OSError):
            (folder / "multirun.yaml").unlink(missing_ok=True)
        drop_empty(folder)
        return False
    sweep, out = read_sweep(folder, records), RunFolder(folder)
    out.write_rows("sweep.csv", *sweep_rows(sweep))
    out.write("sweep.md", sweep_markdown(sweep).encode())
    console = Console(highlight=False)
    for sentence in sweep_lines(sweep):
        console.print(sentence, markup=False)
    for table in sweep_tables(sweep):
        console.print(to_rich(table, console.width))
    figure = sweep_figure(sweep)
    if figure is not None:
        save_figure(figure, out.write, "sweep")
    displayed = out.display_path
    drawn = "" if figure is None else ", sweep.png, sweep.svg"
    console.print(f"sweep folder: {displayed}", soft_wrap=True)
    console.print(f"files there:  sweep.csv, sweep.md{drawn}")
    if next(folder.glob("*/tensorboard"), None) is not None:
        console.print(f"curves:       tensorboard --logdir {displayed}", soft_wrap=True)
    return any(job.status == "failed" for job in sweep.jobs)


def sweep_figure(sweep: Sweep) -> Figure | None:
    """Draw scores over a swept value: a point for each run, a line through their means.

    None where another number of keys than one differs between settings, or it is no number.
    """
    keys = [key for key in sweep.keys if key not in AVERAGED]
    jobs = [job for job in sweep.jobs if job.scores]
    values = [_number(job.values[keys[0]]) for job in jobs] if len(keys) == 1 else []
    places = [value for value in values if value is not None]
    if len(places) < len(values) or len(set(places)) < 2:
        return None
    parts = [part for part in PARTS if any(f"{part}_{DRAWN[0]}" in job.scores for job in jobs)]
    title = f"{sweep.name}: scores by {keys[0]}"
    figure = new_figure(3.6 * len(DRAWN), 3.4, title)
    for axes, name in zip(figure.subplots(1, len(DRAWN)), DRAWN, strict=True):
        for number, part in enumerate(parts):
            found = [job.scores.get(f"{part}_{name}") for job in jobs]
            points = [(x, y) for x, y in zip(places, found, strict=True) if y is not None]
            if points:
                _draw(axes, points, number)
        dress(axes, keys[0], SCORES[name].title)
        _over_values(axes, sorted(set(places)))
    legend_below(figure, [Line2D([], [], label=PARTS[p], **line(i)) for i, p in enumerate(parts)])
    return figure


def _number(text: str) -> float | None:
    with contextlib.suppress(ValueError):
        value = float(text)
        return value if math.isfinite(value) else None
    return None


def _draw(axes: Axes, points: Sequence[tuple[float, float]], number: int) -> None:
    marker = line(number)
    values = sorted({x for x, _ in points})
    means = [np.mean([y for x, y in points if x == value]) for value in values]
    axes.plot(values, means, linewidth=1.4, **marker)
    axes.plot(*np.array(points).T, "o", markersize=4, alpha=0.8, color=marker["color"])


def _over_values(axes: Axes, values: Sequence[float]) -> None:
    if values[0] > 0 and values[-1] / values[0] >= WIDE:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
    if len(values) <= 8:
        axes.set_xticks(values, [f"{value:g}" for value in values])
