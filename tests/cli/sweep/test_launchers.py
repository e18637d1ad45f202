import pytest

from brain_tumor.cli.sweep import launchers
from brain_tumor.cli.sweep.launchers import NEEDS, check_launcher
from brain_tumor.errors import ConfigError


@pytest.mark.parametrize("choice", NEEDS)
def test_a_launcher_that_is_not_installed_is_named_with_its_extra(
    choice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["-m", f"hydra/launcher={choice}", "seed=0,1"]
    check_launcher(words)  # the tests install them
    monkeypatch.setattr(launchers, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=rf"pip install 'brain-tumor\[{NEEDS[choice][1]}\]'"):
        check_launcher(words)


def test_others_are_hydra_s_own_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launchers, "find_spec", lambda name: None)
    check_launcher(["-m", "hydra/launcher=basic", "hydra.launcher.n_jobs=2", "seed=0"])
