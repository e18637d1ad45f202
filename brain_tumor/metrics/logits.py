"""What a network's logits say of each scan: the class it answers, and how sure it is."""

import numpy as np
from scipy.special import softmax

from brain_tumor.metrics.arrays import Labels, Values


def check_logits(labels: Labels, logits: Values) -> None:
    """Refuse logits, `(N, C)`, that cannot be scored beside the true class numbers, `(N,)`.

    Raises:
        ValueError: No scans, lengths that differ, a label outside 0 to C - 1, or logits that are
            not finite.
    """
    if logits.ndim != 2 or not 0 < len(labels) == len(logits):
        raise ValueError(f"logits of shape {logits.shape} for {len(labels)} labels")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(f"labels must lie in 0..{logits.shape[1] - 1}")
    bad = int(np.sum(~np.isfinite(logits).all(axis=1)))
    if bad:
        raise ValueError(f"the logits of {bad} of {len(logits)} scans are not finite")


def confidence_and_rightness(labels: Labels, logits: Values) -> tuple[Values, Values]:
    """Give the confidence of each answer, and whether it is right.

    The answer is the class with the largest logit, the first of several; its confidence is the
    softmax probability of that class.

    Returns:
        Confidences, `(N,)`, float64, in [1 / C, 1], and rightness, `(N,)`, float64, 0 or 1.

    Example:
        >>> confidence_and_rightness(np.array([1, 1]), np.array([[0.0, 0.0], [0.0, np.log(3)]]))
        (array([0.5 , 0.75]), array([0., 1.]))
    """
    confidences = softmax(logits, axis=1).max(axis=1)
    return confidences, (logits.argmax(axis=1) == labels).astype(np.float64)
