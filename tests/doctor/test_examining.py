import io
import sys
from collections.abc import Iterator

import pytest

from brain_tumor.doctor import examining
from brain_tumor.doctor.examining import OF_A_RUN, WITHOUT_CONFIG, examine_without_hydra
from brain_tumor.doctor.finding import Finding, Mark, broken, ok, warning


def well() -> Iterator[Finding]:
    yield ok("a", "fine")


def ill() -> Iterator[Finding]:
    yield warning("b", "not\nfine", "mend it")
    yield broken("b", "gone", "bring it")


def faulty() -> Iterator[Finding]:
    yield ok("c", "so far")
    raise KeyError("unforeseen")


def shown(capsys: pytest.CaptureFixture, **checks) -> tuple[list[str], dict[Mark, int]]:
    counts = examining.show(checks.items())
    return capsys.readouterr().out.splitlines(), counts


def test_a_line_for_each_with_its_remedy_below(capsys: pytest.CaptureFixture) -> None:
    lines, counts = shown(capsys, well=well, ill=ill)
    assert lines == [
        "ok       a               fine",
        "warning  b               not fine",
        "                         -> mend it",
        "broken   b               gone",
        "                         -> bring it",
        "1 ok, 1 warning, 1 broken",
    ]
    assert counts == {Mark.OK: 1, Mark.WARNING: 1, Mark.BROKEN: 1}


def test_a_check_that_raises_is_broken_and_stops_no_other(capsys: pytest.CaptureFixture) -> None:
    lines, counts = shown(capsys, faulty=faulty, well=well)
    assert lines[1].startswith("broken   faulty          this check failed: KeyError: 'unforeseen'")
    assert counts == {Mark.OK: 2, Mark.BROKEN: 1}
    assert lines[-1] == "2 ok, 0 warnings, 1 broken"


def test_a_terminal_without_accents_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    examining.show([("a", lambda: [ok("folders", "/home/josé can be written to")])])
    assert b"/home/jos\\xe9 can be written to" in written.getvalue()


def test_a_file_that_does_not_import_breaks_its_own_checks(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, f"{examining.__package__}.packages", None)
    counts = examine_without_hydra(ImportError("no hydra"))
    lines = capsys.readouterr().out.splitlines()
    own = [line for line in lines if line.startswith("broken   packages.")]
    assert len(own) == sum(name.startswith("packages.") for name in WITHOUT_CONFIG)
    assert lines[0].startswith("ok       python")
    assert counts[Mark.BROKEN] == len(own) + 1


def test_without_hydra_packages_are_examined_all_the_same(capsys: pytest.CaptureFixture) -> None:
    counts = examine_without_hydra(ImportError("no module"))
    lines = capsys.readouterr().out.splitlines()
    assert counts[Mark.BROKEN] == 1
    assert "broken   hydra           no configuration can be read: ImportError: no module" in lines


def test_every_check_of_a_run_is_well_on_a_healthy_machine(
    machine_with, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    machine = machine_with("workers=1")
    monkeypatch.setattr(examining, "Machine", lambda config: machine)
    monkeypatch.setattr(examining, "WITHOUT_CONFIG", ())
    counts = examining.examine(machine.config)
    said = capsys.readouterr().out
    assert "this check failed" not in said
    assert counts[Mark.BROKEN] == 0
    assert counts.total() >= len(OF_A_RUN)


@pytest.mark.parametrize("override", ["trainer=null", "model=null", "data.crop=null"])
def test_no_configuration_makes_the_doctor_raise(
    machine_with, monkeypatch: pytest.MonkeyPatch, override: str
) -> None:
    machine = machine_with()
    key = override.partition("=")[0]
    place, _, name = key.rpartition(".")
    node = machine.config[place] if place else machine.config
    node[name] = None
    monkeypatch.setattr(examining, "Machine", lambda config: machine)
    examining.examine(machine.config)
