from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from sample_audit import AUDIT, probe_score
from sample_comparison import POOLED, comparison, run, setting

from brain_tumor.compare.audits import ComparedAudit
from brain_tumor.compare.compared import MissingFolds
from brain_tumor.compare.page.differences import audit_labels, differing_keys
from brain_tumor.compare.page.tables import (
    comparison_markdown,
    comparison_tables,
    pairs_tables,
    setting_class_report,
    settings_table,
    shortcut_tables,
    spread_table,
)
from brain_tumor.compare.paired_tests import CorrectedMcNemar, PairedTest
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.metrics.uncertainty.folds import ScoreSpreads, Spread
from brain_tumor.metrics.uncertainty.least_recall import LeastRecall
from brain_tumor.rendering.terminal import to_rich

GBMNET = {"model.name": "gbmnet", "split.name": "patient", "optimizer._target_": "torch.optim.Adam"}


def spreads(mean: float, values: tuple[float, ...]) -> ScoreSpreads:
    return dict.fromkeys(
        ("accuracy", "balanced_accuracy", "macro_f1"), Spread(values, mean, 0.0123, 0.5, 0.9)
    )


def test_settings_are_named_by_what_differs() -> None:
    slow = GBMNET | {"optimizer.lr": 1e-4}
    fast = GBMNET | {"optimizer.lr": 1e-3}
    assert differing_keys([slow, fast]) == [{"optimizer.lr": "0.0001"}, {"optimizer.lr": "0.001"}]
    assert differing_keys([slow]) == [{}]


def test_model_and_split_are_not_named_twice() -> None:
    other = {"model.name": "mobilenetv2", "model.frozen": True, "split.name": "report"}
    other |= {"optimizer._target_": "torch.optim.Adam", "split.test_fraction": 0.25}
    wide = GBMNET | {"model.width": 512, "split.folds": 4}
    assert differing_keys([wide, other]) == [{}, {}]


def test_another_optimizer_is_named_without_its_own_settings() -> None:
    sgd = GBMNET | {"optimizer._target_": "torch.optim.SGD", "optimizer.momentum": 0.9}
    plain = {key: value for key, value in GBMNET.items() if key != "optimizer._target_"}
    assert differing_keys([GBMNET, sgd, plain]) == [
        {"optimizer": "Adam"},
        {"optimizer": "SGD"},
        {"optimizer": "none"},
    ]


def test_experiment_and_fingerprint_are_named_only_where_nothing_else_tells() -> None:
    def named(name: str, fingerprint: str, **values: Any) -> dict[str, Any]:
        return GBMNET | {"name": name, "data.fingerprint": fingerprint} | values

    first, second = named("a", "f" * 64), named("b", "f" * 64)
    assert differing_keys([first, second]) == [{"name": "a"}, {"name": "b"}]
    first, second = named("a", "f" * 64), named("a", "e" * 64)
    told = differing_keys([first, second])
    assert told == [{"data.fingerprint": "f" * 12}, {"data.fingerprint": "e" * 12}]
    harmonised = {"data.harmonise.resolution": 128}
    told = differing_keys([named("a", "f"), named("b", "e", **harmonised)])
    assert told == [{"data.harmonise.resolution": "none"}, {"data.harmonise.resolution": "128"}]


@pytest.mark.parametrize(
    ("harmonised", "labels"),
    [
        ([{"resolution": None, "mask": False}], ["none"]),
        ([{"resolution": 128, "mask": True}], ["resolution=128, mask=true"]),
        ([{"resolution": 128, "mask": True}, {"resolution": 64, "mask": True}],
         ["resolution=128", "resolution=64"]),
        ([{"mask": True}, {"mask": True}], ["mask=true", "mask=true"]),
        ([{"mask": True}, {}], ["mask=true", "none"]),
    ],
)  # fmt: skip
def test_audits_are_named_by_what_differs(harmonised: list, labels: list) -> None:
    assert audit_labels(harmonised) == labels


def test_a_row_tells_runs_and_intervals() -> None:
    (row,) = settings_table([setting()], 0.95).rows
    assert list(row) == [
        "1: gbmnet, patient split", "4 of 4 folds, 1 seed", "1,234",
        "0.600 (0.500 to 0.700)", "0.610 (0.510 to 0.710)", "0.620 (0.520 to 0.720)",
    ]  # fmt: skip
    slow = {"optimizer.lr": "0.1", "scheduler": "none"}
    clash = {"optimizer.lr": "0.1", "head.lr": "0.2"}
    both = [setting(differs=slow, folds=None), setting(differs=clash, number=2)]
    table = settings_table(both, 0.9)
    assert "90 % interval" in table.note
    assert table.rows[0][0] == "1: gbmnet, patient split, lr=0.1, scheduler=none"
    assert table.rows[0][1] == "1 seed"
    assert table.rows[1][0] == "2: gbmnet, patient split, optimizer.lr=0.1, head.lr=0.2"


