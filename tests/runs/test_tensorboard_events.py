"""Event files brought back to an epoch: read by TensorBoard's own reader."""

import math
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from brain_tumor.runs.tensorboard_events import rewind_events

EPOCHS = 5


def read(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    events.Reload()
    return events


def points(folder: Path, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in read(folder).Scalars(tag)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    writer = SummaryWriter(tmp_path / "events")
    writer.add_text("config", "as it was")
    for epoch in range(1, EPOCHS + 1):
        writer.add_scalar("train/loss", 1 / epoch, epoch)
        writer.add_scalar("val/f1/glioma", math.nan if epoch == 2 else epoch / 10, epoch)
        writer.add_image("val/confusion", np.full((3, 4, 4), epoch, np.uint8), epoch)
        writer.add_pr_curve("val/pr/glioma", np.array([0, 1]), np.array([0.1, 0.9]), epoch)
    writer.add_scalar("final/test/accuracy", 0.9, 3)
    writer.close()
    return tmp_path / "events"


def history(epochs: int) -> dict[str, list[float | None]]:
    numbers = range(1, epochs + 1)
    return {
        "epoch": [float(epoch) for epoch in numbers],
        "seconds": [1.0 for _ in numbers],
        "train/loss": [1 / epoch for epoch in numbers],
        "val/f1/glioma": [math.nan if epoch == 2 else epoch / 10 for epoch in numbers],
    }


@pytest.mark.parametrize("epochs", [1, 3, 5])
def test_later_epochs_and_the_end_are_left_out(folder: Path, epochs: int) -> None:
    rewind_events(folder, history(epochs))
    assert len(list(folder.iterdir())) == 1
    steps = list(range(1, epochs + 1))
    assert points(folder, "train/loss") == [
        (step, pytest.approx(1 / step, rel=1e-6)) for step in steps
    ]
    events = read(folder)
    assert [event.step for event in events.Images("val/confusion")] == steps
    assert [event.step for event in events.Tensors("val/pr/glioma")] == steps
    tags = events.Tags()
    assert not any(tag.startswith("final/") for tag in tags["scalars"])
    assert not any(tag.startswith("config") for tag in tags["tensors"])


def test_nothing_is_left_of_a_run_that_begins_anew(folder: Path) -> None:
    rewind_events(folder, {})
    assert not any(read(folder).Tags()[kind] for kind in ("scalars", "images", "tensors"))


def test_what_was_not_on_disk_yet_comes_from_the_history(folder: Path) -> None:
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    rewind_events(folder, history(5))
    assert points(folder, "train/loss") == [
        (step, pytest.approx(1 / step, rel=1e-6)) for step in range(1, 6)
    ]
    assert math.isnan(points(folder, "val/f1/glioma")[1][1])
    times = [event.wall_time for event in read(folder).Scalars("train/loss")]
    assert times == sorted(times)
    assert times[0] > 0


def test_again_changes_nothing_and_doubles_are_dropped(folder: Path) -> None:
    (file,) = folder.iterdir()
    copy = file.read_bytes()
    rewind_events(folder, history(4))
    (folder / file.name).write_bytes(copy)  # as if killed before the old file was removed
    rewind_events(folder, history(4))
    assert [step for step, _ in points(folder, "train/loss")] == [1, 2, 3, 4]


def test_a_folder_without_events_is_left_alone(tmp_path: Path) -> None:
    rewind_events(tmp_path, history(2))
    rewind_events(tmp_path / "none", history(2))
    assert list(tmp_path.iterdir()) == []
