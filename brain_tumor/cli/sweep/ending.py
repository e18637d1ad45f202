"""The end of a sweep: its table on the terminal and as files, its figure, what won."""

import contextlib
import math
from pathlib import Path

from rich.console import Console

from brain_tumor.cli.command import drop_empty
from brain_tumor.cli.sweep.data import Sweep
from brain_tumor.cli.sweep.figure import Points, sweep_figure
from brain_tumor.cli.sweep.record import FAILED, read_jobs
from brain_tumor.cli.sweep.results import AVERAGED, read_sweep
from brain_tumor.cli.sweep.table import sweep_lines, sweep_markdown, sweep_rows, sweep_tables
from brain_tumor.metrics.registry import score_titles
from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.rendering.terminal import to_rich
from brain_tumor.runs.folder import RunFolder

FIGURE = ("accuracy", "balanced_accuracy")
CURVES = {"train": "train", "val": "validation", "test": "test"}  # as the figure calls the parts


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
    return any(job.status == FAILED for job in sweep.jobs)


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
