"""`brain-tumor`: every command under one name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import brain_tumor
from brain_tumor import __main__ as program
from brain_tumor.cli.completion import SCRIPTS

ROOT = Path(brain_tumor.__file__).parent


def called(*words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["brain-tumor", *words])
    program.main()


def test_every_command_is_listed() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__main__.py")}
    assert {*folders, "prepare"} == program.COMMANDS.keys()


@pytest.mark.parametrize("words", [(), ("--help",), ("help",)])
def test_alone_it_lists_the_commands_in_a_screen(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called(*words, monkeypatch=monkeypatch)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    for name in program.COMMANDS:
        assert any(line.split()[:1] == [name] for line in lines)


def test_the_version_is_the_package_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called("--version", monkeypatch=monkeypatch)
    assert capsys.readouterr().out == f"brain-tumor {brain_tumor.__version__}\n"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("trian",), "did you mean train?"),
        (("model=gbmnet",), "brain-tumor train"),
        (("completion", "tcsh"), "bash, zsh, fish"),
        (("completion",), "bash, zsh, fish"),
    ],
)
def test_a_mistake_ends_with_one_sentence(
    words: tuple[str, ...],
    named: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        called(*words, monkeypatch=monkeypatch)
    assert ended.value.code == 2
    assert named in capsys.readouterr().err


@pytest.mark.parametrize("shell", program.SHELLS)
def test_it_prints_the_script_of_a_shell(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called("completion", shell, monkeypatch=monkeypatch)
    assert capsys.readouterr().out.strip() == SCRIPTS[shell].strip()


def typed(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT.parent)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_runs_a_command_as_python_does(tmp_path: Path) -> None:
    ours, pythons = (
        typed("-m", *words, "--help", cwd=tmp_path)
        for words in (("brain_tumor", "predict"), ("brain_tumor.predict",))
    )
    assert ours.returncode == 0, ours.stderr
    assert ours.stdout == pythons.stdout
    assert list(tmp_path.iterdir()) == []


def test_listing_and_importing_need_no_library(tmp_path: Path) -> None:
    run = "import sys, brain_tumor.__main__ as m; sys.argv[1:] = []; m.main(); print(*sys.modules)"
    loaded = set(typed("-c", run, cwd=tmp_path).stdout.splitlines()[-1].split())
    assert "brain_tumor.errors" in loaded
    assert not loaded & {"torch", "hydra", "omegaconf", "numpy", "rich", "lightning"}
