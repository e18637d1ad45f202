from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import sample_comparison
from omegaconf import OmegaConf
from sample_audit import AUDIT
from sample_comparison import POOLED, interval, run
from sample_comparison import comparison as content

from brain_tumor.audit.results.audit import (
    Audit,
    FolderCounts,
    ReportComparison,
    StepCount,
    VariantLeakage,
)
from brain_tumor.cli.command import conf_folder
from brain_tumor.compare.compared import PooledRunGroup
from brain_tumor.compare.comparison import Comparison
from brain_tumor.compare.paired_tests import PairedTest
from brain_tumor.compare.published import CurvePoint, PublishedTable, Results
from brain_tumor.config.arguments import parse_settings
from brain_tumor.metrics.leakage import SharedScans
from brain_tumor.metrics.uncertainty.least_recall import LeastRecall
from brain_tumor.rendering.numbers import format_difference
from brain_tumor.runs.results.complexity import MeasuredComplexity
from experiments.statements import statements_table
from experiments.verdicts import FAILS, HOLDS, NOT_RUN, OPEN, UNTESTED

PUBLISHED = {
    name: parse_settings(Results, found)
    for name, found in OmegaConf.load(conf_folder() / "published" / "results.yaml").items()
}
NETWORKS = ("GBMnet", "GBM_MobileNetV2net")
CLASSES = ["glioma", "meningioma", "notumor", "pituitary"]
ends = partial(interval, wide=0.02)
NAMES = {"glioma": "meningioma", "meningioma": "notumor", "notumor": "glioma"}


def audit(names: Mapping[str, str] = NAMES, kept: int = 6589, shared: float = 0.942) -> Audit:
    rows = tuple(
        FolderCounts(name, 1648, names.get(name, name), 1236, 412, None) for name in CLASSES
    )
    steps = (
        StepCount("raw scans", 7023, 7023),
        StepCount("Testing scans that Training holds", 182, 182),
        StepCount("scans left", 6589, kept),
    )
    overlaps = {
        name: SharedScans(1000, round(1000 * share), share, share, {})
        for name, share in (("any", shared), ("slice", shared / 2))
    }
    leakage = (
        VariantLeakage(5497, 1092, {}, None, "official", ""),
        VariantLeakage(4941, 1000, overlaps, None, "report", "seed 0"),
    )
    return replace(AUDIT, report=ReportComparison(rows, steps, True), leakage=leakage)


def setting(model: str, split: str = "report", **more: Any) -> PooledRunGroup:
    values = dict(zip(CLASSES, more.pop("recalls", (0.9, 0.7, 0.95, 0.94)), strict=True))
    least = min(values, key=values.__getitem__)
    above = {name: ends(values[name] - values[least]) for name in CLASSES if name != least}
    by_seed, candidates = more.pop("by_seed", [least]), more.pop("candidates", [least])
    accuracy, epochs = more.pop("accuracy", 0.9), more.pop("epochs", 200)
    reached = more.pop("train", [0.95])
    values_of = {"optimizer.lr": 1e-5, "model.head": "flatten", **more.pop("values", {})}
    costs = (8_000_000, 70_000_000) if model == "gbmnet" else (2_000_000, 300_000_000)
    pooled = replace(
        POOLED,
        scores=replace(POOLED.scores, classes=tuple(CLASSES)),
        intervals=replace(
            POOLED.intervals,
            overall={"accuracy": ends(accuracy)},
            recalls=tuple(map(ends, values.values())),
        ),
        least_recall=LeastRecall(least, above, tuple(by_seed), tuple(candidates)),
    )
    return sample_comparison.setting(
        model=model,
        split=split,
        seeds=len(reached),
        runs=tuple(run(epochs=epochs, training_accuracy=value) for value in reached),
        values=values_of,
        pooled=pooled,
        complexity=MeasuredComplexity(costs[0], costs[0], costs[1], 1, 1, "CPU", 1, {}),
        **more,
    )


def curve(ours: float | None) -> PublishedTable:
    return PublishedTable(1, "train", 1, True, {}, (), (CurvePoint(20, 0.8342, ours),))


def pair(less: float) -> PairedTest:
    return PairedTest(1, 2, 1000, 400, None, {"accuracy": ends(less)})


def verdicts(found: Mapping[str, Comparison], **about: Any) -> dict[str, tuple[str, str]]:
    table = statements_table(found, audit(**about), PUBLISHED)
    return {row[0]: (row[2], row[3]) for row in table.rows}


