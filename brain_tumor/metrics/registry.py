"""Every score, named once: what it is called, which way is better, how it is computed.

To add a score, add an entry to `SCORES`; nothing else. One that needs labels alone is then logged
after every epoch, stands in `metrics.json` with an interval, in the tables, on the card, in
comparisons and sweeps, and may be the objective of a study. One of probabilities needs more than an
epoch gathers: it stands in `metrics.json`, in the tables of evaluations and comparisons, and on the
card. docs/extend/score.md shows it with Cohen's kappa.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, softmax

from brain_tumor.metrics.arrays import Labels, Values
from brain_tumor.metrics.uncertainty.weighted import WeightedPredictions

Confusions = npt.NDArray[np.floating[Any]]

Needs = Literal["labels", "probabilities", "ranking", "bins"]

LOSS = "loss"  # what training makes small, as an epoch logs it; no score of this list


@dataclass(frozen=True)
class Score:
    """One number that says how good predictions are.

    Attributes:
        key: Its name in `metrics.json`, in the logs and as an objective; no other key of theirs.
        title: Its name in tables and charts.
        short: Its name where a column is narrow.
        better: Which way is better.
        needs: What `compute` takes.

            `labels`: confusion matrices of B resamples, `(B, C, C)`, float64, or float32 after an
            epoch; row = true class, column = predicted class. Gives `(B,)`.

            `probabilities`: true classes, `(N,)`, int64, and logits, `(N, C)`, float64. Gives a
            value for each scan, `(N,)`; the score is their mean, as of every proper scoring rule.

            `ranking`: `WeightedPredictions` of B resamples, for what is no mean over scans, such as
            an area under a curve. Gives `(B,)`.

            `bins`: nothing; such a one has a number of bins, which is a setting, and an interval of
            its own kind, and is computed in `probabilities`.
        compute: The function, NaN where it is 0/0; None for `bins`.
        absent_classes: Whether it keeps its meaning where a class has no scan; a part without one
            has no such score otherwise. Only of those of `labels`.
        over_classes: Whether it is a mean over classes, so that a resample needs scans of each (see
            `intervals.with_every_class`). Likewise.
    """

    key: str
    title: str
    short: str
    better: Literal["higher", "lower"]
    needs: Needs
    compute: Callable[..., Values] | None
    absent_classes: bool = False
    over_classes: bool = False


def recalls(confusions: Confusions) -> Values:
    """Give the share of each class's scans that are predicted right, `(B, C)`; NaN where 0/0."""
    return _ratio(_right(confusions), confusions.sum(axis=2))


def precisions(confusions: Confusions) -> Values:
    """Give the share of each class's predictions that are right, `(B, C)`; NaN where 0/0."""
    return _ratio(_right(confusions), confusions.sum(axis=1))


def f1s(confusions: Confusions) -> Values:
    """Give the harmonic mean of each class's precision and recall, `(B, C)`; NaN where 0/0."""
    return _ratio(2 * _right(confusions), confusions.sum(axis=2) + confusions.sum(axis=1))


def accuracy(confusions: Confusions) -> Values:
    """Give the share of the scans that are predicted right, `(B,)`, in [0, 1]."""
    return _ratio(_right(confusions).sum(axis=1), confusions.sum(axis=2).sum(axis=1))


def balanced_accuracy(confusions: Confusions) -> Values:
    """Give the mean recall over the classes that occur, `(B,)`, in [0, 1]."""
    return np.asarray(np.nanmean(recalls(confusions), axis=1))


def macro_f1(confusions: Confusions) -> Values:
    """Give the mean F1 over the classes that occur or are predicted, `(B,)`, in [0, 1]."""
    return np.asarray(np.nanmean(f1s(confusions), axis=1))


def negative_log_likelihood(labels: Labels, logits: Values) -> Values:
    """Give that of each scan's true class, in nats, `(N,)`, at least 0."""
    # Not from the probabilities: they round to 0 where the logarithm is still a number.
    by_class = log_softmax(logits, axis=1)
    return np.asarray(-np.take_along_axis(by_class, labels[:, None], axis=1)[:, 0])


