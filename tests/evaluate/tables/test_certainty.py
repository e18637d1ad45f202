from typing import Any

from brain_tumor.rendering.certainty import certainty_table, gaps, part_columns

from brain_tumor.metrics.registry import SCORES
from brain_tumor.rendering.pairs import difference, pairs_table

INTERVAL = {"value": 0.3, "low": 0.2, "high": 0.4}


def part(**values: Any) -> dict[str, Any]:
    soft = {name: INTERVAL for name in ("nll", "brier", "ece_equal_width", "ece_equal_mass")}
    soft["macro_roc_auc"] = {"value": 0.91, "low": 0.9, "high": 0.92}
    recall = {"precision": None, "recall": 0.8, "f1": None, "support": 5}
    return {
        "classes": ["glioma", "notumor"],
        "present": ["glioma", "notumor"],
        "scans": 1648,
        "groups": 404,
        **{"accuracy": 0.6, "balanced_accuracy": 0.61, "macro_f1": 0.62},
        "per_class": {"glioma": recall, "notumor": recall | {"recall": None, "support": 0}},
        "intervals": {
            **{"accuracy": [0.5, 0.7], "balanced_accuracy": [0.5, 0.7], "macro_f1": [0.5, 0.7]},
            "per_class": {"glioma": {"recall": [0.7, 0.9]}, "notumor": {"recall": None}},
        },
        "probabilities": soft,
        "calibrated": None,
        "tumour": None,
        "risk_coverage": {"area": 0.1, "risk_at": {"1": 0.4, "0.8": 0.25}},
    } | values


def rows(**parts: dict[str, Any]) -> dict[str, list[str]]:
    table = certainty_table(part_columns(parts, SCORES.values()), SCORES.values(), "x", 0.9)
    assert "90 % intervals" in table.note and table.note.endswith("lies high in its interval.")
    return {row[0]: list(row[1:]) for row in table.rows}


def test_every_number_has_its_interval_and_every_gap_a_dash() -> None:
    absent = part(accuracy=None)
    absent["intervals"] = absent["intervals"] | {"accuracy": None}
    shown = rows(train=part(calibrated=part()["probabilities"]), test=absent)
    assert shown["accuracy"] == ["0.600 (0.500 to 0.700)", "–"]  # noqa: RUF001
    assert shown["recall of glioma"] == ["0.800 (0.700 to 0.900)"] * 2
    assert shown["recall of notumor"] == ["–", "–"]  # noqa: RUF001
    assert shown["ROC AUC"] == ["0.910 (0.900 to 0.920)"] * 2
    after = shown["negative log-likelihood, after temperature"]
    assert after == ["0.300 (0.200 to 0.400)", "–"]  # noqa: RUF001
    assert shown["wrong among the surest 80 %"] == ["0.250", "0.250"]
    assert "sensitivity for a tumour" not in shown
    assert "Brier score, after temperature" not in rows(test=part())


def test_what_is_missing_is_said_and_why() -> None:
    fitted = {"value": 1.5, "fitted_on": "validation"}
    point = {"threshold": 0.25, "chosen_on": "validation", "least_sensitivity": 0.95}
    (said,) = gaps({"test": part()}, SCORES.values(), point, fitted)
    assert "at least 0.2500" in said and "at least 0.95" in said
    none = {"threshold": 0.5, "chosen_on": None, "least_sensitivity": None}
    said = " ".join(
        gaps({"test": part(present=["glioma"])}, SCORES.values(), none, {"value": None})
    )
    for words in (
        "no scan of notumor: accuracy and macro F1 over all",
        "mean recall over glioma",
        "fit a temperature",
        "one half",
    ):
        assert words in said
    assert gaps({"test": part()}, SCORES.values(), point | {"threshold": None}, fitted) == []


def test_pairs_tell_sign_size_and_chance() -> None:
    found = {"value": -0.0104, "low": -0.03, "high": 0.0096}
    assert difference(found) == "-0.010 (-0.030 to +0.010)"
    mcnemar = {"only_first_right": 12, "only_second_right": 3, "p_value": 0.03516}
    mcnemar["p_holm"] = 0.14064
    pair = {"first": 1, "second": 2, "scans": 9, "groups": 3, "mcnemar": mcnemar}
    pair["differences"] = dict.fromkeys(("accuracy", "balanced_accuracy", "macro_f1"), found)
    several = pair | {"mcnemar": None}
    one, two = pairs_table([pair, several], SCORES.values(), ["a", "b"], 0.95).rows
    assert list(one[:2]) == ["a", "b"] and list(one[-4:]) == ["12", "3", "0.035", "0.14"]
    assert list(two[-4:]) == ["–"] * 4  # noqa: RUF001