def test_scans_and_names_are_judged_by_the_audit() -> None:
    patients, counts, leakage, names = verdicts({}).values()
    assert patients == ("4,750 of them are 3,064 slices of 233 patients", FAILS)
    assert counts == ("7,023, 182, 6,589", HOLDS)
    assert leakage[0].startswith("94.2 % of the test scans") and leakage[1] == FAILS
    assert "its notumor is the folder meningioma" in names[0] and names[1] == FAILS
    own = {name: name for name in CLASSES}
    other = verdicts({}, names=own, kept=6588, shared=0.0)
    assert [verdict for _, verdict in other.values()] == [FAILS, FAILS, HOLDS, HOLDS]


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [(0.8442, "is 0.010 higher here"), (0.7, "is 0.134 lower here"), (None, NOT_RUN)],
)
def test_a_training_curve_is_compared_where_the_report_gives_a_number(
    ours: float | None, verdict: str
) -> None:
    found = content(setting("gbmnet"), published=(curve(ours),))
    told = verdicts({"as_reported": found})["GBMnet: training accuracy at epoch 20"]
    assert told[1] == verdict


@pytest.mark.parametrize(
    ("accuracy", "epochs", "verdict"),
    [
        (0.91, 200, HOLDS),
        (0.86, 200, "is 0.047 lower here"),
        (0.95, 200, "is 0.043 higher here"),
        (0.91, 20, UNTESTED),
    ],
)
def test_a_test_score_is_judged_after_as_many_epochs_alone(
    accuracy: float, epochs: int, verdict: str
) -> None:
    found = content(setting("gbmnet", accuracy=accuracy, epochs=epochs))
    text, said = verdicts({"as_reported": found})["GBMnet: test accuracy after 200 epochs"]
    assert said == verdict
    assert f"after {epochs} epochs at a rate of 1e-05" in text


HIGHER = "GBMnet's test accuracy is higher (patient split)"


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("less", "verdict"), [(0.05, HOLDS), (-0.05, FAILS), (0.01, OPEN)])
def test_which_is_better_is_decided_by_an_interval_without_0(
    less: float, verdict: str, turned: bool
) -> None:
    """`less` is GBMnet less the other; a pair holds the second less the first."""
    models = ["mobilenetv2", "gbmnet"] if not turned else ["gbmnet", "mobilenetv2"]
    pairs = (pair(-less if turned else less),)
    found = content(*(setting(model, "patient") for model in models), pairs=pairs)
    text, said = verdicts({"evidence": found})[HIGHER]
    assert said == verdict
    assert f"{less:+.3f} ({less - 0.02:+.3f} to {less + 0.02:+.3f})" in text


OTHERWISE = [
    {"epochs": 5},
    {"values": {"optimizer.lr": 5e-4}},
    {"values": {"scheduler._target_": "torch.optim.lr_scheduler.CosineAnnealingLR"}},
]


@pytest.mark.parametrize("less", [0.05, -0.05, 0.0])
@pytest.mark.parametrize("other", OTHERWISE)
def test_nothing_is_decided_where_one_was_trained_otherwise(
    less: float, other: dict[str, Any]
) -> None:
    """The report's epochs and rate, kept fixed, both of both networks; what was found is told."""
    both = [setting("gbmnet", "patient"), setting("mobilenetv2", "patient", **other)]
    found = verdicts({"evidence": content(*both, pairs=(pair(less),))})
    text, said = found[HIGHER]
    assert said == UNTESTED and format_difference(ends(-less)) in text
    weak = [found[f"{name}: notumor is found least (patient split)"] for name in NETWORKS]
    assert weak[0][1] != UNTESTED and weak[1][1] == UNTESTED
    assert weak[1][0].startswith("meningioma, recall 0.700")


@pytest.mark.parametrize("other", OTHERWISE)
def test_the_report_s_scores_are_not_tested_by_another_schedule(other: dict[str, Any]) -> None:
    found = content(setting("gbmnet", **other), published=(curve(0.85),))
    told = verdicts({"as_reported": found})
    assert told["GBMnet: test accuracy after 200 epochs"][1] == UNTESTED
    own = told["GBMnet: training accuracy at epoch 20"][1]
    # Of fewer epochs at the report's rate, those that were trained are the report's.
    assert own == ("is 0.016 higher here" if "epochs" in other else UNTESTED)


def test_two_splits_are_no_pair() -> None:
    found = content(setting("gbmnet"), setting("mobilenetv2", "patient"), pairs=(pair(0.1),))
    assert not any("higher" in row for row in verdicts({"evidence": found}))


WEAK = "GBMnet: notumor is found least (report split)"
FEWER = "Fewer neurons than 512 lower the training accuracy"
BY_NAME_ALONE = f"{OPEN} for these scans, {FAILS} for that name"


