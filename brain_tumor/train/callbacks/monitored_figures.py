"""The monitored part after an epoch, for TensorBoard: what is confused, precision over recall."""

from typing import cast

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from matplotlib.figure import Figure
from torch import Tensor
from torchmetrics.utilities.distributed import gather_all_tensors

from brain_tumor.errors import ConfigError
from brain_tumor.metrics.scores import Scores, score
from brain_tumor.models.classifier import SHORT, LabelledScans, TumorClassifier
from brain_tumor.rendering.charts.figures import confusion_figure, fill_confusion
from brain_tumor.train.callbacks.tensorboard import add_card, tensorboard_writers


class MonitoredPictures(Callback):
    """Shows the confusion matrix and the precision-recall curves of the monitored part.

    Their tags are `<part>/confusion` and `<part>/pr/<class>`, with `val` for validation; their
    place on the x axis is the number of epochs done. A class's curve is that of its probability
    against all other classes. A class without a scan has none, for its recall is 0/0; nothing is
    drawn where a network has diverged and gives no numbers, nor where TensorBoard does not log.

    Args:
        every: Epochs from one drawing to the next.

    Raises:
        ConfigError: `every` is no whole number of at least 1.
    """

    def __init__(self, every: int = 1) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ConfigError(
                f"callbacks.pictures.every must be a whole number of at least 1: {every!r}"
            )
        self.every = every
        self._due = False
        self._logits: list[Tensor] = []
        self._labels: list[Tensor] = []
        self._figure: Figure | None = None

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        due = not trainer.sanity_checking and (trainer.current_epoch + 1) % self.every == 0
        self._due = due and bool(tensorboard_writers(trainer.loggers))
        self._logits, self._labels = [], []

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: LabelledScans,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the batch's logits, on their device: to fetch them here would wait for it."""
        if self._due:
            self._logits.append(cast(Tensor, outputs))
            self._labels.append(batch.labels)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw."""
        if not self._due:
            return
        logits, labels_here = torch.cat(self._logits), torch.cat(self._labels)
        if trainer.world_size > 1:
            logits, labels_here = (
                torch.cat(gather_all_tensors(shares)) for shares in (logits, labels_here)
            )
        if not trainer.is_global_zero:
            return
        probabilities = logits.float().softmax(dim=1).cpu().numpy()
        labels = labels_here.cpu().numpy()
        if not np.isfinite(probabilities).all():
            return
        classifier, epoch = cast(TumorClassifier, pl_module), trainer.current_epoch + 1
        part = SHORT.get(classifier.monitored_part, classifier.monitored_part)
        scores = score(labels, probabilities.argmax(axis=1), classifier.classes)
        figure = self._confusion(scores, f"{classifier.monitored_part}, epoch {epoch}")
        for writer in tensorboard_writers(trainer.loggers):
            add_card(writer, f"{part}/confusion", figure, epoch)
            for number, name in enumerate(classifier.classes):
                if scores.per_class[name].support:
                    writer.add_pr_curve(
                        f"{part}/pr/{name}", labels == number, probabilities[:, number], epoch
                    )

    def _confusion(self, scores: Scores, title: str) -> Figure:
        if self._figure is None:
            self._figure = confusion_figure(scores.confusion, scores.classes, title)
        else:
            fill_confusion(self._figure, scores.confusion, title)
        return self._figure
