"""Averaged weights, against an average that is worked out by hand."""

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from brain_tumor.arguments import check_arguments
from brain_tumor.engine.weight_averaging import AveragedWeights
from brain_tumor.errors import ConfigError


class Line(L.LightningModule):
    """A trained and a frozen layer, and batch normalisation between."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = nn.Linear(3, 3).requires_grad_(False)
        self.norm, self.trained = nn.BatchNorm1d(3), nn.Linear(3, 1)

    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
        return self.trained(self.norm(self.frozen(batch[0]))).square().mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD([p for p in self.parameters() if p.requires_grad], lr=0.1)


class Recorder(Callback):
    """Remembers the weights after every step."""

    def __init__(self) -> None:
        self.steps: list[dict[str, torch.Tensor]] = []

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: object):
        self.steps.append({key: value.clone() for key, value in pl_module.state_dict().items()})


def test_it_is_the_exponential_average_of_all_steps_and_leaves_what_is_frozen() -> None:
    torch.manual_seed(0)
    line, recorder = Line(), Recorder()
    frozen = {key: value.clone() for key, value in line.frozen.state_dict().items()}
    loader = DataLoader(TensorDataset(torch.randn(64, 3)), batch_size=4)
    trainer = L.Trainer(
        accelerator="cpu",
        max_epochs=3,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[recorder, AveragedWeights(0.8)],
    )
    trainer.fit(line, loader)
    assert len(recorder.steps) == 48
    expected = {key: value.double() for key, value in recorder.steps[0].items()}
    for step in recorder.steps[1:]:
        expected = {key: 0.8 * expected[key] + 0.2 * value for key, value in step.items()}
    for key, value in line.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value.double(), expected[key], atol=1e-6, rtol=1e-5)
    assert not torch.equal(line.trained.weight, recorder.steps[-1]["trained.weight"])
    assert all(torch.equal(line.frozen.state_dict()[key], frozen[key]) for key in frozen)


@pytest.mark.parametrize("decay", [0.0, 1.0, -1.0])
def test_a_share_outside_its_range_is_refused(decay: float) -> None:
    with pytest.raises(ConfigError, match="decay must be a number"):
        check_arguments(AveragedWeights, {"decay": decay})
