"""The report's own tables, as conf/ holds them, beside runs whose scans are the report's."""

from pathlib import Path
from typing import Any

import finished_runs
import hydra
import pytest
from omegaconf import DictConfig

from brain_tumor.audit.results.audit import PartCounts
from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.compare.page.published_table import note, published_table
from brain_tumor.compare.pooled_scores import compare_settings
from brain_tumor.compare.published import (
    CurvePoint,
    Published,
    PublishedTable,
    published_tables,
    report_names,
)
from brain_tumor.compare.settings import gather
from brain_tumor.config.arguments import parse_settings
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.runs.finished import read_run

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
REAL = dict(zip(CLASSES, (1620, 1530, 1699, 1740), strict=True))  # kept scans of each folder
NAMES = {"glioma": "meningioma", "meningioma": "notumor", "notumor": "glioma"}


@pytest.fixture(scope="module")
def config() -> DictConfig:
    register_resolvers()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return hydra.compose("compare", ["evaluation.resamples=100"])


def test_names_are_found_by_counts(config: DictConfig) -> None:
    counts = parse_settings(Published, config.published, "published").counts.classes
    assert report_names(REAL, counts) == NAMES | {"pituitary": "pituitary"}
    assert report_names(REAL | {"glioma": 1619}, counts) is None
    assert report_names({"glioma": 5}, counts) is None
    same = {name: PartCounts(1, 1) for name in "ab"}
    assert report_names({"a": 2, "b": 2}, same) is None  # could be either


def rows(part: str, wrong: int) -> list[finished_runs.Row]:
    """Give the report's scans of a part, of which meningioma has some called glioma."""
    sizes = {"train": (1215, 1147, 1274, 1305), "test": (405, 383, 425, 435)}[part]
    made = []
    for name, size in zip(CLASSES, sizes, strict=True):
        for number in range(size):
            called = "glioma" if name == "meningioma" and number < wrong else name
            made.append((f"{part}-{name}-{number}", name, called, f"{part}-{name}-{number}"))
    return made


def beside(tmp_path: Path, config: DictConfig, **values: Any) -> tuple[PublishedTable, ...]:
    run = finished_runs.write_run(
        tmp_path / "run", rows("test", 111), rows("train", 0), classes=CLASSES, **values
    )
    (run / "metrics.csv").write_text(
        "epoch,seconds,train/accuracy,test/accuracy\n19,1,0.5,0.5\n20,1,0.85,\n"
    )
    gathered = gather([read_run(run)])
    settings = compare_settings(
        gathered, parse_settings(ScoringSettings, config.evaluation, "evaluation")
    )
    return published_tables(
        gathered, settings, parse_settings(Published, config.published, "published")
    )


def test_a_run_on_the_report_s_scans_stands_beside_its_tables(
    tmp_path: Path, config: DictConfig
) -> None:
    train, test = beside(tmp_path, config)
    assert (train.table, test.table) == (1, 2)
    assert train.same_split and test.same_split
    by = {(row.label, row.measure): row for row in test.rows}
    recall = by["meningioma", "recall"]
    # 111 of 383 missed: the recall of 0.71 that the report prints under "no tumor".
    assert recall.ours is not None and recall.ours.value == pytest.approx(272 / 383)
    assert (recall.same_scans, recall.same_name) == (0.71, 0.93)
    assert by[None, "accuracy"].same_scans == 0.9066
    assert train.curve == (CurvePoint(20, 0.8342, 0.85), CurvePoint(200, 0.9555, None))
    table = published_table(test, "mine")
    shown = [list(row) for row in table.rows if row[:2] == ["meningioma", "recall"]]
    assert shown[0][3:] == ["0.71", "+0.000", "notumor", "0.93", "-0.220"]
    narrow = [list(row) for row in published_table(test, "mine", differences=False).rows]
    assert [row[3:] for row in narrow if row[:2] == ["meningioma", "recall"]] == [["0.71", "0.93"]]
    assert "permuted" in table.note and "another split" not in table.note


def test_another_split_is_said_and_other_scans_are_not_compared(
    tmp_path: Path, config: DictConfig
) -> None:
    _, test = beside(tmp_path / "a", config, values={"split.name": "official"})
    assert "another split" in note(test)
    other = {"values": {"model": {"name": "resnet"}}}
    assert beside(tmp_path / "b", config, **other) == ()
