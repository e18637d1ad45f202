"""Tab: what is offered for a command line, and that bash takes it."""

import os
import pty
import select
import shutil
import sys
import time
from pathlib import Path

import pytest

from brain_tumor.__main__ import COMMANDS, SHELLS
from brain_tumor.cli.completion import SCRIPTS, candidates


def test_groups_keys_and_choices_are_offered_one_step_at_a_time() -> None:
    assert candidates("train", "mo") == ["model.", "model="]
    assert candidates("train", "model=") == [
        "model=gbmnet",
        "model=mobilenetv2",
        "model=own",
        "model=timm",
        "model=torchvision",
    ]
    assert candidates("train", "data.batch") == ["data.batch_size="]
    assert candidates("compare", "eval") == ["evaluation.", "evaluation="]
    assert candidates("train", "--m") == ["--multirun"]


def test_what_is_offered_follows_from_what_was_typed_before() -> None:
    assert "model.unfreeze=" in candidates("train", "-m model=mobilenetv2 seed=0,1 model.")
    assert "model.unfreeze=" not in candidates("train", "model.")
    assert "split.fold=" in candidates("train", "split=patient nonsense split.")


def test_aliases_and_their_values_are_offered() -> None:
    assert candidates("train", "ep") == ["epochs="]
    assert candidates("train", "epochs=") == ["epochs=200"]
    assert candidates("predict", "device=m") == ["device=mps"]


def test_choices_and_keys_of_a_folder_of_ones_own_are_offered(tmp_path: Path) -> None:
    own = tmp_path / "my(conf)" / "augment"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text("_target_: mine.Stripes\nstrength: 1.0\n")
    folder = f"--config-dir {own.parent}"
    assert {"augment=mine", "augment=mri"} <= {*candidates("train", f"-m {folder} augment=")}
    assert "augment=mine" not in candidates("train", "augment=")
    assert "augment.strength=" in candidates("train", f"{folder} augment=mine augment.")
    assert candidates("train", "--config-d") == ["--config-dir"]
    assert candidates("train", "--config-dir ") == []  # the shell offers folders


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_something_to_offer(command: str) -> None:
    assert candidates(command, "")
    assert not [name for name in candidates(command, "") if name.startswith("hydra")]


def test_nothing_is_offered_for_a_folder_so_that_the_shell_offers_files() -> None:
    assert candidates("evaluate", "run=") == []


def test_there_is_a_script_for_each_shell() -> None:
    assert set(SCRIPTS) == set(SHELLS)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Make `brain-tumor`, as an installation does."""
    script = tmp_path / "bin" / "brain-tumor"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m brain_tumor "$@"\n')
    script.chmod(0o755)
    return script


class Terminal:
    """An interactive bash that keys are sent to."""

    def __init__(self, program: Path, folder: Path) -> None:
        environment = os.environ | {
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PS1": "> ",
            "TERM": "dumb",
        }
        self.process, self.screen = pty.fork()
        if not self.process:
            os.chdir(folder)
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environment)

    def press(self, keys: str, until: str) -> str:
        """Send keys, and give what the screen shows once it shows `until`."""
        os.write(self.screen, keys.encode())
        shown, end = "", time.monotonic() + 30
        while until not in shown and time.monotonic() < end:
            if select.select([self.screen], [], [], 0.2)[0]:
                shown += os.read(self.screen, 4096).decode().replace("\a", "")
        assert until in shown, shown
        return shown

    def end(self) -> None:
        os.write(self.screen, b"\x15exit\n")
        os.waitpid(self.process, 0)
        os.close(self.screen)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_commands_groups_values_and_folders(program: Path, tmp_path: Path) -> None:
    (tmp_path / "runs" / "demo").mkdir(parents=True)
    bash = Terminal(program, tmp_path)
    bash.press('eval "$(brain-tumor completion bash)"; echo rea""dy\n', "ready")
    bash.press("brain-tumor tra\t", "train ")
    bash.press("mod\t", "model")
    bash.press("=mob\t", "=mobilenetv2 ")
    bash.press("model.unf\t", "model.unfreeze=")
    bash.press("3 lr\t", "lr=")
    bash.press("\x15brain-tumor evaluate run=ru\t", "run=runs/")
    bash.end()
