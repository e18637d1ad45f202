"""`run=last` is the newest run that came to its end."""

import json
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from brain_tumor.cli.last_run import fill_last
from brain_tumor.errors import DataError


@pytest.fixture(autouse=True)
def some_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, status, started in (
        ("demo/gbmnet/a", "finished", "2026-01-02T00:00:00+00:00"),
        ("demo/sweep-b/0-gbmnet", "finished", "2026-01-03T00:00:00+00:00"),
        ("demo/gbmnet/c", "interrupted", "2026-01-04T00:00:00+00:00"),
        ("tune/tune-d/0", "trained", "2026-01-05T00:00:00+00:00"),
    ):
        folder = Path("runs", name)
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps({"status": status, "started": started}))
    Path("runs/broken").mkdir()
    Path("runs/broken/run.json").write_text("{")


NEWEST = "runs/demo/sweep-b/0-gbmnet"


@pytest.mark.parametrize("command", ["evaluate", "predict", "export", "app"])
def test_it_is_put_in_its_place_and_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    config = OmegaConf.create({"run": "last"})
    fill_last(command, config)
    assert config.run == NEWEST
    assert capsys.readouterr().out == f"run=last is {NEWEST}\n"


@pytest.mark.parametrize("runs", ["last", ["x", "last"]])
def test_it_may_stand_in_a_list(runs: str | list[str]) -> None:
    config = OmegaConf.create({"runs": runs})
    fill_last("compare", config)
    assert config.runs == (NEWEST if runs == "last" else ["x", NEWEST])


@pytest.mark.parametrize("run", ["./last", "runs/last", "???"])
def test_a_folder_of_that_name_is_left(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    config = OmegaConf.create({"run": run})
    fill_last("evaluate", config)
    assert OmegaConf.to_container(config) == {"run": run}
    assert capsys.readouterr().out == ""


def test_where_runs_lie_is_no_run() -> None:
    config = OmegaConf.create({"runs": "last"})
    fill_last("train", config)
    assert config.runs == "last"


def test_without_a_finished_run_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(DataError, match="no finished run"):
        fill_last("evaluate", OmegaConf.create({"run": "last"}))
