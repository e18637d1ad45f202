from pathlib import Path

from brain_tumor.doctor.child import Answer, ask
from brain_tumor.doctor.finding import Mark
from brain_tumor.doctor.plugins import hydra_plugins

CHILD = "brain_tumor.doctor.plugin_child"


def test_plugins_that_load_are_well(machine_with) -> None:
    (found,) = hydra_plugins(machine_with())
    assert found.mark is Mark.OK


def test_the_old_sweeper_is_named(machine_with, install) -> None:
    install("hydra-optuna-sweeper", "1.2.0")
    (found,) = hydra_plugins(machine_with())
    assert found.mark is Mark.WARNING
    assert found.remedy == "python -m pip uninstall hydra-optuna-sweeper"


def test_hydra_that_does_not_answer_is_told(machine_with) -> None:
    (found,) = hydra_plugins(machine_with(plugins=Answer({}, "it crashed (SIGSEGV)")))
    assert found.mark is Mark.WARNING
    assert "SIGSEGV" in found.found


def test_a_plugin_that_does_not_import_is_named(machine_with, install) -> None:
    site: Path = install("hydra-planted", "1.0")
    (site / "hydra_plugins").mkdir()
    (site / "hydra_plugins/planted.py").write_text("import a_module_that_is_not_there\n")
    answer = ask(CHILD, {}, 60)
    (found,) = hydra_plugins(machine_with(plugins=answer))
    assert found.mark is Mark.WARNING
    assert "hydra_plugins.planted" in found.found
