"""Training losses: cross-entropy, the focal loss, or any callable on logits and labels."""

from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.loss import _Loss

from brain_tumor.errors import ConfigError
from brain_tumor.settings import Range

BALANCED = "balanced"

# On logits `(N, classes)` and labels `(N,)`: a loss of each scan, `(N,)`, or their mean.
Loss = Callable[[Tensor, Tensor], Tensor]


class CrossEntropy(_Loss):
    """Cross-entropy of the report's "Training Setup".

    Args:
        label_smoothing: Share of each target that is spread evenly over all classes (Szegedy et
            al., 2016, arXiv 1512.00567).
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        super().__init__(reduction="none")
        self.label_smoothing = label_smoothing

    def forward(self, logits: Tensor, labels: Tensor, reduction: str = "none") -> Tensor:
        """Take logits `(N, classes)` and labels `(N,)`; give the loss of each scan, `(N,)`."""
        return F.cross_entropy(
            logits, labels, reduction=reduction, label_smoothing=self.label_smoothing
        )


class FocalLoss(_Loss):
    """Focal loss over several classes: cross-entropy times `(1 - p) ** gamma`.

    p is the probability of the scan's own class, so that scans which are predicted well count less
    (Lin et al., 2017, arXiv 1708.02002, without their alpha: that is `loss.class_weights`).

    Args:
        gamma: How much less; 0 is cross-entropy. The paper takes 2.
    """

    def __init__(self, gamma: Annotated[float, Range(0)] = 2.0) -> None:
        super().__init__(reduction="none")
        self.gamma = gamma

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Take logits `(N, classes)` and labels `(N,)`; give the loss of each scan, `(N,)`."""
        losses = F.cross_entropy(logits, labels, reduction="none")
        # 1 - p without its loss to rounding; the power's gradient has no number at 0.
        rest = -torch.expm1(-losses)
        return rest.clamp(min=torch.finfo(rest.dtype).tiny).pow(self.gamma) * losses


class TrainingLoss(nn.Module):
    """A loss over a batch, with a weight for each class.

    The weighted mean is the sum of weight times loss, divided by the number of scans, not by the
    sum of their weights as in `torch.nn.CrossEntropyLoss`: so a scan counts the same whichever
    batch or process it is in. Balanced weights have the mean 1 over the training part.

    Args:
        loss: The loss.
        class_weights: One weight of at least 0 per class, in the order of the labels; None weights
            all scans alike.

    Raises:
        ConfigError: Weights are given to a loss that gives the mean of a batch alone.
    """

    def __init__(self, loss: Loss, class_weights: Sequence[float] | None = None) -> None:
        super().__init__()
        self.loss = loss
        self.class_weights: Tensor | None
        weights = None if class_weights is None else torch.tensor(class_weights).float()
        # No part of the network: a checkpoint leaves it out.
        self.register_buffer("class_weights", weights, persistent=False)

    def forward(self, logits: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
        """Give `mean` or `sum` of the loss over logits `(N, classes)` and class numbers `(N,)`."""
        weights = self.class_weights
        if isinstance(self.loss, CrossEntropy) and weights is None:  # torch's own mean and sum
            plain: Tensor = self.loss(logits, labels, reduction)
            return plain
        if not len(labels):  # a process's share of a small batch; its gradients are 0
            return logits.sum()
        losses = self.loss(logits, labels)
        if weights is not None:
            if losses.shape != labels.shape:
                raise ConfigError(
                    "loss.class_weights needs a loss that gives one number for each scan: where "
                    "it takes a reduction add +loss.reduction=none, or leave class_weights out."
                )
            losses = losses * weights[labels]
        mean = losses.mean()
        return mean if reduction == "mean" else mean * len(labels)


def balanced_weights(labels: NDArray[np.int64], classes: Sequence[str]) -> list[float]:
    """Weight classes so that each counts the same: scans / (classes * scans of the class).

    As scikit-learn's `class_weight="balanced"`, from class numbers of the training part, `(N,)`.

    Raises:
        ConfigError: A class has no scan.

    Example:
        >>> balanced_weights(np.array([0, 0, 0, 1]), ["glioma", "notumor"])
        [0.6666666666666666, 2.0]
    """
    counts = np.bincount(labels, minlength=len(classes))
    if not counts.all():
        missing = ", ".join(name for name, count in zip(classes, counts, strict=True) if not count)
        raise ConfigError(
            f"loss.class_weights cannot be balanced: no training scan is of class {missing}."
        )
    weights: list[float] = (len(labels) / (len(classes) * counts)).tolist()
    return weights
