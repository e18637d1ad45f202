"""A machine whose children have answered already, and distributions that are only named."""

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brain_tumor.doctor.child import Answer
from brain_tumor.doctor.machine import Machine

HEALTHY: dict[str, dict[str, dict[str, Any]]] = {
    "torch": {
        "torch": {"version": "2.15.0+cpu", "cuda": None, "hip": None, "threads": 2},
        "torchvision": {"version": "0.29.2+cpu"},
        "device": {
            "kind": "cpu",
            "cuda_available": False,
            "mps_available": False,
            "said": "",
            "difference": 0.0,
        },
        "network": {"all": 1000, "trained": 100},
        "weights": {"needed": False},
    },
    "opencv": {"opencv": {"version": "5.0.0", "decodes": True}},
    "plugins": {"plugins": {"complaints": []}},
    "loader": {"batches": {"whole": True, "seconds": 0.5}},
}


@pytest.fixture
def machine_with(compose) -> Callable[..., Machine]:
    """Give a machine on which all is well, but for what is given.

    Steps are changed by `child__step={...}`, whole answers by `child=Answer(...)`.
    """

    def made(*overrides: str, **answers: Any) -> Machine:
        machine = Machine(compose(*overrides, name="doctor"))
        for child, steps in HEALTHY.items():
            told = {step: dict(found) for step, found in steps.items()}
            for step in told:
                told[step].update(answers.get(f"{child}__{step}", {}))
            machine.__dict__[child] = answers.get(child, Answer(told))
        return machine

    return made


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a distribution look installed, before any other of its name."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    before = os.environ.get("PYTHONPATH")  # children see it, too
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), *([before] if before else [])]))

    def installed(name: str, version: str, *requires: str, **fields: str) -> Path:
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"{field.replace('_', '-')}: {value}" for field, value in fields.items()]
        lines += [f"Requires-Dist: {line}" for line in requires]
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        importlib.invalidate_caches()
        return site

    return installed
