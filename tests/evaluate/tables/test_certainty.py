from dataclasses import replace

from brain_tumor.evaluate.tables.certainty import certainty_table, gaps
from brain_tumor.metrics.probabilities import ProbabilityScores
from brain_tumor.metrics.uncertainty.bootstrap import Interval, Resampling
from brain_tumor.runs.results.metrics import Metrics, OperatingPoint, Temperature
from brain_tumor.runs.results.scores import (
    ConfidenceScores,
    PartScores,
    RiskAtCoverage,
    ScoredClass,
)

SOFT = ProbabilityScores(
    dict.fromkeys(("nll", "brier", "ece_equal_width", "ece_equal_mass"), Interval(0.3, 0.2, 0.4))
    | {"macro_roc_auc": Interval(0.91, 0.9, 0.92)},
    {},
    (),
)
PART = PartScores(
    classes=("glioma", "notumor"),
    present=("glioma", "notumor"),
    scans=1648,
    groups=404,
    scores={
        key: Interval(value, 0.5, 0.7)
        for key, value in (("accuracy", 0.6), ("balanced_accuracy", 0.61), ("macro_f1", 0.62))
    },
    per_class={
        "glioma": ScoredClass(None, Interval(0.8, 0.7, 0.9), None, 5),
        "notumor": ScoredClass(None, None, None, 0),
    },
    confusion=((4, 1), (0, 0)),
    confidence=ConfidenceScores(SOFT, None, None, RiskAtCoverage(0.1, {"1": 0.4, "0.8": 0.25})),
    patients=None,
)
METRICS = Metrics(
    "best.ckpt",
    Resampling(200, 0.95, 0),
    Temperature(1.5, "validation"),
    OperatingPoint("notumor", 0.25, "validation", 0.95),
    {"test": PART},
)


def rows(**parts: PartScores) -> dict[str, list[str]]:
    table = certainty_table(parts, "x", 0.9)
    assert "90 % intervals" in table.note and table.note.endswith("lies high in its interval.")
    return {row[0]: list(row[1:]) for row in table.rows}


def test_every_number_has_its_interval_and_every_gap_a_dash() -> None:
    absent = replace(PART, scores=dict(PART.scores) | {"accuracy": None})
    calibrated = replace(PART, confidence=replace(PART.confidence, calibrated=SOFT))
    shown = rows(train=calibrated, test=absent)
    assert shown["accuracy"] == ["0.600 (0.500 to 0.700)", "–"]  # noqa: RUF001
    assert shown["recall of glioma"] == ["0.800 (0.700 to 0.900)"] * 2
    assert shown["recall of notumor"] == ["–", "–"]  # noqa: RUF001
    assert shown["ROC AUC"] == ["0.910 (0.900 to 0.920)"] * 2
    after = shown["negative log-likelihood, after temperature"]
    assert after == ["0.300 (0.200 to 0.400)", "–"]  # noqa: RUF001
    assert shown["wrong among the surest 80 %"] == ["0.250", "0.250"]
    assert "sensitivity for a tumour" not in shown
    assert "Brier score, after temperature" not in rows(test=PART)


def test_a_score_that_an_older_file_lacks_is_a_dash() -> None:
    older = replace(PART, scores={"accuracy": PART.scores["accuracy"]})
    assert rows(test=older)["macro F1"] == ["–"]  # noqa: RUF001


def test_what_is_missing_is_said_and_why() -> None:
    (said,) = gaps(METRICS)
    assert "at least 0.2500" in said and "at least 0.95" in said
    nothing = replace(
        METRICS,
        temperature=Temperature(None, None),
        operating_point=OperatingPoint("notumor", 0.5, None, None),
        parts={"test": replace(PART, present=("glioma",))},
    )
    said = " ".join(gaps(nothing))
    for words in (
        "no scan of notumor: accuracy and macro F1 over all",
        "mean recall over glioma",
        "fit a temperature",
        "one half",
    ):
        assert words in said
    assert gaps(replace(METRICS, operating_point=OperatingPoint(None, None, None, None))) == []
