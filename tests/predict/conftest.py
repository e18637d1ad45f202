from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pytest

from brain_tumor.cli.command import conf_folder
from brain_tumor.predict.predict import Outcome, predict

Predict = Callable[..., Outcome]


@pytest.fixture
def run(sweep: dict[float, Path]) -> Path:
    """Give a run of the phantoms with train, validation and test parts."""
    return sweep[1e-3]


class BrightIsUnlike:
    """Stands for the out-of-distribution detector: bright scans are unlike the training scans."""

    threshold = 0.5

    def score(self, images: np.ndarray, features: np.ndarray) -> np.ndarray:
        assert images.dtype == np.uint8 and images.shape[1:] == (256, 256)
        assert features.dtype == np.float32 and features.shape == (len(images), 64)
        return images.mean(axis=(1, 2)) / 255


@pytest.fixture(autouse=True)
def detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "brain_tumor.predict.model.open_ood_detector", lambda scored: BrightIsUnlike()
    )


@pytest.fixture
def predicted(run: Path) -> Predict:
    """Run the command in this process, on the CPU."""

    def called(given: Any, *overrides: str, **values: Any) -> Outcome:
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            config = hydra.compose(
                "predict", [f"run={run}", "input=x", "accelerator=cpu", *overrides]
            )
        config.input = [str(one) for one in given] if isinstance(given, list) else str(given)
        for name, value in values.items():
            config[name] = str(value)
        return predict(config)

    return called
