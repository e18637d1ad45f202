"""The command as it is typed, on sound and on broken machines."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import brain_tumor
from brain_tumor.doctor import __main__ as doctor
from brain_tumor.doctor.finding import Finding

ROOT = Path(brain_tumor.__file__).parents[1]
PHANTOM = ("data=phantom", "model.width=16", "trainer=cpu")


def typed(cwd: Path, *words: str) -> subprocess.CompletedProcess:
    paths = [*(path for path in sys.path if Path(path).name == "site"), str(ROOT)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    environment.pop("BRAIN_TUMOR_DATA", None)
    command = [sys.executable, *words]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def topics(output: str, mark: str) -> list[str]:
    return [line.split()[1] for line in output.splitlines() if line.startswith(f"{mark} ")]


@pytest.mark.slow  # child processes that import torch
def test_a_sound_machine_exits_with_zero_and_stays_as_it_is(tmp_path: Path) -> None:
    ended = typed(tmp_path, "-m", "brain_tumor.doctor", *PHANTOM)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    expected = {"python", "packages", "hydra", "torch", "opencv", "device", "model", "weights"}
    assert expected | {"scans", "prepared", "folders"} <= set(topics(ended.stdout, "ok"))
    assert ended.stdout.splitlines()[-1].endswith("wrong: 0")
    assert list(tmp_path.iterdir()) == []


def test_broken_libraries_are_found_without_a_crash(
    tmp_path: Path, plant: Callable[[str, str], None]
) -> None:
    plant("torch", "import os; os.abort()")
    plant("cv2", "raise ImportError('libGL.so.1: cannot open')")
    plant("hydra_plugins/planted", "import a_missing_module")
    ended = typed(tmp_path, "-m", "brain_tumor.doctor", *PHANTOM)
    assert (ended.returncode, ended.stderr) == (1, ""), ended.stdout
    assert topics(ended.stdout, "wrong") == ["torch", "opencv"]
    assert "hydra" in topics(ended.stdout, "note")
    assert {"packages", "folders"} <= set(topics(ended.stdout, "ok"))


@pytest.mark.parametrize("module", ["omegaconf", "hydra_plugins/planted", "packaging"])
def test_without_a_configuration_packages_are_checked_all_the_same(
    tmp_path: Path, plant: Callable[[str, str], None], module: str
) -> None:
    plant(module, "raise RuntimeError('planted')")
    plant("torch", "raise ImportError('torch')")
    plant("cv2", "raise ImportError('cv2')")
    ended = typed(tmp_path, "-m", "brain_tumor.doctor", *PHANTOM)
    assert (ended.returncode, ended.stderr) == (1, ""), ended.stdout
    assert "RuntimeError: planted" in ended.stdout
    assert module in ended.stdout or "/" not in module
    assert "packages" in ended.stdout


def test_no_library_that_may_crash_is_imported_by_the_command_itself(tmp_path: Path) -> None:
    here = {check for group in doctor.IN_CHILD for check in group}.symmetric_difference(
        {*doctor.PACKAGE_CHECKS, *doctor.TRAINING_CHECKS}
    )
    files = {"__main__", *(check.partition(".")[0] for check in here)}
    imports = ", ".join(f"brain_tumor.doctor.{name}" for name in files)
    code = f"import sys, brain_tumor.cli.command, {imports}; print(*sys.modules)"
    ended = typed(tmp_path, "-c", code)
    assert "brain_tumor.doctor.resources" in ended.stdout, ended.stderr
    assert {"torch", "torchvision", "lightning", "cv2"}.isdisjoint(ended.stdout.split())


def test_findings_are_printed_with_their_fixes_and_counted(
    capsys: pytest.CaptureFixture,
) -> None:
    good, bad = Finding("ok", "a", "fine"), Finding("wrong", "b", "not\nfine", "solve it")
    doctor.report([good])
    with pytest.raises(SystemExit) as ended:
        doctor.report([good, bad])
    assert ended.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "ok: 1, note: 0, wrong: 0"
    assert [line.split() for line in lines[3:]] == [
        ["wrong", "b", "not", "fine"],
        ["fix:", "solve", "it"],
        ["ok:", "1,", "note:", "0,", "wrong:", "1"],
    ]


def test_a_path_that_the_terminal_cannot_show_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    doctor.report([Finding("ok", "folders", "/home/josé")])
    assert b"/home/jos\\xe9" in written.getvalue()


def test_a_check_that_raises_is_wrong_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brain_tumor.doctor.packages", None)
    checks = ["packages.versions", "libraries.opencv_imports"]
    findings = [*doctor.run_checks(checks[:1]), *doctor.run_checks(checks[1:], None, {})]
    assert [(finding.mark, finding.topic) for finding in findings] == [
        ("wrong", "packages"),
        ("ok", "opencv"),
    ]
