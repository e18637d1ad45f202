"""Kept predictions by source: counted again from the files alone."""

import csv
import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from brain_tumor.compare.settings import gather
from experiments.by_source.tables import (
    BOTH,
    FIGSHARE,
    HEALTHY,
    OTHERS,
    README,
    SourcedAnswers,
    counted,
    sourced,
)
from experiments.findings import HERE, kept_runs

RUNS = HERE / "best_patient" / "runs"


@pytest.fixture(scope="module")
def answers() -> SourcedAnswers:
    (members,) = gather(kept_runs(RUNS.parent.name))
    return sourced(RUNS.parent.name, members)


def counted_again(folder: Path) -> Counter[tuple[str, str, str]]:
    """Count test scans by source, class and answer, from `predictions.csv.gz`."""
    with gzip.open(folder / "predictions.csv.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == "test"]
    sources = [FIGSHARE if row["patient"] else OTHERS for row in rows]
    return Counter(
        (source, row["label"], row["predicted"]) for source, row in zip(sources, rows, strict=True)
    )


def test_every_scan_is_of_one_source_and_counted_once_a_seed(answers: SourcedAnswers) -> None:
    expected = sum((counted_again(folder) for folder in RUNS.iterdir()), Counter())
    seeds = Counter(answers.paths)
    assert len(seeds) == 6589
    assert len(answers.paths) == expected.total() == 6589 * max(seeds.values())
    for source in (FIGSHARE, OTHERS):
        for label in answers.classes:
            scans = answers.of(label, source)
            for number, predicted in enumerate(answers.classes):
                found = int((answers.answers.predicted[scans] == number).sum())
                assert found == expected[source, label, predicted]
    assert not answers.of(HEALTHY, FIGSHARE).any()


def test_a_share_is_the_plain_one_inside_its_interval(answers: SourcedAnswers) -> None:
    for source in (FIGSHARE, OTHERS):
        scans = answers.of(BOTH, source)
        found = answers.share(scans, BOTH)
        assert found is not None
        right = (answers.answers.predicted == answers.answers.labels)[scans]
        assert found.value == pytest.approx(right.mean())
        assert found.low < found.value < found.high
    assert answers.share(np.zeros(len(answers.paths), bool), BOTH) is None


def test_no_group_holds_scans_of_two_sources(answers: SourcedAnswers) -> None:
    groups = answers.answers.groups
    assert not set(groups[answers.figshare]) & set(groups[~answers.figshare])


def test_the_counts_at_the_top_of_the_page_are_gbmnet_s_over_patients() -> None:
    top = README.read_text(encoding="utf-8").partition("```")[0]
    (members,) = (
        group
        for group in gather(kept_runs("evidence"))
        if (group[0].setting["model.name"], group[0].setting["split.name"]) == ("gbmnet", "patient")
    )
    own = sourced("evidence", members)
    for source in (FIGSHARE, OTHERS):
        assert counted(own, own.of(BOTH, source), HEALTHY) in top
