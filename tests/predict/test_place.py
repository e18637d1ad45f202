"""`run=demo` is the newest demo run, and is trained where there is none."""

import shutil
from pathlib import Path

import pytest

from brain_tumor.predict import place
from brain_tumor.predict.place import run_place

SMALL = ["data.phantom.patients_per_class=3", "model.width=16", "trainer.max_epochs=1"]


def test_any_other_run_is_a_path() -> None:
    assert run_place("runs/a") == Path("runs/a")
    assert run_place("./demo") == Path("demo")


def test_a_demo_run_is_taken_and_named(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("demo/gbmnet/a", "mine/gbmnet/b"):
        Path("runs", name).mkdir(parents=True)
        shutil.copy(run / "run.json", Path("runs", name))
    assert run_place("demo") == Path("runs/demo/gbmnet/a")
    assert capsys.readouterr().out.startswith("run=demo is runs/demo/gbmnet/a, trained on phantoms")


def test_one_is_trained_once_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured = place.configured
    monkeypatch.setattr(
        place, "configured", lambda name, words: configured(name, [*words, "logger=none", *SMALL])
    )
    monkeypatch.chdir(tmp_path)
    first = run_place("demo", "cpu")
    assert "no demo run below runs/demo/ yet" in capsys.readouterr().out
    assert first.is_relative_to("runs/demo") and (first / "metrics.json").is_file()
    again = run_place("demo", "cpu")
    assert again == first
    assert "yet" not in capsys.readouterr().out
