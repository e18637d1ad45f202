from collections.abc import Callable

import pytest
import torch
from omegaconf import DictConfig

from brain_tumor.data.split import TEST
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
