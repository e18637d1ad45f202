"""The end of a sweep: its table on the terminal and as files, its figure, what won."""

import contextlib
import math
from collections.abc import Mapping, Sequence
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
from brain_tumor.metrics.registry import score_titles
from brain_tumor.rendering.charts.learning_curves import PARTS
from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.rendering.charts.style import dress, legend_below, line, new_figure
from brain_tumor.rendering.terminal import to_rich
from brain_tumor.runs.folder import RunFolder

FIGURE = ("accuracy", "balanced_accuracy")
CURVES = {"train": "train", "val": "validation", "test": "test"}  # as the figure calls the parts
Points = Sequence[tuple[float, float]]
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
    points = _points(sweep)
    if points is not None:
        key, scores = points
        figure = sweep_figure(scores, key, f"{sweep.name}: scores by {key}")
        save_figure(figure, out.write, "sweep")
    displayed = out.display_path
    drawn = ", sweep.png, sweep.svg" if points is not None else ""
    console.print(f"sweep folder: {displayed}", soft_wrap=True)
    console.print(f"files there:  sweep.csv, sweep.md{drawn}")
    if next(folder.glob("*/tensorboard"), None) is not None:
        console.print(f"curves:       tensorboard --logdir {displayed}", soft_wrap=True)
    return any(job.status == "failed" for job in sweep.jobs)


def _points(sweep: Sweep) -> tuple[str, dict[str, dict[str, Points]]] | None:
    """Give the scores over the only key that differs between settings, if it is a number."""
    keys = [key for key in sweep.keys if key not in AVERAGED]
    jobs = [job for job in sweep.jobs if job.scores]
    if len(keys) != 1:
        return None
    places = [_number(job.values[keys[0]]) for job in jobs]
    if None in places or len(set(places)) < 2:
        return None
    scores: dict[str, dict[str, Points]] = {}
    for name in FIGURE:
        label = score_titles()[name]
        scores[label] = {
            short: [
                (place, value)
                for place, job in zip(places, jobs, strict=True)
                if place is not None and (value := job.scores.get(part, {}).get(name)) is not None
            ]
            for short, part in CURVES.items()
            if any(part in job.scores for job in jobs)
        }
        scores[label] = {short: own for short, own in scores[label].items() if own}
    return keys[0], scores


def _number(text: str) -> float | None:
    with contextlib.suppress(ValueError):
        value = float(text)
        return value if math.isfinite(value) else None
    return None


def sweep_figure(points: Mapping[str, Mapping[str, Points]], key: str, title: str) -> Figure:
    """Draw scores over a configured value: a point for each run, a line through their means.

    `points` has value and score of each run, by score, then by part (`train`, `val`, `test`);
    ValueError where there is nothing to draw.
    """
    drawn = {name: parts for name, parts in points.items() if any(parts.values())}
    if not drawn:
        raise ValueError(f"no score to draw in {title!r}")
    parts = [part for part in PARTS if any(part in provided for provided in drawn.values())]
    figure = new_figure(3.6 * len(drawn), 3.4, title)
    row = figure.subplots(1, len(drawn), squeeze=False)[0]
    for axes, (name, provided) in zip(row, drawn.items(), strict=True):
        for part in provided:
            _draw(axes, provided[part], parts.index(part))
        dress(axes, key, name)
        _over_values(axes, sorted({x for own in provided.values() for x, _ in own}))
    legend_below(figure, [Line2D([], [], label=PARTS[p], **line(i)) for i, p in enumerate(parts)])
    return figure


def _draw(axes: Axes, points: Points, number: int) -> None:
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
