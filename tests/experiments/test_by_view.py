"""Views of scans: drawn apart, judged once, classified by what was judged."""

import csv
from collections import Counter

import numpy as np
import pytest

from brain_tumor.data.split import TEST, TRAIN
from experiments.by_view.classify import HEALTHY, JUDGED, VIEWS, classified_views, judged
from experiments.by_view.sheets import JUDGED as SCANS
from experiments.by_view.sheets import drawn
from experiments.by_view.tables import AXIAL, Lines, found_views, view_alone


@pytest.fixture(scope="module")
def lines() -> Lines:
    return found_views()


def test_no_group_is_drawn_for_training_and_for_testing() -> None:
    groups = np.random.default_rng(1).integers(0, 150, 2000)
    parts = drawn(groups, seed=3)
    assert [len(np.unique(rows)) for rows in parts.values()] == [SCANS, SCANS]
    assert not set(groups[parts[TRAIN]]) & set(groups[parts[TEST]])


def test_the_judged_scans_are_as_many_as_the_page_says(lines: Lines) -> None:
    with JUDGED.open(encoding="utf-8") as file:
        kept = [*csv.DictReader(file)]
    assert len({line["path"] for line in kept}) == len(kept)
    assert {line["view"] for line in kept} == {*VIEWS, "unclear"}
    assert Counter(line["part"] for line in kept)[TRAIN] == len(judged(TEST)) == SCANS
    assert [*judged(TRAIN).values()].count("unclear") == 1
    parts = [{lines[path]["group"] for path in judged(part)} for part in (TRAIN, TEST)]
    assert not parts[0] & parts[1]


def test_every_healthy_scan_that_is_called_coronal_or_sagittal_was_judged(lines: Lines) -> None:
    by_eye = judged(TRAIN, TEST, HEALTHY)
    called = {
        path: line
        for path, line in lines.items()
        if line["label"] == "notumor" and line["classified"] != AXIAL
    }
    assert len(called) == 116
    assert set(called) <= set(by_eye)
    counts = Counter((line["classified"], by_eye[path]) for path, line in called.items())
    assert sum(count for (_, eye), count in counts.items() if eye == AXIAL) == 15
    assert counts["sagittal", "coronal"] == 4
    assert sum(count for (_, eye), count in counts.items() if eye == "unclear") == 2
    for path, line in lines.items():
        assert line["view"] == by_eye.get(path, line["classified"])


def test_features_that_tell_the_view_are_enough() -> None:
    generator = np.random.default_rng(0)
    views = [VIEWS[number % 3] for number in range(90)]
    features = generator.normal(0, 0.1, (90, 6)).astype(np.float32)
    features[np.arange(90), np.arange(90) % 3] += 1
    assert classified_views(features, [*range(30)], views[:30]) == views


def test_a_rule_of_the_view_alone_is_counted_by_hand() -> None:
    rows = [("notumor", "axial", 3), ("notumor", "sagittal", 1), ("glioma", "axial", 1)]
    rows += [("glioma", "coronal", 1), ("notumor", "unclear", 5)]
    made = {
        f"{label}{view}{n}": {"label": label, "view": view, "group": str(n)}
        for label, view, count in rows
        for n in range(count)
    }
    found = view_alone(made)
    assert [found[name].value for name in ("healthy", "tumour", "both")] == [0.75, 0.5, 0.625]