def test_a_spread_needs_several_runs() -> None:
    assert spread_table(setting()) is None
    pooled = replace(
        POOLED, over_folds=spreads(0.7, (0.6, 0.8)), over_seeds=spreads(0.75, (0.7,) * 3)
    )
    table = spread_table(setting(pooled=pooled, number=2))
    assert table is not None and table.title.startswith("2: gbmnet, patient split")
    assert len(table.rows) == 6
    assert list(table.rows[0]) == ["accuracy", "2 folds", "0.700", "0.012", "0.500", "0.900"]
    assert list(table.rows[4])[:3] == ["balanced accuracy", "3 seeds", "0.750"]


def test_a_class_without_scans_has_no_scores() -> None:
    glioma, notumor, *_ = setting_class_report(setting()).rows
    precision, recall, f1 = "0.750 (0.650 to 0.850)", "0.600 (0.500 to 0.700)", "0.667 (0.567 to"
    assert list(glioma[:3]) == ["glioma", precision, recall] and glioma[3].startswith(f1)
    assert notumor[1:] == ["–", "–", "–", "0"]  # noqa: RUF001 (the dash of rendering/numbers.py)


def test_a_terminal_has_room_for_every_score_of_a_class() -> None:
    tables = comparison_tables(comparison(setting()))
    (classes,) = (table for table in tables if table.title.endswith(": classes"))
    console = Console(width=80)
    with console.capture() as capture:
        console.print(to_rich(classes, console.width))
    assert "No room" not in capture.get() and "0.6670" in capture.get()


def test_what_must_be_known_is_said_beside_the_classes() -> None:
    assert setting_class_report(setting()).note == ""
    gaps = (MissingFolds(3, None, (1,)), MissingFolds(4, None, (0, 2)))
    told = setting_class_report(setting(missing=gaps, seeds=2, same_scans=False)).note
    assert "missing from these numbers: fold 1 of seed 3, fold 0 of seed 4, fold 2 of" in told
    assert "not tested on the same scans" in told
    assert "one scan" in setting_class_report(setting(seeds=2)).note
    assert "its own group" in setting_class_report(setting(grouped=False)).note


@pytest.mark.parametrize(
    ("candidates", "words"),
    [
        (("glioma",), "Lowest recall: glioma, separated from all others."),
        (("glioma", "notumor"), "Lowest recall: glioma, not separated from notumor."),
    ],
)
def test_whether_the_least_recall_is_told_from_the_others_is_said(
    candidates: tuple[str, ...], words: str
) -> None:
    pooled = replace(POOLED, least_recall=LeastRecall("glioma", {}, ("glioma",), candidates))
    assert words in setting_class_report(setting(pooled=pooled)).note


def test_healthy_classes_that_differ_are_said_beside_the_tumour_scores() -> None:
    other = setting(runs=(run(healthy="glioma"), run(healthy="glioma", seed=1)))
    none = setting(runs=(run(healthy=None),))
    assert comparison(setting(), setting(), none).different_healthy == ""
    both = comparison(setting(), other)
    assert "“2: gbmnet, patient split”: glioma" in both.different_healthy
    shown = comparison_markdown(both)
    assert both.different_healthy in shown and "cannot be compared" in shown
    within = comparison(setting(runs=(run(), run(healthy="glioma"))))
    assert "glioma and notumor" in within.different_healthy


def test_audits_stand_side_by_side() -> None:
    def compared(label: str, *values: float) -> ComparedAudit:
        scores = (probe_score("the margin", "four classes", "report", value) for value in values)
        return ComparedAudit(label, label, AUDIT.data, tuple(scores))

    audits = [compared("none", 0.8), compared("mask=true", 0.5)]
    accuracy, balanced = shortcut_tables(audits, "report")
    assert list(accuracy.columns[2:]) == ["none", "mask=true"]
    expected = ["the margin", "four classes", "0.800 (0.784 to 0.816)", "0.500 (0.484 to 0.516)"]
    assert [list(row) for row in accuracy.rows] == [expected]
    assert "balanced accuracy" in balanced.title


def test_the_document_holds_every_table_and_picture() -> None:
    both = comparison(setting(), setting())
    markdown = comparison_markdown(both)
    for table in comparison_tables(both):
        assert f"**{table.title}**" in markdown
    assert "](figures/confusion_1.png)" in markdown and "](figures/confusion_2.png)" in markdown
    assert "| specificity for a tumour | – | – |" in markdown  # noqa: RUF001
    assert "`runs/a`" in markdown and "Shortcuts" not in markdown


def test_pairs_tell_sign_size_and_chance() -> None:
    found = dict.fromkeys(
        ("accuracy", "balanced_accuracy", "macro_f1"), Interval(-0.0104, -0.03, 0.0096)
    )
    mcnemar = CorrectedMcNemar(12, 3, 0.03516, 0.14064)
    pairs = PairedTest(1, 2, 9, 3, mcnemar, found), PairedTest(1, 2, 9, 3, None, found)
    (table,) = pairs_tables(comparison(setting(), setting(), pairs=pairs))
    one, two = table.rows
    assert list(one[:3]) == [
        *("1: gbmnet, patient split", "2: gbmnet, patient split", "-0.010 (-0.030 to +0.010)")
    ]
    assert list(one[-4:]) == ["12", "3", "0.035", "0.14"]
    assert list(two[-4:]) == ["–"] * 4  # noqa: RUF001


def test_without_pairs_there_is_no_table() -> None:
    assert pairs_tables(comparison(setting())) == []
