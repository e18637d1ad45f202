"""TensorBoard's events of a run that goes on: as if it had never been stopped."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from torch.utils.tensorboard.summary import scalar

from brain_tumor.runs.history import History

# What is shown of a training that came to its end. HPARAMS ticks the first five scores by name, so
# a name that sorts after `train/` would hide these there; Time Series shows them before the curves.
FINAL = "final/"


def rewind_events(folder: Path, history: History) -> None:
    """Bring the events of a run to where its history ends.

    Events of later epochs are left out, as are those that a start or an end writes, because they
    will be written again. Curves that were not on disk yet when the run was killed are filled in
    from the history. One file takes the place of all; it is renamed into place before the others
    are removed, so nothing is lost on the way, and what is there twice after a kill in between is
    left out by the next call.

    Args:
        folder: Where the event files lie; nothing happens where there is none.
        history: What `metrics.csv` holds of the epochs that stay.

    Raises:
        OSError: Files cannot be written or removed.
    """
    files = sorted(folder.glob("events.out.tfevents.*")) if folder.is_dir() else []
    if not files:
        return
    epochs = [int(epoch) for epoch in history.get("epoch", []) if epoch is not None]
    kept: dict[tuple[str, int], Event] = {}
    for event in (event for file in files for event in _events(file)):
        for value in event.summary.value:
            if 1 <= event.step <= max(epochs, default=0) and not value.tag.startswith(FINAL):
                one = Event(wall_time=event.wall_time, step=event.step)
                one.summary.value.append(value)
                kept[value.tag, event.step] = one
    curves = {name: values for name, values in history.items() if "/" in name}
    for name, values in curves.items():
        for epoch, number in zip(epochs, values, strict=True):
            if number is not None and (name, epoch) not in kept:
                kept[name, epoch] = Event(step=epoch, summary=scalar(name, number))  # type: ignore[no-untyped-call]
    _fill_wall_times(list(kept.values()))
    ordered = sorted(kept.values(), key=lambda event: (event.step, event.wall_time))
    _replace(files, ordered)


def _events(file: Path) -> Iterator[Event]:
    # A file that was cut short ends where its last whole event does.
    for raw in RawEventFileLoader(str(file)).Load():
        yield Event.FromString(raw)


def _fill_wall_times(events: list[Event]) -> None:
    latest: dict[int, float] = {}
    for event in events:
        latest[event.step] = max(latest.get(event.step, 0.0), event.wall_time)
    known = [seconds for seconds in latest.values() if seconds]
    for event in events:
        if not event.wall_time:
            event.wall_time = latest[event.step] or max(known, default=0.0)


def _replace(files: list[Path], events: list[Event]) -> None:
    folder = files[0].parent
    beside = folder / ".events"
    shutil.rmtree(beside, ignore_errors=True)  # of a call that was killed
    writer = EventFileWriter(str(beside))
    for event in events:
        writer.add_event(event)
    writer.close()
    (made,) = beside.iterdir()
    first = files[0].name.split(".")[3]
    # The same time as the first file had, so that files stay in order; a name of its own.
    made.replace(folder / f"events.out.tfevents.{first}.resumed.{time.time_ns()}")
    beside.rmdir()
    for file in files:
        file.unlink()
