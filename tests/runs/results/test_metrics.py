"""Files of earlier versions hold the same numbers at other places."""

import json
import operator
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brain_tumor.errors import DataError
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.complexity import COMPLEXITY
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.runs.results.run import RUN

ROOT = Path(__file__).parents[3] / "experiments"
KEPT = sorted(ROOT.glob("*/runs/*"))
NAME = operator.attrgetter("name")


# What only groups other fields, or is nothing but the name of a number in an interval.
GROUPS = {"intervals", "scores", "confidence", "value"}
ENDS = {"low": "0", "high": "1"}  # a pair without names up to 0.6


def values(content: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Give every value that is not null with its place, groups left out."""
    if isinstance(content, dict):
        for key, one in content.items():
            yield from values(one, place if key in GROUPS else (*place, ENDS.get(key, key)))
    elif isinstance(content, list):
        for number, one in enumerate(content):
            yield from values(one, (*place, str(number)))
    elif content is not None:
        yield place, content


@pytest.mark.parametrize("question", sorted({folder.parents[1] for folder in KEPT}), ids=NAME)
def test_every_value_of_every_kept_run_is_at_its_place_today(question: Path) -> None:
    for folder in (one for one in KEPT if question in one.parents):
        plain = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        assert plain.pop("version", 1) == 1  # files of earlier versions have none
        before = list(values(plain))
        today = list(values(METRICS.to_plain(METRICS.read(RunFolder(folder)))))
        assert len(before) == len(dict(before)) > 100, folder  # no two are taken for one
        assert sorted(today) == sorted([*before, (("version",), 1)]), folder


@pytest.mark.parametrize("folder", KEPT[::9], ids=NAME)
def test_a_kept_run_written_today_is_the_same(folder: Path, tmp_path: Path) -> None:
    metrics = METRICS.read(RunFolder(folder))
    METRICS.write(RunFolder(tmp_path), metrics)
    assert METRICS.read(RunFolder(tmp_path)) == metrics
    assert RUN.read(RunFolder(folder)).status == "finished"
    assert COMPLEXITY.read(RunFolder(folder)).parameters > 0


def test_what_an_early_file_lacks_is_none(tmp_path: Path) -> None:
    content = json.loads((KEPT[0] / "metrics.json").read_text(encoding="utf-8"))
    for part in content["parts"].values():
        del part["macro_f1"], part["intervals"]["macro_f1"], part["patients"]
    del content["leakage"]
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    metrics = METRICS.read(RunFolder(tmp_path))
    assert metrics.leakage is None
    assert {part.value("macro_f1") for part in metrics.parts.values()} == {None}
    assert {part.patients for part in metrics.parts.values()} == {None}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content.pop("parts"), "parts is missing"),
        (lambda content: content["parts"]["test"].pop("scans"), "scans is missing"),
        (lambda content: content["parts"].update(test=3), "is damaged"),
        (lambda content: content["temperature"].update(value="hot"), r"temperature\.value must be"),
    ],
)
def test_a_damaged_file_is_refused_in_a_sentence(damage, message: str, tmp_path: Path) -> None:
    content = json.loads((KEPT[0] / "metrics.json").read_text(encoding="utf-8"))
    damage(content)
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=rf"metrics\.json is damaged \(.*{message}|{message}"):
        METRICS.read(RunFolder(tmp_path))
