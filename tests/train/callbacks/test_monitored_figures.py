from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from sklearn.metrics import precision_score, recall_score
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from brain_tumor.data.datamodule import Batch
from brain_tumor.errors import ConfigError
from brain_tumor.rendering.charts.figures import confusion_figure
from brain_tumor.train.callbacks import monitored_figures as monitored_pictures
from brain_tumor.train.callbacks.monitored_figures import MonitoredPictures

CLASSES = ("glioma", "meningioma", "notumor")
SCANS, BATCH = 50, 16


@pytest.fixture
def logger(tmp_path: Path) -> TensorBoardLogger:
    return TensorBoardLogger(tmp_path, name="", version="", default_hp_metric=False)


def scores(seed: int, classes: int = len(CLASSES)) -> tuple[torch.Tensor, torch.Tensor]:
    """Give logits of three classes, and labels of the first `classes` of them."""
    source = torch.Generator().manual_seed(seed)
    logits = torch.randn((SCANS, len(CLASSES)), generator=source)
    return logits, torch.randint(classes, (SCANS,), generator=source)


def after_epoch(
    pictures: MonitoredPictures,
    logger: TensorBoardLogger | CSVLogger,
    epoch: int,
    logits: torch.Tensor,
    labels: torch.Tensor,
    sanity_checking: bool = False,
    part: str = "validation",
) -> None:
    """Let the callback see an epoch, counted from 1, as the Trainer does."""
    trainer = SimpleNamespace(
        current_epoch=epoch - 1,
        sanity_checking=sanity_checking,
        loggers=[logger],
        world_size=1,
        is_global_zero=True,
    )
    classifier = SimpleNamespace(classes=CLASSES, monitored_part=part)
    pictures.on_validation_epoch_start(trainer, classifier)
    for start in range(0, SCANS, BATCH):
        rows = torch.arange(start, min(start + BATCH, SCANS))
        batch = Batch(torch.empty(0), labels[rows], rows, len(rows))
        pictures.on_validation_batch_end(trainer, classifier, logits[rows], batch, start // BATCH)
    pictures.on_validation_epoch_end(trainer, classifier)


def written(logger: TensorBoardLogger) -> EventAccumulator:
    logger.experiment.flush()
    events = EventAccumulator(logger.log_dir, size_guidance={"tensors": 0, "images": 0})
    events.Reload()
    return events


def test_the_curve_of_a_class_is_that_of_its_probability(logger: TensorBoardLogger) -> None:
    logits, labels = scores(seed=0)
    after_epoch(MonitoredPictures(), logger, 3, logits, labels)
    events = written(logger)
    probabilities = logits.double().softmax(dim=1).numpy()
    for number, name in enumerate(CLASSES):
        (point,) = events.Tensors(f"val/pr/{name}")
        assert point.step == 3
        true_positives, false_positives, _, missed, precision, recall = make_ndarray(
            point.tensor_proto
        )
        true = (labels == number).numpy()
        for place, threshold in enumerate(np.linspace(0, 1, precision.size)):
            chosen = probabilities[:, number] >= threshold
            assert true_positives[place] + false_positives[place] == chosen.sum()
            assert true_positives[place] + missed[place] == true.sum()
            assert recall[place] == pytest.approx(recall_score(true, chosen))
            if chosen.any():
                assert precision[place] == pytest.approx(precision_score(true, chosen))


def test_the_picture_is_that_of_the_epoch(
    logger: TensorBoardLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    monkeypatch.setattr(
        monitored_pictures,
        "add_card",
        lambda writer, tag, figure, step: shown.append(
            (tag, step, [text.get_text() for text in figure.axes[0].texts], figure)
        ),
    )
    pictures = MonitoredPictures()
    for epoch in (1, 2):
        logits, labels = scores(seed=epoch)
        after_epoch(pictures, logger, epoch, logits, labels, part="test")
        counts = np.zeros((3, 3), int)
        np.add.at(counts, (labels.numpy(), logits.argmax(dim=1).numpy()), 1)
        tag, step, texts, figure = shown[-1]
        expected = confusion_figure(counts.tolist(), CLASSES, "")
        assert (tag, step) == ("test/confusion", epoch)
        assert texts == [text.get_text() for text in expected.axes[0].texts]
        assert figure.axes[0].get_title() == f"test, epoch {epoch}"
    assert shown[0][2] != shown[1][2]


def test_a_class_without_a_scan_has_no_curve(logger: TensorBoardLogger) -> None:
    after_epoch(MonitoredPictures(), logger, 1, *scores(seed=0, classes=2))
    tags = written(logger).Tags()
    assert tags["tensors"] == ["val/pr/glioma", "val/pr/meningioma"]
    assert tags["images"] == ["val/confusion"]


def test_it_draws_as_often_as_asked(logger: TensorBoardLogger) -> None:
    pictures = MonitoredPictures(every=2)
    after_epoch(pictures, logger, 1, *scores(seed=9), sanity_checking=True)
    for epoch in range(1, 6):
        after_epoch(pictures, logger, epoch, *scores(seed=epoch))
    events = written(logger)
    for points in (events.Images("val/confusion"), events.Tensors("val/pr/notumor")):
        assert [point.step for point in points] == [2, 4]


def test_nothing_is_drawn_of_what_is_no_number(logger: TensorBoardLogger) -> None:
    logits, labels = scores(seed=0)
    logits[7, 1] = torch.nan
    after_epoch(MonitoredPictures(), logger, 1, logits, labels)
    assert written(logger).Tags()["images"] == []


def test_nothing_is_kept_without_tensorboard(tmp_path: Path) -> None:
    pictures = MonitoredPictures()
    after_epoch(pictures, CSVLogger(tmp_path), 1, *scores(seed=0))
    assert pictures._logits == []
    assert not list(tmp_path.rglob("events*"))


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "two"])
def test_a_wrong_number_of_epochs_is_named(every: object) -> None:
    with pytest.raises(ConfigError, match=r"callbacks\.pictures\.every must be .* at least 1"):
        MonitoredPictures(every)
