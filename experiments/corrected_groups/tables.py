"""Scores over the groups of version 0.6, on what is left of their test scans, and over today's."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brain_tumor.compare.compared import PooledRunGroup
from brain_tumor.rendering.numbers import (
    format_count,
    format_interval,
    format_percent,
    format_score,
)
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.runs.finished import FinishedRun
from experiments.findings import Blocks, Findings, kept_runs

README = Path(__file__).with_name("README.md")
HEALTHY = "notumor"
# Settings that were trained again: experiment, network, unfrozen blocks; and what each is called.
AGAIN = {
    ("evidence", "gbmnet", None): "GBMnet, five epochs",
    ("evidence", "mobilenetv2", 0): "GBM_MobileNetV2net, five epochs",
    ("best_patient", "mobilenetv2", 16): "MobileNetV2, unfrozen (best_patient)",
    ("harmonised", "gbmnet", None): "GBMnet, harmonised scans",
    ("harmonised", "mobilenetv2", 0): "GBM_MobileNetV2net, harmonised scans",
    ("unfreeze", "mobilenetv2", 0): "three epochs, frozen",
    ("unfreeze", "mobilenetv2", 1): "three epochs, 1 block unfrozen",
    ("unfreeze", "mobilenetv2", 4): "three epochs, 4 blocks unfrozen",
    ("unfreeze", "mobilenetv2", 16): "three epochs, 16 blocks unfrozen",
}
Key = tuple[str, str, int | None]


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    return {
        README: {
            "related": to_markdown(related_table(kept_runs("corrected_groups"))),
            "scores": to_markdown(scores_table(found)),
        }
    }


def related_table(runs: Sequence[FinishedRun]) -> DataTable:
    """Lay out how many test scans of each fold of then have a related scan in training."""
    one = [run for run in runs if _key(run.setting) == next(iter(AGAIN))]
    rows = []
    for run in one:
        leak = None if run.metrics is None else run.metrics.leakage
        assert leak is not None and leak.lookalikes is not None, run.folder
        related = leak.overlaps["related"]
        alike = {one.level: one for one in leak.lookalikes}
        rows.append(
            [
                f"fold {run.fold}",
                format_count(leak.test),
                format_percent(related.share_of_all),
                format_percent(related.per_class[HEALTHY]),
                *(format_percent(alike[level].per_class[HEALTHY]) for level in (0.93, 0.95, 0.98)),
                format_percent(leak.overlaps["patient"].share_of_known),
            ]
        )
    columns = ["fold of 0.6", "test scans", "related", "healthy, related"]
    columns += [f"healthy, by {level}" for level in ("0.93", "0.95", "0.98")]
    return DataTable(
        "Test scans that have a related scan in training, over the groups of 0.6",
        [*columns, "known patients"],
        rows,
        "Related: by today's search. By 0.93 and so on: by the plain correlation of frames or "
        "heads, which knows nothing of that search. Known patients: those who are in training.",
    )


def scores_table(found: Findings) -> DataTable:
    """Lay out balanced accuracy and the recall of healthy scans: then, without relatives, today."""
    before = found.compared["corrected_groups"].settings
    rows = []
    kept = kept_runs("corrected_groups")
    for key, called in AGAIN.items():
        old = _setting(before, key)
        new = _setting(found.compared[key[0]].settings, key)
        left = _without_relatives([run for run in kept if _key(run.setting) == key])
        for kind, row in (("balanced accuracy", None), (f"recall of {HEALTHY}", HEALTHY)):
            rows.append([called, kind, _score(old, row), format_score(left[row]), _score(new, row)])
    return DataTable(
        "Four patient folds: over the groups of 0.6, and over today's",
        ["network", "score", "as 0.6 said", "without relatives", "trained again"],
        rows,
        "As 0.6 said: all test scans of its folds, in brackets 95 % intervals over today's groups. "
        "Without relatives: the same predictions of the test scans that have no related scan in "
        "training or validation. Trained again: over folds of today's groups.",
        text_columns=2,
    )


def _key(values: Mapping[str, Any]) -> Key:
    return values["name"], values["model.name"], values.get("model.unfreeze")


def _setting(settings: Sequence[PooledRunGroup], key: Key) -> PooledRunGroup:
    (own,) = [one for one in settings if one.split == "patient" and _key(one.values) == key]
    return own


def _score(setting: PooledRunGroup, label: str | None) -> str:
    pooled = setting.pooled
    if label is None:
        return format_interval(pooled.intervals.overall["balanced_accuracy"])
    return format_interval(pooled.intervals.recalls[pooled.scores.classes.index(label)])


def _without_relatives(runs: Sequence[FinishedRun]) -> dict[str | None, float]:
    """Give balanced accuracy (None) and recall by class on test scans without a relative."""
    right: dict[str, list[bool]] = {}
    for run in runs:
        assert run.groups is not None, run.folder
        tested = set(run.test)
        trained = {group for path, group in run.groups.items() if path not in tested}
        for path, (label, predicted) in run.test.items():
            if run.groups[path] not in trained:
                right.setdefault(label, []).append(label == predicted)
    recalls: dict[str | None, float] = {label: float(np.mean(own)) for label, own in right.items()}
    return recalls | {None: float(np.mean([*recalls.values()]))}
