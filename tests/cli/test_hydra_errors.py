"""What is typed without a key: the sentence names the key that the place was meant for."""

from pathlib import Path

import pytest
from hydra.errors import OverrideParseException

from brain_tumor.cli.hydra_errors import refusal


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    (tmp_path / "scans").mkdir()
    (tmp_path / "model.onnx").touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("command", "word", "meant"),
    [
        ("evaluate", "run", "run=run"),
        ("predict", "run", "run=run"),
        ("predict", "model.onnx", "run=model.onnx"),
        ("predict", "scans", "input=scans"),
        ("train", "run", "resume=run"),
        ("train", "scans", "data.root=scans"),
        ("prepare", "scans", "data.root=scans"),
        ("compare", "run", '"runs=[run]"'),
        ("compare", "scans", '"runs=[scans]"'),
        ("train", "seed", "seed=VALUE"),
    ],
)
def test_a_place_without_a_key_is_given_its_key(command: str, word: str, meant: str) -> None:
    error = OverrideParseException(override=word, message="")
    said = refusal(error, command, [word])
    assert said == f"{word!r} has no value: write {meant}"
