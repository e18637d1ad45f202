from collections.abc import Callable

import pytest
import torch
from omegaconf import DictConfig

from brain_tumor.data.split import TEST
from brain_tumor.engine import precision
from brain_tumor.evaluate.predictions import scoring_trainer
from brain_tumor.train.build import make_trainer


def test_whatever_drives_a_network_keeps_float32(
    compose: Callable[..., DictConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = compose("logger=none")
    for drive in (lambda: make_trainer(config, TEST), lambda: scoring_trainer("cpu")):
        monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)  # PyTorch's default
        drive()
        assert not torch.backends.cudnn.allow_tf32
        assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.parametrize(
    ("accelerator", "cpu", "card", "expected"),
    [
        ("cpu", True, None, "bf16-mixed"),
        ("cpu", False, None, "32-true"),
        ("cpu", False, True, "32-true"),
        ("auto", True, None, "bf16-mixed"),
        ("auto", True, False, "32-true"),
        ("auto", False, True, "bf16-mixed"),
        ("gpu", False, True, "bf16-mixed"),
        ("mps", True, None, "32-true"),
    ],
)
@pytest.mark.parametrize("experiment", ["best_patient", "unfreeze"])
def test_an_experiment_takes_the_precision_that_the_device_is_quick_at(
    compose: Callable[..., DictConfig],
    monkeypatch: pytest.MonkeyPatch,
    experiment: str,
    accelerator: str,
    cpu: bool,
    card: bool | None,
    expected: str,
) -> None:
    monkeypatch.setattr(precision, "cpu_has_bf16", lambda: cpu)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: card is not None)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: card)
    config = compose(f"experiment={experiment}", f"trainer.accelerator={accelerator}")
    assert config.trainer.precision == expected


def test_no_bf16_is_claimed_of_a_processor_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision.platform, "machine", lambda: "arm64")
    assert not precision.cpu_has_bf16()
