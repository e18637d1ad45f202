"""Hydra builds its own classes and ours, whatever a folder of configurations asks for."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import hydra
import pytest

from brain_tumor.cli.hydra_targets import check_hydra, foreign_folders
from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.errors import ConfigError
from brain_tumor.train.__main__ import main


@pytest.fixture
def typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[object, str]]:
    """Type train with a foreign folder of configurations; give the exit status and what it said."""
    monkeypatch.chdir(tmp_path)

    def run(text: str, *words: str) -> tuple[object, str]:
        folder = tmp_path / "foreign" / "experiment"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "theirs.yaml").write_text(f"# @package _global_\n{text}")
        place = ("--config-dir", str(folder.parent), "experiment=theirs", "data=phantom")
        monkeypatch.setattr(sys, "argv", ["train", *place, *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("group", "node"),
    [
        ("callbacks.x", "{_target_: pip._internal.cli.main.main, args: [list]}"),
        ("callbacks.x", "{_target_: builtins.exec}"),
        ("callbacks.x", "{_target_: brain_tumor.cli.sweep.record.Path}"),
        ("callbacks.x", "{_target_: brain_tumor.cli.sweep.record.os.system}"),
        ("callbacks.x", "{_target_: [os, system]}"),
        ("callbacks.x", "${planted}"),
        ("launcher", "{_target_: hydra.utils.instantiate}"),
        ("launcher", "{_target_: hydra._internal.utils.run_and_report}"),
        ("sweeper", "{_target_: timeit.timeit}"),
        ("sweeper", "{_target_: hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper}"),
        ("job_logging.formatters.x", "{(): pip._internal.cli.main.main}"),
        ("job_logging.handlers.x", "{class: logging.os.system}"),
        ("hydra_logging.handlers.x", "{class: logging.StreamHandler, stream: 'ext://this.s'}"),
    ],
)
def test_nothing_else_is_built(typed, tmp_path: Path, group: str, node: str) -> None:
    names = ["hydra", *group.split(".")]
    nested = "\n".join(f"{'  ' * depth}{name}:" for depth, name in enumerate(names))
    status, said = typed(f"{nested} {node}\nplanted: {{_target_: os.getcwd}}\n")
    assert status == 2
    assert said.startswith(f"brain_tumor: hydra.{group}")
    assert said.count("\n") == 1
    assert [one.name for one in tmp_path.iterdir()] == ["foreign"]


def test_trust_of_a_foreign_folder_has_to_be_typed(typed) -> None:
    status, said = typed("trust: [json_of_theirs]\n")
    assert status == 2
    assert "trust is not taken from" in said
    assert said.endswith("type it as trust=[json_of_theirs]\n")


def test_a_foreign_folder_cannot_say_what_was_typed(typed) -> None:
    forged = "trust: [json_of_theirs]\nhydra: {overrides: {task: ['trust=[json_of_theirs]']}}\n"
    status, said = typed(forged)
    assert status == 2
    assert said.startswith("brain_tumor: hydra.overrides")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("job.env_set", "{PATH: '/of theirs'}"),
        ("job.env_set", "{PYTHONPATH: /theirs}"),
        ("job.chdir", "true"),
        ("launcher.setup", "[make mischief]"),
        ("launcher.additional_parameters", "{setup: [make mischief]}"),
    ],
)
def test_programs_and_modules_are_not_looked_for_elsewhere(typed, key: str, value: str) -> None:
    group, name = key.split(".")
    # Another variable is typed: that says nothing of theirs.
    words = ["+hydra.job.env_set.MINE=1"]
    if group == "launcher":
        words.append("hydra/launcher=slurm")
    theirs = f"hydra: {{{group}: {{{name}: {value}}}}}\n"
    status, said = typed(theirs, *words)
    assert status == 2
    assert said.startswith(f"brain_tumor: hydra.{key}")
    remedy = shlex.split(said.partition(" type it as ")[2])
    _, said = typed(theirs, *words, *remedy, "seed=none")  # which is refused later
    assert said.startswith("brain_tumor: seed must be")


def test_what_was_typed_is_done(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "theirs.yaml").write_text("# @package _global_\nseed: 1\n")
    words = ["+hydra.job.env_set.MINE=1", "hydra.job.chdir=true", "experiment=theirs"]
    words.append(f"hydra.searchpath=[{tmp_path}]")
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("train", words, return_hydra_config=True)
        assert foreign_folders(config.hydra) == [str(tmp_path)]
        check_hydra(config, words)


@pytest.mark.parametrize(
    "words", [[], ["hydra/launcher=joblib"], ["hydra/launcher=slurm"], ["hydra/job_logging=stdout"]]
)
def test_what_we_ship_is_built(words: list[str]) -> None:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        check_hydra(hydra.compose("train", words, return_hydra_config=True), words)


def test_a_class_that_is_not_there_is_refused() -> None:
    words = ["hydra.launcher._target_=hydra_plugins.nobody.Launcher"]
    with (
        hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"),
        pytest.raises(ConfigError, match=r"hydra\.launcher\._target_"),
    ):
        check_hydra(hydra.compose("train", words, return_hydra_config=True), words)
