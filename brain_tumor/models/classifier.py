"""The LightningModule around either network: "Training Setup" of the report."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, cast

import lightning as L
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from brain_tumor.errors import TrainingError
from brain_tumor.metrics.registry import LOSS
from brain_tumor.models.epoch_scores import ClassificationScores, MeanLoss
from brain_tumor.models.losses import CrossEntropy, Loss, TrainingLoss
from brain_tumor.models.network import LR_SCALE, Group
from brain_tumor.models.registry import build_network, with_defaults
from brain_tumor.models.schedules import make_schedule, steps_per_batch
from brain_tumor.settings import Range, Settings

MakeOptimizer = Callable[[Iterable[Parameter] | Iterable[Group]], Optimizer]
MakeScheduler = Callable[..., LRScheduler]

# What a part is called in front of its curves, where that is shorter than its name.
SHORT = {"validation": "val"}
# What learning rates are called among the curves: of all that is trained, or of the new part and of
# the pretrained one.
RATES = ("train/lr", "train/lr_backbone")


@dataclass(frozen=True)
class TrainingSettings(Settings, key="training"):
    """What of the loss and of the rates is not in the report, as `conf/training` says.

    Where a network ends in a softmax before PyTorch's cross-entropy, which has its own
    (`softmax_twice`), a perfect one still costs log(1 + (classes - 1) / e), 0.744 for four classes.
    """

    label_smoothing: Annotated[float, Range(0, 1, without=(1,))] = 0.0
    backbone_rate: Annotated[float, Range(0, 10, without=(0,))] = 1.0
    softmax_twice: bool = False


class LabelledScans(Protocol):
    """What a batch has to have."""

    @property
    def images(self) -> Tensor:
        """`(N, 1, 256, 256)`, uint8 or float32, 0-255."""

    @property
    def labels(self) -> Tensor:
        """`(N,)`, int64."""

    @property
    def global_batch_size(self) -> int:
        """Scans of the whole batch, where several devices hold a share of it each; else N."""


class TumorClassifier(L.LightningModule):
    """Trains a network by a loss and scores every epoch.

    Its hyperparameters are plain values, so a checkpoint loads with `weights_only=True` and tells
    by itself which network it holds: `TumorClassifier.load_from_checkpoint(path)`.

    Logged per epoch, named `<part>/<score>` with `val` for validation: loss, each score of labels
    in `metrics/registry.py`, and `precision/<class>`, `recall/<class>` and `f1/<class>`; and
    `train/lr`, the learning rate of the epoch's last step. The x axis is the number of epochs done.
    Training scores are taken as the report's: while training, with augmentation and dropout; their
    loss is the configured one. That of the monitored part is plain cross-entropy, by which runs of
    different losses can be compared.

    Args:
        network: `name` of the network and its arguments.
        classes: Class names, in the order of the labels.
        optimizer: Makes the optimizer from the trained parameters; needed for training only.
        scheduler: Makes the learning rate's schedule, stepped once per epoch, or with every batch
            where it takes their number as `total_steps`; None keeps the rate.
        monitored_part: Name of the part that is scored after every epoch.
        training: What of the loss and of the rates is not in the report.
        loss: Trains; None is cross-entropy, with `training.label_smoothing`.
        class_weights: One weight per class for the training loss; None weights all alike.
    """

    def __init__(
        self,
        network: Mapping[str, Any],
        classes: Sequence[str],
        optimizer: MakeOptimizer | None = None,
        scheduler: MakeScheduler | None = None,
        monitored_part: str = "validation",
        training: TrainingSettings = TrainingSettings(),
        loss: Loss | None = None,
        class_weights: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        # Not logged here: the run's whole configuration is, once, with the final scores.
        network = with_defaults(network)
        self.save_hyperparameters({"network": network, "classes": list(classes)}, logger=False)
        self.classes = tuple(classes)
        self.network = build_network(len(self.classes), **network)
        self.make_optimizer, self.make_scheduler = optimizer, scheduler
        self.monitored_part = monitored_part
        self.settings = training
        self.train_scores = ClassificationScores(self.classes)
        self.monitored_scores = ClassificationScores(self.classes)
        self.train_loss, self.monitored_loss = MeanLoss(), MeanLoss()
        self._rates: list[float] = []
        if loss is None:
            loss = CrossEntropy(training.label_smoothing)
        self.training_loss = TrainingLoss(loss, class_weights)
        self.monitoring_loss = TrainingLoss(CrossEntropy())

    def forward(self, images: Tensor) -> Tensor:
        """Take `(N, 1, 256, 256)`, uint8 or float32, 0-255; give logits `(N, classes)`."""
        return cast(Tensor, self.network(images))

    def training_step(self, batch: LabelledScans, batch_idx: int) -> Tensor:
        """Give the batch's mean loss, such that processes have to average gradients."""
        # A schedule steps before the epoch ends: what is logged then is the rate that was used.
        self._rates = [own["lr"] for one in self.trainer.optimizers for own in one.param_groups]
        logits = self(batch.images)
        outputs = logits.softmax(dim=1) if self.settings.softmax_twice else logits
        loss, total = self._losses(self.training_loss, outputs, batch)
        self.train_scores.update(logits.detach(), batch.labels)
        self.train_loss.update(total, len(batch.labels))
        return loss

    def validation_step(self, batch: LabelledScans, batch_idx: int) -> Tensor:
        """Score a batch of the monitored part, and give its logits `(N, classes)`."""
        logits = self.forward(batch.images)
        _, total = self._losses(self.monitoring_loss, logits, batch)
        self.monitored_scores.update(logits, batch.labels)
        self.monitored_loss.update(total, len(batch.labels))
        return logits

    def predict_step(self, batch: LabelledScans, batch_idx: int) -> tuple[Tensor, Tensor]:
        """Give logits `(N, classes)`, and the means of the last feature maps, `(N, F)`."""
        features = self.network.forward_features(batch.images)
        return self.network.forward_head(features), self.network.pool_features(features)

    def on_train_epoch_end(self) -> None:
        """Log the training part.

        Raises:
            TrainingError: The loss is no number; in all processes alike, so that none waits.
        """
        loss = self._log_epoch("train", self.train_scores, self.train_loss)
        for name, rate in zip(RATES, self._rates, strict=False):
            self.log(name, rate)
        if not bool(loss.isfinite()):
            raise TrainingError(
                f"The training loss became {float(loss)} in epoch {self.current_epoch + 1}: lower "
                "optimizer.lr, or look at the data."
            )

    def on_validation_epoch_end(self) -> None:
        """Log the monitored part."""
        self._log_epoch(self.monitored_part, self.monitored_scores, self.monitored_loss)

    def configure_optimizers(self) -> Any:
        """Make the optimizer of the trained parameters, and its schedule."""
        if self.make_optimizer is None:
            raise TypeError("TumorClassifier needs an optimizer to train")
        optimizer = self.make_optimizer(self.network.parameter_groups(self.settings.backbone_rate))
        for group in optimizer.param_groups:
            group["lr"] *= group.pop(LR_SCALE, 1.0)
        if self.make_scheduler is None:
            return optimizer
        by_batch = steps_per_batch(self.make_scheduler)
        # Only a Trainer knows how many there will be.
        steps = int(self.trainer.estimated_stepping_batches) if by_batch else 0
        schedule = {
            "scheduler": make_schedule(self.make_scheduler, optimizer, steps),
            "interval": "step" if by_batch else "epoch",
        }
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def _losses(
        self, loss: TrainingLoss, outputs: Tensor, batch: LabelledScans
    ) -> tuple[Tensor, Tensor]:
        """Give the batch's mean loss, and the sum over the scans that this process has."""
        scans, processes = len(batch.labels), self.trainer.world_size
        if processes == 1:
            mean = loss(outputs, batch.labels, "mean")
            return mean, mean.detach() * scans
        # The share of a process may be smaller than another's, or empty. Gradients are averaged
        # over processes, so that this gives the one of the whole batch's mean.
        summed = loss(outputs, batch.labels, "sum")
        return summed * (processes / batch.global_batch_size), summed.detach()

    def _log_epoch(self, part: str, scores: ClassificationScores, losses: MeanLoss) -> Tensor:
        loss: Tensor = losses.compute()
        for name, value in {LOSS: loss, **scores.scores()}.items():
            self.log(f"{SHORT.get(part, part)}/{name}", value)
        scores.reset()
        losses.reset()
        # The name that Lightning takes the logger's x axis from.
        self.log("step", float(self.current_epoch + 1))
        return loss
