"""A benchmark's materials on the session's phantoms."""

from pathlib import Path

import pytest
from omegaconf import DictConfig

from benchmarks.materials import Materials, lay_ready

SMALL = ("steps=2", "lead=1", "repeats=1", "warm_up=1", "data.batch_size=2", "threads=1")
SMALL += ("test_scans=4", "models.gbmnet.width=8", "models.mobilenetv2.width=8")


@pytest.fixture
def small(compose_in, tmp_path: Path) -> DictConfig:
    ours = (f"folder={tmp_path / 'result'}", *SMALL)
    return compose_in(tmp_path / "run", *ours, name="benchmark")


@pytest.fixture
def materials(small: DictConfig, tmp_path: Path) -> Materials:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return lay_ready(small, scratch)
