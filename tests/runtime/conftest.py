from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig

from brain_tumor.runtime.training import train

RATES = (1e-3, 3e-4)


@pytest.fixture(scope="session")
def sweep(
    compose_in: Callable[..., DictConfig], tmp_path_factory: pytest.TempPathFactory
) -> dict[float, Path]:
    """Train two epochs with a validation part, at two learning rates; give the run of each."""
    folder = tmp_path_factory.mktemp("sweep")
    runs = {rate: folder / f"{number}-gbmnet" for number, rate in enumerate(RATES)}
    for rate, run in runs.items():
        small = ("model.width=16", "trainer.max_epochs=2", "data.batch_size=16", "seed=3")
        small += ("evaluation.resamples=100", "evaluation.figures=false")
        split = ("split=official", "split.validation_fraction=0.25")
        train(compose_in(run, *small, *split, f"optimizer.lr={rate}"))
    return runs
