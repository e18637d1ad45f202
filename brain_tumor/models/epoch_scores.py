"""Scores of an epoch, gathered batch by batch on the device."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.classification import MulticlassConfusionMatrix

from brain_tumor.metrics.registry import compute_scores, f1s, label_scores, precisions, recalls

PER_CLASS = {"precision": precisions, "recall": recalls, "f1": f1s}


class ClassificationScores(MulticlassConfusionMatrix):
    """Each score of labels in the registry, and per-class precision, recall and F1.

    All are read off one confusion matrix (row = true class, column = predicted), so a step costs
    one count. A score that is 0/0 is NaN, and balanced accuracy and macro F1 average over the
    classes where theirs is defined, as scikit-learn does with `zero_division=nan`; torchmetrics'
    own macro average counts a class that is absent but predicted.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        # Arguments are checked once here; checking every batch would wait for the device.
        super().__init__(num_classes=len(classes), validate_args=False)
        self.classes = tuple(classes)

    def update(self, preds: Tensor, target: Tensor) -> None:
        """Count a batch: logits `(N, classes)`, and class numbers `(N,)`, int64.

        Not by torchmetrics' own way, which counts with `bincount`: on a GPU that waits for all that
        was asked of the device before, in every step.
        """
        numbers = torch.arange(len(self.classes), device=target.device)
        true = target[:, None] == numbers
        predicted = preds.argmax(dim=1)[:, None] == numbers
        self.confmat += (true[:, :, None] & predicted[:, None, :]).sum(dim=0)

    def scores(self) -> dict[str, Tensor]:
        """Give the scores so far, each a float32 scalar, NaN where 0/0.

        Keys are those of the registry (`accuracy`, `balanced_accuracy`, `macro_f1`), and
        `precision/<class>`, `recall/<class>`, `f1/<class>`.
        """
        # Computed on the processor, once an epoch: a score is written for NumPy alone.
        confusions = self.compute().float().cpu().numpy()[None]
        values = [*compute_scores(label_scores(), confusions)[0]]
        for of_classes in PER_CLASS.values():
            values += [*of_classes(confusions)[0]]
        found = torch.tensor(np.array(values, np.float32), device=self.confmat.device)
        return dict(zip(score_names(self.classes), found, strict=True))


def score_names(classes: Sequence[str]) -> list[str]:
    """Name what `ClassificationScores.scores` gives, in its order.

    Example:
        >>> score_names(["glioma"])[2:4]
        ['macro_f1', 'precision/glioma']
    """
    per_class = [f"{kind}/{label}" for kind in PER_CLASS for label in classes]
    return [*(score.key for score in label_scores()), *per_class]


class MeanLoss(Metric):
    """Mean loss of the scans of an epoch, over all processes.

    Not by `LightningModule.log(sync_dist=True)`: with gloo that halves an odd number of scans to a
    whole number, and divides by it.
    """

    total: Tensor
    scans: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("scans", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, loss: Tensor, scans: int) -> None:
        """Count a batch: the sum of its scans' losses, float32 scalar, and how many they are."""
        self.total += loss
        self.scans += scans

    def compute(self) -> Tensor:
        """Give the mean so far, float32 scalar; NaN where there was no scan."""
        return self.total / self.scans