def brier(labels: Labels, logits: Values) -> Values:
    """Give each scan's squared distance of probabilities from truth, summed over classes, `(N,)`.

    In 0 to 2 (Brier, 1950, doi 10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2).
    """
    truth = np.eye(logits.shape[1])[labels]
    return np.asarray(((softmax(logits, axis=1) - truth) ** 2).sum(axis=1))


def macro_roc_auc(predictions: WeightedPredictions) -> Values:
    """Give the mean area under the ROC curve, each class against the rest, `(B,)`, in [0, 1].

    A class of which there is no scan, or nothing else, is left out of the mean.
    """
    areas = predictions.areas
    return _ratio(np.nansum(areas, axis=1), np.sum(~np.isnan(areas), axis=1))


# In the order of files and tables.
SCORES: dict[str, Score] = {
    score.key: score
    for score in (
        Score("accuracy", "accuracy", "acc.", "higher", "labels", accuracy),
        Score(
            *("balanced_accuracy", "balanced accuracy", "balanced", "higher", "labels"),
            balanced_accuracy,
            absent_classes=True,
            over_classes=True,
        ),
        Score("macro_f1", "macro F1", "F1", "higher", "labels", macro_f1, over_classes=True),
        Score(
            *("nll", "negative log-likelihood", "NLL", "lower", "probabilities"),
            negative_log_likelihood,
        ),
        Score("brier", "Brier score", "Brier", "lower", "probabilities", brier),
        Score(
            *("ece_equal_width", "calibration error, bins of equal width", "ECE", "lower", "bins"),
            compute=None,
        ),
        Score(
            *("ece_equal_mass", "calibration error, bins of equal mass", "ECE", "lower", "bins"),
            compute=None,
        ),
        Score("macro_roc_auc", "ROC AUC", "AUC", "higher", "ranking", macro_roc_auc),
    )
}


def scores_needing(*needs: Needs) -> list[Score]:
    """Give the scores that need one of these, in their order."""
    return [score for score in SCORES.values() if score.needs in needs]


def label_scores() -> list[Score]:
    """Give the scores that need labels alone: they are known after every epoch."""
    return scores_needing("labels")


def score_titles() -> dict[str, str]:
    """Give the title of each score, by key."""
    return {key: score.title for key, score in SCORES.items()}


def compute_scores(
    scores: list[Score], *provided: Confusions | WeightedPredictions | Labels
) -> Values:
    """Compute scores of one kind.

    Args:
        scores: K of them.
        provided: What they need (see `Score.needs`).

    Returns:
        `(B, K)`, or `(N, K)` of scans; NaN where 0/0.

    Raises:
        ValueError: One is computed elsewhere.

    Example:
        >>> compute_scores(label_scores(), np.array([[[3.0, 1.0], [0.0, 4.0]]])).round(3)
        array([[0.875, 0.875, 0.873]])
    """
    columns = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for score in scores:
            if score.compute is None:
                raise ValueError(f"{score.key} needs {score.needs}")
            columns.append(score.compute(*provided))
    return np.column_stack(columns)


def better(logged: str) -> Literal["higher", "lower"]:
    """Say which way a logged value is better.

    Args:
        logged: Its name, with the part before it: the loss, a score of `SCORES`, or a class's
            precision, recall or F1.

    Example:
        >>> better("val/loss"), better("val/macro_f1"), better("val/recall/glioma")
        ('lower', 'higher', 'higher')
    """
    key = logged.partition("/")[2]
    if key == LOSS:
        return "lower"
    return SCORES[key].better if key in SCORES else "higher"


def _right(confusions: Confusions) -> Confusions:
    return np.diagonal(confusions, axis1=1, axis2=2)


def _ratio(part: npt.NDArray[Any], complete: npt.NDArray[Any]) -> Values:
    with np.errstate(invalid="ignore"):
        return np.asarray(part / complete)
