import json
from pathlib import Path

import pytest
from finished_runs import write_run

from brain_tumor.errors import DataError
from brain_tumor.runs.finished import read_run
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.run import RUN

TEST = [("a.png", "glioma", "glioma", "1")]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(write_run(tmp_path / "run", TEST))


def test_what_is_written_is_read_and_has_a_version(run: RunFolder) -> None:
    record = RUN.read(run)
    before = (run.path / "run.json").read_bytes()
    RUN.write(run, record)
    assert (run.path / "run.json").read_bytes() == before
    assert json.loads(before)["version"] == 1 and record.status == "finished"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", r"run\.json cannot be read \(it holds no named values\)"),
        ("{}", r"run\.json is damaged \(command is missing\): take the run folder"),
        ("{", r"run\.json cannot be read .* take the run folder"),
        ('{"version": 2}', r"later brain-tumor \(format 2, known up to 1\): update brain-tumor"),
        ('{"version": "x"}', r"run\.json is damaged"),
    ],
)
def test_what_is_no_record_is_refused_in_a_sentence(
    run: RunFolder, content: str, message: str
) -> None:
    (run.path / "run.json").write_text(content)
    with pytest.raises(DataError, match=message):
        read_run(run.path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("status", "done", "status must be started or interrupted"),
        ("seconds", "long", "seconds must be a number"),
        ("data", {"name": "phantom"}, r"data\.fingerprint is missing"),
        ("colour", 1, "colour is unknown"),
    ],
)
def test_a_wrong_field_is_named(run: RunFolder, key: str, value: object, message: str) -> None:
    content = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps(content | {key: value}))
    with pytest.raises(DataError, match=message):
        RUN.read(run)


def test_a_record_of_an_early_version_lacks_what_came_later(run: RunFolder) -> None:
    content = json.loads((run.path / "run.json").read_text())
    early = ("command", "versions", "machine", "git", "started", "device", "threads", "seed")
    early += ("data", "parameters", "status")
    (run.path / "run.json").write_text(json.dumps({key: content[key] for key in early}))
    record = RUN.read(run)
    assert record.hardware == {} and record.git_dirty is None
    assert record.fingerprint is None and record.resumed == ()
