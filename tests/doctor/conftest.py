"""A composed configuration without scans, and packages that only look installed."""

import importlib
from collections.abc import Callable
from pathlib import Path

import hydra
import pytest
from omegaconf import DictConfig

from brain_tumor.cli.command import conf_folder, register_resolvers

Configure = Callable[..., DictConfig]
Install = Callable[..., None]
Plant = Callable[[str, str], None]


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Compose conf/doctor.yaml with folders in tmp_path."""

    def configured(*overrides: str) -> DictConfig:
        register_resolvers()
        places = (f"runs={tmp_path / 'runs'}", f"data.prepared={tmp_path / 'prepared'}")
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            return hydra.compose("doctor", [*places, *overrides])

    return configured


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that Python searches first."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def install(site: Path) -> Install:
    """Make a distribution look installed."""

    def installed(name: str, version: str, *requires: str, python: str = ">=3.10") -> None:
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Python: {python}", *(f"Requires-Dist: {line}" for line in requires)]
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        importlib.invalidate_caches()

    return installed


@pytest.fixture
def plant(site: Path) -> Plant:
    """Write a module that child processes import in place of the installed one."""

    def planted(name: str, content: str) -> None:
        path = site / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content + "\n")

    return planted
