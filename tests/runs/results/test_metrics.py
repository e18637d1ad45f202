"""Files of earlier versions hold the same numbers at other places."""

import json
from pathlib import Path

import pytest

from brain_tumor.errors import DataError
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.complexity import COMPLEXITY
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.runs.results.run import RUN

ROOT = Path(__file__).parents[3] / "experiments"
KEPT = sorted(ROOT.glob("*/runs/*"))


@pytest.mark.parametrize("folder", KEPT[::9], ids=lambda path: path.name)
def test_a_kept_run_of_an_earlier_version_is_read_in_full(folder: Path, tmp_path: Path) -> None:
    before = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert "version" not in before
    metrics = METRICS.read(RunFolder(folder))
    assert list(metrics.parts) == list(before["parts"])
    for name, old in before["parts"].items():
        part = metrics.parts[name]
        for key in ("accuracy", "balanced_accuracy", "macro_f1"):
            found = part.scores[key]
            assert [found.value, found.low, found.high] == [old[key], *old["intervals"][key]]
        for label, own in part.per_class.items():
            ends = old["intervals"]["per_class"][label]["recall"]
            assert [own.recall.value, own.recall.low, own.recall.high] == [
                old["per_class"][label]["recall"],
                *ends,
            ]
            assert own.support == old["per_class"][label]["support"]
        soft = part.confidence.probabilities
        assert soft.scores["nll"].value == old["probabilities"]["nll"]["value"]
        assert len(soft.reliability) == len(old["probabilities"]["reliability"])
        assert (part.confidence.calibrated is None) == (old["calibrated"] is None)
        assert part.confidence.tumour.threshold == old["tumour"]["threshold"]
        assert part.patients.by_patient.recalls.keys() == old["per_class"].keys()
    assert metrics.leakage.overlaps["any"].shared == before["leakage"]["overlaps"]["any"]["shared"]
    # Written today, it is the same.
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
