"""What is typed without a key: the sentence names the key that the place was meant for."""

from pathlib import Path

import pytest
from hydra.errors import HydraException, OverrideParseException

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


def test_a_value_is_written_without_blanks() -> None:
    words = ["data", "=", "folder"]
    error = OverrideParseException(override="data", message="")
    assert "as in data=folder" in refusal(error, "train", words)


@pytest.mark.parametrize(
    ("command", "key"), [("predict", "model"), ("compare", "trust"), ("audit", "epochs")]
)
def test_a_key_of_train_is_not_mistaken_for_one_of_another_command(command: str, key: str) -> None:
    error = HydraException(f"Could not override '{key}'.")
    said = refusal(error, command, [f"{key}=1"])
    assert said == f"{key} is unknown to {command}, train has it: leave it out."


def test_what_a_loss_of_the_users_takes_is_added_by_a_plus() -> None:
    error = HydraException("Could not override 'loss.power'.")
    said = refusal(error, "train", ["loss._target_=my_losses.brier", "loss.power=2"])
    assert said.endswith("write +loss.power=VALUE.")
