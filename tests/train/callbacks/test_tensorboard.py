"""What TensorBoard is given, read back from the event files of a sweep of two runs."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lightning.pytorch.loggers import TensorBoardLogger
from matplotlib.figure import Figure
from omegaconf import DictConfig
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout
from tensorboard.plugins.hparams.metadata import (
    EXPERIMENT_TAG,
    SESSION_END_INFO_TAG,
    SESSION_START_INFO_TAG,
)
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from brain_tumor.rendering.charts.figures import confusion_figure
from brain_tumor.rendering.charts.save import settle
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.train.callbacks.loggers import log_outcome, log_start
from brain_tumor.train.callbacks.tensorboard import add_card

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
EVERY_EPOCH, LAST_EPOCH = [1, 2], [2]


def read(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0, "images": 0, "scalars": 0})
    events.Reload()
    return events


def places(events: EventAccumulator, kind: str) -> dict[str, list[int]]:
    """Give the places on the x axis of everything of a kind."""
    points = {"scalars": events.Scalars, "images": events.Images, "tensors": events.Tensors}[kind]
    return {tag: [point.step for point in points(tag)] for tag in events.Tags()[kind]}


def hyperparameters(events: EventAccumulator) -> HParamsPluginData:
    metadata = events.SummaryMetadata(SESSION_START_INFO_TAG)
    return HParamsPluginData.FromString(metadata.plugin_data.content)


def test_every_curve_and_picture_is_there(sweep: dict[float, Path]) -> None:
    events = read(next(iter(sweep.values())) / "tensorboard")
    scores = ["loss", "accuracy", "balanced_accuracy", "macro_f1"]
    scores += [f"{name}/{c}" for name in ("precision", "recall", "f1") for c in CLASSES]
    steps = {f"{part}/{name}": EVERY_EPOCH for part in ("train", "val") for name in scores}
    for part in ("train", "val", "test"):
        for name in ("accuracy", "balanced_accuracy", "macro_f1"):
            steps[f"final/{part}/{name}"] = LAST_EPOCH
    assert places(events, "scalars") == steps | {"train/lr": EVERY_EPOCH}

    pictures = {"train/augmented": [0], "val/confusion": EVERY_EPOCH}
    pictures |= {f"final/{part}/confusion": LAST_EPOCH for part in ("train", "val", "test")}
    assert places(events, "images") == pictures

    curves = {f"val/pr/{name}": EVERY_EPOCH for name in CLASSES}
    curves |= {"config/text_summary": [0], "custom_scalars__config__": [0]}
    assert places(events, "tensors") == curves


def test_the_layout_names_curves_that_exist(sweep: dict[float, Path]) -> None:
    events = read(next(iter(sweep.values())) / "tensorboard")
    (point,) = events.Tensors("custom_scalars__config__")
    categories = Layout.FromString(point.tensor_proto.string_val[0]).category
    charts = {c.title: {chart.title: chart for chart in c.chart} for c in categories}
    assert list(charts) == ["train and val", "train and val: F1 of each class"]
    scores, per_class = charts.values()
    assert list(scores) == ["loss", "accuracy", "balanced accuracy", "macro F1"]
    assert tuple(per_class) == CLASSES
    curves = events.Tags()["scalars"]
    # The plugin takes each for a regular expression that the start of a tag has to match.
    found = [
        [[tag for tag in curves if re.match(pattern, tag)] for pattern in chart.multiline.tag]
        for chart in (*scores.values(), *per_class.values())
    ]
    ends = ["loss", "accuracy", "balanced_accuracy", "macro_f1", *(f"f1/{c}" for c in CLASSES)]
    for matched, end in zip(found, ends, strict=True):
        assert matched == [[f"train/{end}"], [f"val/{end}"]]


def test_the_runs_of_a_sweep_differ_by_what_was_swept(sweep: dict[float, Path]) -> None:
    both = [read(run / "tensorboard") for run in sweep.values()]
    values = [dict(hyperparameters(events).session_start_info.hparams) for events in both]
    assert [value.pop("Learning rate").number_value for value in values] == list(sweep)
    assert values[0] == values[1]
    assert values[0]["Model"].string_value == "gbmnet"
    assert sorted(values[0])[:4] == ["Augmentation", "Loss", "Model", "Split"]
    assert values[0]["trainer.max_epochs"].number_value == 2
    assert values[0]["seed"].number_value == 3
    for run, events in zip(sweep.values(), both, strict=True):
        # With a summary of the experiment, one run would choose the columns of all.
        assert EXPERIMENT_TAG not in events.summary_metadata
        assert SESSION_END_INFO_TAG in events.summary_metadata
        parts = METRICS.read(RunFolder(run)).parts
        for part, short in (("train", "train"), ("validation", "val"), ("test", "test")):
            final = events.Scalars(f"final/{short}/macro_f1")[-1].value
            assert final == pytest.approx(parts[part].value("macro_f1"))
        assert "hp_metric" not in events.Tags()["scalars"]


def test_hyperparameters_are_there_before_the_first_epoch(
    compose_in: Callable[..., DictConfig], tmp_path: Path
) -> None:
    logger = TensorBoardLogger(tmp_path, name="", version="", default_hp_metric=False)
    config = compose_in(tmp_path, "augment=none", "scheduler=none")
    log_start([logger], config, ["no tumour (at all)", "no"], "test")
    logger.experiment.flush()
    events = read(tmp_path)
    values = hyperparameters(events).session_start_info.hparams
    assert values["Learning rate"].number_value == 1e-5
    assert values["optimizer"].string_value == "Adam"
    assert values["Augmentation"].string_value == values["scheduler"].string_value == "None"
    assert not any("_target_" in name or "_partial_" in name for name in values)
    assert SESSION_END_INFO_TAG not in events.summary_metadata
    (point,) = events.Tensors("custom_scalars__config__")
    first, second = Layout.FromString(point.tensor_proto.string_val[0]).category
    assert first.title == "train and test"
    # A name with signs of its own, and one that another begins with.
    for chart, name in zip(second.chart, ("no tumour (at all)", "no"), strict=True):
        for part, pattern in zip(("train", "test"), chart.multiline.tag, strict=True):
            tags = [f"{part}/f1/no", f"{part}/f1/no tumour (at all)"]
            assert [tag for tag in tags if re.match(pattern, tag)] == [f"{part}/f1/{name}"]


class Shown:
    def add_figure(self, tag: str, figure: Figure, global_step: int) -> None:
        box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, tag


@pytest.mark.parametrize("laid_out", [True, False], ids=["a file before", "new"])
def test_no_label_of_a_picture_is_cut_off(laid_out: bool) -> None:
    figure = confusion_figure([[9, 1], [0, 5]], ["meningioma", "healthy"], "gbmnet, test")
    if laid_out:  # for its file, at another size, and kept so
        settle(figure)
    for step in (1, 2):
        add_card(Shown(), f"card {step}", figure, step)


def test_final_scores_may_be_undefined_or_have_company(tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path, name="", version="", default_hp_metric=False)
    part = {"accuracy": 0.5, "balanced_accuracy": None}
    log_outcome([logger], {"validation": part | {"macro_f1": 0.25}}, {}, epochs=7)
    events = read(tmp_path)
    assert events.Tags()["scalars"] == ["final/val/accuracy", "final/val/macro_f1"]
    assert [(p.step, p.value) for p in events.Scalars("final/val/macro_f1")] == [(7, 0.25)]
    log_outcome([], {"validation": part | {"macro_f1": 0.25}}, {}, epochs=7)
