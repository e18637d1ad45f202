"""The bar over the files that are prepared."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from brain_tumor.data.prepared.prepare import Progress
from brain_tumor.rendering.terminal import live_console


@contextmanager
def preparing_bar() -> Iterator[Progress]:
    """Show what preparing has done, on a terminal; nothing in a log file."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = live_console()
    # In a log file even a hidden bar leaves an empty line.
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("preparing scans", total=None)
        yield lambda step, done, total: bar.update(
            task, description=step, completed=done, total=total
        )
