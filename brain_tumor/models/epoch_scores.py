"""Scores of an epoch, gathered batch by batch on the device."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.classification import MulticlassConfusionMatrix

from brain_tumor.metrics.registry import compute_scores, label_scores


class ClassificationScores(MulticlassConfusionMatrix):
    """Each score of labels in the registry, and per-class precision, recall and F1.

    All are read off one confusion matrix (row = true class, column = predicted), so a step costs
    one count. A score that is 0/0 is NaN, and balanced accuracy and macro F1 average over the
    classes where theirs is defined, as scikit-learn does with `zero_division=nan`; torchmetrics'
    own macro average counts a class that is absent but predicted.

    Args:
        classes: Class names, in the order of the labels.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        # Arguments are checked once here; checking every batch would wait for the device.
        super().__init__(num_classes=len(classes), validate_args=False)
        self.classes = tuple(classes)

    def update(self, preds: Tensor, target: Tensor) -> None:
        """Count a batch.

        Not by torchmetrics' own way, which counts with `bincount`: on a GPU that waits for all that
        was asked of the device before, in every step.

        Args:
            preds: Logits, `(N, classes)`.
            target: Class numbers, `(N,)`, int64.
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
        matrix = self.compute().float()
        # Computed on the processor, once an epoch: a score is written for NumPy alone.
        overall = compute_scores(label_scores(), matrix.cpu().numpy()[None])[0]
        values = torch.from_numpy(overall).float().to(matrix.device)
        hits, true, predicted = matrix.diagonal(), matrix.sum(dim=1), matrix.sum(dim=0)
        per_class = {
            "precision": hits / predicted,
            "recall": hits / true,
            "f1": 2 * hits / (true + predicted),
        }
        named = {
            f"{score}/{label}": value
            for score, values in per_class.items()
            for label, value in zip(self.classes, values, strict=True)
        }
        keys = [score.key for score in label_scores()]
        return dict(zip(keys, values, strict=True)) | named


def score_names(classes: Sequence[str]) -> list[str]:
    """Name what `ClassificationScores.scores` gives, in its order.

    Example:
        >>> score_names(["glioma"])[2:4]
        ['macro_f1', 'precision/glioma']
    """
    per_class = [f"{kind}/{label}" for kind in ("precision", "recall", "f1") for label in classes]
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
        """Count a batch.

        Args:
            loss: Sum over its scans, float32 scalar.
            scans: How many they are.
        """
        self.total += loss
        self.scans += scans

    def compute(self) -> Tensor:
        """Give the mean so far, float32 scalar; NaN where there was no scan."""
        return self.total / self.scans
