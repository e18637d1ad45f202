from types import SimpleNamespace

import lightning as L
import numpy as np
import pytest
import torch

from brain_tumor.data import datamodule as served
from brain_tumor.data.augment import BatchAugment
from brain_tumor.data.datamodule import Batch, ScanDataModule
from brain_tumor.data.resident import ResidentScans, has_room

CPU = torch.device("cpu")


class Recorder(L.LightningModule):
    """Writes down the batches that the Trainer hands it, and learns nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen: list[Batch] = []

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        self.seen.append(batch)
        return self.weight.sum()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.seen.append(batch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


def batches_of(data: ScanDataModule) -> list[Batch]:
    recorder = Recorder()
    L.Trainer(
        accelerator="cpu",
        max_epochs=2,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    ).fit(recorder, data)
    return recorder.seen


def test_scans_on_the_device_give_the_same_batches(
    datamodule: ScanDataModule, compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = dict(compose().augment)
    settings.pop("_target_")
    datamodule.augment = BatchAugment(**settings)
    sent = batches_of(datamodule)
    # As if the processor were a GPU with room.
    monkeypatch.setattr(served, "has_room", lambda device, prepared: True)
    monkeypatch.setattr(served.ScanBatches, "__getitem__", lambda *_: pytest.fail("cut from map"))
    resident = batches_of(datamodule)
    assert len(sent) == len(resident) > 0
    for ours, theirs in zip(resident, sent, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_the_copy_is_let_go_after_the_fit(
    datamodule: ScanDataModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "has_room", lambda device, prepared: True)
    batches_of(datamodule)
    assert datamodule._resident is None
    batch = next(iter(datamodule.part_dataloader("test")))
    assert isinstance(batch, Batch)


def test_every_scan_is_copied(datamodule: ScanDataModule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brain_tumor.data.resident._CHUNK", 7)  # several parts, the last one short
    prepared = datamodule.prepared
    scans = ResidentScans(prepared, CPU)
    np.testing.assert_array_equal(scans.images[:, 0], prepared.images)
    np.testing.assert_array_equal(scans.labels, prepared.labels)
    assert scans.images.dtype == torch.uint8


@pytest.mark.parametrize(("free", "fits"), [(2000, True), (1999, False)])
def test_half_of_the_free_memory_is_theirs(
    monkeypatch: pytest.MonkeyPatch, free: int, fits: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 10**9))
    prepared = SimpleNamespace(images=np.zeros((10, 10, 10), np.uint8))
    assert has_room(torch.device("cuda"), prepared) is fits
    assert not has_room(CPU, prepared)
    assert not has_room(torch.device("mps"), prepared)
