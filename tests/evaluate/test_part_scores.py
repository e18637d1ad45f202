import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from sklearn import metrics

from brain_tumor.config.arguments import parse_settings
from brain_tumor.dataclass_json import from_plain, to_plain
from brain_tumor.errors import ConfigError
from brain_tumor.evaluate.part_scores import (
    ScoringSettings,
    most_confidently_wrong,
    score_part,
    scores_by_source,
)
from brain_tumor.evaluate.predictions import Predictions
from brain_tumor.runs.results.scores import PartScores
from brain_tumor.trained.operating_point import Chosen, calibrate

ASK = ScoringSettings(200, 0.95, 0, 10, "notumor", 0.95, 24)
CLASSES = ("glioma", "meningioma", "notumor")


def found(
    labels: np.ndarray,
    logits: np.ndarray,
    chosen: Chosen = Chosen(2.0, 0.4, True),  # noqa: B008
) -> PartScores:
    groups = np.arange(len(labels)) // 2
    part = score_part(calibrate(labels, logits, groups, 2, chosen), CLASSES, ASK, None)
    assert from_plain(PartScores, json.loads(json.dumps(to_plain(part), allow_nan=False))) == part
    return part


def drawn(scans: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(5)
    labels = generator.integers(0, 3, scans)
    return labels, generator.normal(size=(scans, 3)) + 1.5 * np.eye(3)[labels]


def test_a_part_has_every_number_and_an_interval_around_it() -> None:
    labels, logits = drawn(300)
    part = found(labels, logits)
    predicted = logits.argmax(axis=1)
    assert part.value("accuracy") == pytest.approx(metrics.accuracy_score(labels, predicted))
    assert (part.scans, part.groups, part.present) == (300, 150, CLASSES)
    for key in ("accuracy", "balanced_accuracy", "macro_f1"):
        assert part.scores[key].low < part.scores[key].value < part.scores[key].high
    recalls = metrics.recall_score(labels, predicted, average=None)
    assert [own.recall.value for own in part.per_class.values()] == pytest.approx(recalls)
    for own in part.per_class.values():
        for measure in (own.precision, own.recall, own.f1):
            assert measure.low <= measure.value <= measure.high
    tumour, soft = part.confidence.tumour, part.confidence.probabilities
    found_share = tumour.true_positives / (labels != 2).sum()
    assert tumour.sensitivity.value == pytest.approx(found_share)
    assert part.confidence.risk_coverage.risk_at["1"] == pytest.approx(1 - part.value("accuracy"))
    assert soft.scores["nll"].value == pytest.approx(
        metrics.log_loss(labels, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    )
    assert part.confidence.calibrated.scores["nll"].value != soft.scores["nll"].value


def test_without_a_class_there_is_no_accuracy_over_all_classes() -> None:
    labels, logits = drawn(120)
    labels[labels == 1] = 0
    part = found(labels, logits)
    assert part.present == ("glioma", "notumor")
    assert part.scores["accuracy"] is None and part.scores["macro_f1"] is None
    recalls = metrics.recall_score(labels, logits.argmax(axis=1), labels=[0, 2], average=None)
    assert part.value("balanced_accuracy") == pytest.approx(recalls.mean())
    assert part.per_class["meningioma"].recall is None
    areas = part.confidence.probabilities.roc_auc
    assert areas["meningioma"] is None and areas["glioma"] is not None


def test_one_scan_gives_what_one_scan_can_give() -> None:
    part = found(np.array([2]), np.array([[0.0, 0.0, 3.0]]))
    assert part.value("balanced_accuracy") == 1.0 and part.scores["accuracy"] is None
    assert part.confidence.probabilities.scores["macro_roc_auc"] is None
    assert part.confidence.tumour.sensitivity is None
    assert part.confidence.tumour.specificity.value in (0.0, 1.0)


def test_without_validation_nothing_is_calibrated() -> None:
    confidence = found(*drawn(50), Chosen(None, 0.5, False)).confidence
    assert confidence.calibrated is None and confidence.tumour is not None


def test_the_surest_mistakes_come_first() -> None:
    logits = np.array([[9.0, 0, 0], [0, 5.0, 0], [2.0, 0, 0], [0, 9.0, 0], [7.0, 0, 0]])
    labels = np.array([0, 0, 1, 0, 2])
    assert most_confidently_wrong(labels, logits, 2).tolist() == [3, 4]
    assert most_confidently_wrong(labels, logits, 9).tolist() == [3, 4, 1, 2]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"resamples": 10}, "resamples must be a whole number in 100..100000"),
        ({"level": 95}, r"level must be a number in 0.5..0.9999: 95"),
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
        parse_settings(ScoringSettings, node, "evaluation")


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_scores_of_a_set_are_those_of_its_scans_alone(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = np.concatenate([[0, 1, 2, 0, 1], random.integers(0, 2, 20)])
    logits = random.normal(size=(25, 3))
    sets = np.array(["b", "b", "b", "a", "a", *random.choice(["a", "b"], 20)])
    prepared = SimpleNamespace(
        sources=[*sets[::-1].tolist(), "c"], groups=np.arange(26) // 2, classes=CLASSES
    )
    rows = np.arange(25)[::-1]
    part = Predictions(rows, labels, logits, np.zeros((25, 0), np.float32))
    found = scores_by_source(prepared, {"test": part}, ASK)["test"]  # type: ignore[arg-type]
    assert [one.source for one in found] == ["b", "a"]
    for one in found:
        own = sets == one.source
        assert one.scans == own.sum() and one.groups == len(set(prepared.groups[rows[own]]))
        predicted = logits[own].argmax(axis=1)
        present = (0, 1, 2) if one.source == "b" else (0, 1)  # of a there is no notumor
        recalls = metrics.recall_score(labels[own], predicted, labels=present, average=None)
        assert one.present == present
        assert one.scores["balanced_accuracy"].value == pytest.approx(recalls.mean())
        assert (one.scores["accuracy"] is None) == (one.source == "a")
    prepared.sources = ["a"] * 26
    assert scores_by_source(prepared, {"test": part}, ASK) == {}  # type: ignore[arg-type]
