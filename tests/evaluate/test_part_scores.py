import json

import numpy as np
import pytest
from omegaconf import OmegaConf
from sklearn import metrics

from brain_tumor.errors import ConfigError
from brain_tumor.evaluate.part_scores import (
    ScoringSettings,
    most_confidently_wrong,
    score_part,
    scoring_settings,
)
from brain_tumor.trained.operating_point import Chosen, calibrate

ASK = ScoringSettings(200, 0.95, 0, 10, "notumor", 0.95, 24)
CLASSES = ("glioma", "meningioma", "notumor")


def found(labels: np.ndarray, logits: np.ndarray, chosen: Chosen = Chosen(2.0, 0.4, True)) -> dict:  # noqa: B008
    groups = np.arange(len(labels)) // 2
    record = score_part(calibrate(labels, logits, groups, 2, chosen), CLASSES, ASK)
    json.dumps(record, allow_nan=False)  # what cannot be told is None
    return record


def drawn(scans: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(5)
    labels = generator.integers(0, 3, scans)
    return labels, generator.normal(size=(scans, 3)) + 1.5 * np.eye(3)[labels]


def test_a_part_has_every_number_and_an_interval_around_it() -> None:
    labels, logits = drawn(300)
    record = found(labels, logits)
    predicted = logits.argmax(axis=1)
    assert record["accuracy"] == pytest.approx(metrics.accuracy_score(labels, predicted))
    assert (record["scans"], record["groups"], record["present"]) == (300, 150, list(CLASSES))
    for name in ("accuracy", "balanced_accuracy", "macro_f1"):
        low, high = record["intervals"][name]
        assert low < record[name] < high
    for label in CLASSES:
        for score in ("precision", "recall", "f1"):
            low, high = record["intervals"]["per_class"][label][score]
            assert low <= record["per_class"][label][score] <= high
    tumour = record["tumour"]
    assert tumour["sensitivity"]["value"] == pytest.approx(
        tumour["true_positives"] / (labels != 2).sum()
    )
    assert record["risk_coverage"]["risk_at"]["1"] == pytest.approx(1 - record["accuracy"])
    assert record["probabilities"]["nll"]["value"] == pytest.approx(
        metrics.log_loss(labels, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    )
    assert record["calibrated"]["nll"]["value"] != record["probabilities"]["nll"]["value"]


def test_without_a_class_there_is_no_accuracy_over_all_classes() -> None:
    labels, logits = drawn(120)
    labels[labels == 1] = 0
    record = found(labels, logits)
    assert record["present"] == ["glioma", "notumor"]
    assert record["accuracy"] is None and record["intervals"]["accuracy"] is None
    assert record["macro_f1"] is None
    recalls = metrics.recall_score(labels, logits.argmax(axis=1), labels=[0, 2], average=None)
    assert record["balanced_accuracy"] == pytest.approx(recalls.mean())
    assert record["per_class"]["meningioma"]["recall"] is None
    assert record["intervals"]["per_class"]["meningioma"]["recall"] is None
    assert record["probabilities"]["roc_auc"]["meningioma"] is None
    assert record["probabilities"]["roc_auc"]["glioma"] is not None


def test_one_scan_gives_what_one_scan_can_give() -> None:
    record = found(np.array([2]), np.array([[0.0, 0.0, 3.0]]))
    assert record["balanced_accuracy"] == 1.0 and record["accuracy"] is None
    assert record["probabilities"]["macro_roc_auc"] is None
    assert record["tumour"]["sensitivity"] is None
    assert record["tumour"]["specificity"]["value"] in (0.0, 1.0)


def test_without_validation_nothing_is_calibrated() -> None:
    record = found(*drawn(50), Chosen(None, 0.5, False))
    assert record["calibrated"] is None and record["tumour"] is not None


def test_the_surest_mistakes_come_first() -> None:
    logits = np.array([[9.0, 0, 0], [0, 5.0, 0], [2.0, 0, 0], [0, 9.0, 0], [7.0, 0, 0]])
    labels = np.array([0, 0, 1, 0, 2])
    assert most_confidently_wrong(labels, logits, 2).tolist() == [3, 4]
    assert most_confidently_wrong(labels, logits, 9).tolist() == [3, 4, 1, 2]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"resamples": 10}, "resamples must be a whole number in 100..100000"),
        ({"level": 95}, r"level must lie in 0.5..0.9999: 95"),
        ({"bins": 1.5}, "bins"),
        ({"least_sensitivity": 0}, "least_sensitivity"),
        ({"healthy": 2}, "healthy must be text or null"),
        ({"depth": 2}, "evaluation.depth is unknown"),
        ({"seed": True}, "seed"),
    ],
)
def test_settings_outside_their_range_are_refused(values: dict, told: str) -> None:
    node = OmegaConf.create(vars(ASK) | values)
    with pytest.raises(ConfigError, match=told):
        scoring_settings(node)
