"""Code of others runs where the user typed `trust=`, and nowhere else."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from brain_tumor.config.instantiate import instantiate
from brain_tumor.errors import ConfigError
from brain_tumor.train.check_config import check_training
from brain_tumor.train.resume import find_start
from brain_tumor.trust import find, trusting

MODULE = """
from os import system
from pathlib import Path
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger
from torch import nn
from torch.optim import SGD
from brain_tumor.data.transforms.nearest import NearestAugment

Path(__file__).with_name("imported").touch()

class Shout(Callback):
    def __init__(self, word: str = "hello") -> None:
        self.word = word

class Log(CSVLogger): pass

class Slow(SGD): pass

class Blur(NearestAugment): pass
"""
ASK = r"code of others, .* add trust=\[stranger\]\."


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package beside the user, and the file that it makes when it is imported."""
    place = tmp_path / "project" / "stranger"
    place.mkdir(parents=True)
    (place / "__init__.py").touch()
    (place / "parts.py").write_text(MODULE)
    (place / "broken.py").write_text("import no_such_library\n")
    monkeypatch.chdir(place.parent)
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one])
    yield place / "imported"
    for name in [name for name in sys.modules if name.partition(".")[0] == "stranger"]:
        del sys.modules[name]


def build(key: str, **node: Any) -> Any:
    return instantiate(OmegaConf.create(node), key)


@pytest.mark.parametrize(
    ("key", "name", "arguments"),
    [
        ("callbacks.mine", "Shout", {"word": "a"}),
        ("logger.mine", "Log", {"save_dir": "."}),
        ("optimizer", "Slow", {"lr": 0.1}),
    ],
)
def test_a_trusted_module_can_stand_in_every_place(
    stranger: Path, key: str, name: str, arguments: dict[str, Any]
) -> None:
    node = {"_target_": f"stranger.parts.{name}"} | arguments
    with pytest.raises(ConfigError, match=ASK) as caught:
        build(key, **node)
    assert "\n" not in str(caught.value)
    assert not stranger.exists(), "it is not even imported"
    with trusting(["stranger"]):
        made = build(key, **node)
    assert name in str(getattr(made, "func", type(made)))
    with pytest.raises(ConfigError, match=ASK):  # trust ends with the command
        build(key, **node)


def test_trust_of_one_part_is_no_trust_of_another(stranger: Path) -> None:
    with trusting("stranger.other"), pytest.raises(ConfigError, match=r"trust=\[stranger\]"):
        build("callbacks.mine", _target_="stranger.parts.Shout")
    with trusting("stranger.parts"):
        build("callbacks.mine", _target_="stranger.parts.Shout")


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("stranger.parts.Slow", "only a callback"),  # of another kind
        ("stranger.parts.system", "only a callback"),  # written elsewhere
        ("stranger.parts.SGD", "only a callback"),
        ("stranger.parts.Shouts", "stranger.parts has no Shouts: did you mean Shout"),
        ("stranger.broken.Shout", "stranger.broken cannot be imported .*no_such_library"),
        ("stranger.gone.Shout", "stranger.gone cannot be imported"),
        ("stranger.parts.Shout.__init__", "only a callback"),
        ("os.system", "only a callback"),
    ],
)
def test_trust_opens_no_more_than_it_says(stranger: Path, target: str, told: str) -> None:
    with trusting(["stranger"]), pytest.raises(ConfigError, match=told) as caught:
        build("callbacks.mine", _target_=target)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("modules", "told"),
    [
        (["strangr"], "there is no module strangr: install it, or type"),
        (["os"], "trust names os, which is Python's own"),
        (["subprocess.run"], "trust names subprocess.run, which is Python's own"),
        ([5], "trust must list modules"),
        (5, "trust must list modules"),
        (["../stranger"], "trust must list modules"),
        ([".stranger"], "trust must list modules"),
        ([""], "trust must list modules"),
    ],
)
def test_what_cannot_be_trusted_is_said(stranger: Path, modules: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told), trusting(modules):
        pytest.fail("nothing of it is trusted")
    assert find("stranger.parts.Shout", ()) is None


@pytest.fixture
def foreign_run(
    sweep: dict[float, Path], tmp_path: Path, stranger: Path
) -> Callable[[str, dict[str, Any]], Path]:
    """A run folder from elsewhere, whose configuration names its writer's code and trusts it."""

    def planted(key: str, node: dict[str, Any]) -> Path:
        run = Path(shutil.copytree(sweep[1e-3], tmp_path / "foreign"))
        node = {name: str(run) if name == "save_dir" else value for name, value in node.items()}
        config = OmegaConf.load(run / "config.yaml")
        OmegaConf.update(config, "trust", ["stranger"], force_add=True)
        OmegaConf.update(config, key, node, merge=False, force_add=True)
        OmegaConf.update(config, "trainer.max_epochs", 3)
        (run / "config.yaml").write_text(OmegaConf.to_yaml(config))
        return run

    return planted


@pytest.mark.parametrize(
    ("key", "name", "arguments"),
    [
        ("callbacks.mine", "Shout", {}),
        ("logger.mine", "Log", {"save_dir": "."}),
        ("optimizer", "Slow", {"lr": 0.1}),
        ("augment", "Blur", {}),
    ],
)
def test_a_run_from_elsewhere_does_not_widen_trust(
    foreign_run, compose, stranger: Path, key: str, name: str, arguments: dict[str, Any]
) -> None:
    run = foreign_run(key, {"_target_": f"stranger.parts.{name}"} | arguments)
    config = compose(f"resume={run}", "allow_changes=true")
    with ExitStack() as held:
        if key == "optimizer":  # fixed by the checkpoint, whatever is trusted
            with pytest.raises(ConfigError, match="cannot be resumed with another"):
                find_start(config, held)
            return
        start = find_start(config, held)
        with pytest.raises(ConfigError, match=ASK):
            check_training(start.config)
    assert not stranger.exists()


def test_such_a_run_opens_once_its_code_is_trusted(foreign_run, compose, stranger: Path) -> None:
    run = foreign_run("callbacks.mine", {"_target_": "stranger.parts.Shout"})
    with ExitStack() as held, trusting(["stranger"]):
        start = find_start(compose(f"resume={run}", "allow_changes=true"), held)
        check_training(start.config)
    assert stranger.exists()