@pytest.mark.parametrize(
    ("recalls", "more", "ours", "verdict"),
    [
        ((0.9, 0.7, 0.95, 0.94), [], "meningioma", f"{HOLDS} for these scans, not for that name"),
        ((0.9, 0.8, 0.3, 0.9), [], "notumor", FAILS),  # the name alone, of other scans
        ((0.2, 0.8, 0.3, 0.9), [], "glioma", FAILS),
        # Whichever of two is the least: what the other is not above is not decided.
        ((0.7, 0.71, 0.9, 0.9), ["meningioma"], "glioma", BY_NAME_ALONE),
        ((0.71, 0.7, 0.9, 0.9), ["glioma"], "meningioma", BY_NAME_ALONE),
        ((0.9, 0.7, 0.71, 0.9), ["notumor"], "meningioma", OPEN),
        ((0.7, 0.9, 0.95, 0.71), ["pituitary"], "glioma", FAILS),
    ],
)
def test_the_weak_class_is_told_by_its_scans_and_by_its_name(
    recalls: tuple[float, ...], more: list[str], ours: str, verdict: str
) -> None:
    own = setting("gbmnet", recalls=recalls, candidates=[ours, *more])
    text, said = verdicts({"evidence": content(own)})[WEAK]
    assert (text.partition(",")[0], said) == (ours, verdict)


def test_the_next_class_and_seeds_that_disagree_are_told() -> None:
    own = setting("gbmnet", recalls=(0.7, 0.71, 0.9, 0.95), by_seed=["glioma", "meningioma"])
    text, _ = verdicts({"evidence": content(own)})[WEAK]
    assert "meningioma +0.010 (-0.010 to +0.030) above it" in text
    assert "seeds disagree (glioma, meningioma)" in text
    text, _ = verdicts({"evidence": content(setting("gbmnet", by_seed=["meningioma"] * 2))})[WEAK]
    assert "disagree" not in text


def test_a_name_that_is_the_folder_s_holds_or_fails() -> None:
    own = {name: name for name in CLASSES}
    for recalls, verdict in (((0.9, 0.8, 0.3, 0.9), HOLDS), ((0.9, 0.3, 0.8, 0.9), FAILS)):
        found = {"evidence": content(setting("gbmnet", recalls=recalls))}
        assert verdicts(found, names=own)[WEAK][1] == verdict


@pytest.mark.parametrize(
    ("accuracies", "verdict"),
    [
        ({512: 0.9, 256: 0.88, 64: 0.8}, HOLDS),
        ({512: 0.9, 256: 0.79, 64: 0.8}, HOLDS),
        ({512: 0.9, 256: 0.95, 64: 0.8}, FAILS),
        ({512: 0.8375, 256: 0.8340, 64: 0.8}, OPEN),  # 0.0035, of a standard error of 0.0074
        ({512: 0.8340, 256: 0.8375}, OPEN),
    ],
)
def test_narrower_layers_are_compared_with_the_widest(
    accuracies: dict[int, float], verdict: str
) -> None:
    settings = [
        setting("gbmnet", train=[value], values={"model.width": width})
        for width, value in accuracies.items()
    ]
    pooled = setting("gbmnet", train=[0.99], values={"model.width": 512, "model.head": "gap"})
    found = verdicts({"width": content(*settings, pooled)})
    text, said = found[FEWER]
    assert said == verdict
    assert "1 seed" in text and "standard error up to 0.00" in text
    assert "0.990" not in text


@pytest.mark.parametrize(
    ("wide", "narrow", "verdict"),
    [
        ([0.90, 0.901], [0.85, 0.851], HOLDS),
        ([0.90, 0.96], [0.85, 0.851], OPEN),  # seeds lie further apart than the widths
    ],
)
def test_seeds_that_differ_much_leave_widths_open(
    wide: list[float], narrow: list[float], verdict: str
) -> None:
    settings = [
        setting("gbmnet", train=reached, values={"model.width": width})
        for width, reached in ((512, wide), (64, narrow))
    ]
    assert verdicts({"width": content(*settings)})[FEWER][1] == verdict


@pytest.mark.parametrize(("narrow", "verdict"), [(0.8, UNTESTED), (0.899, OPEN)])
def test_widths_at_another_schedule_decide_nothing(narrow: float, verdict: str) -> None:
    settings = [
        setting("gbmnet", train=[reached], epochs=6, values={"model.width": width})
        for width, reached in ((512, 0.9), (64, narrow))
    ]
    assert verdicts({"width": content(*settings)})[FEWER][1] == verdict


def test_what_is_lightweight_is_counted() -> None:
    found = verdicts({"as_reported": content(setting("gbmnet"), setting("mobilenetv2"))})
    text, said = found["GBMnet is the lightweight one"]
    assert "8,000,000" in text
    assert said == "holds for multiplications alone"
