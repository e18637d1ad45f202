from functools import partial
from types import SimpleNamespace

import lightning as L
import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from brain_tumor.data import datamodule as served
from brain_tumor.data.batch_order import BatchOrder
from brain_tumor.data.datamodule import Batch, ScanDataModule, has_room, resident_scans
from brain_tumor.data.transforms.report import BatchAugment
from brain_tumor.errors import ConfigError


def rows_of(loader) -> list[int]:
    return torch.cat([batch.rows for batch in loader]).tolist()


def test_batches_carry_the_right_scans(datamodule: ScanDataModule) -> None:
    prepared = datamodule.prepared
    for batch in datamodule.part_dataloader("test"):
        assert batch.images.dtype == torch.uint8
        assert batch.images.shape[1:] == (1, 256, 256)
        np.testing.assert_array_equal(batch.images[:, 0], prepared.images[batch.rows])
        np.testing.assert_array_equal(batch.labels, prepared.labels[batch.rows])


def test_every_part_is_served_whole_and_once(datamodule: ScanDataModule) -> None:
    assert sorted(rows_of(datamodule.train_dataloader())) == datamodule.split.train.tolist()
    assert rows_of(datamodule.part_dataloader("train")) == datamodule.split.train.tolist()
    assert rows_of(datamodule.val_dataloader()) == datamodule.split.test.tolist()
    assert datamodule.monitored_part == "test"


def test_worker_processes_serve_the_same(datamodule: ScanDataModule) -> None:
    alone = rows_of(datamodule.part_dataloader("test"))
    datamodule.num_workers = 1
    assert rows_of(datamodule.part_dataloader("test")) == alone


def test_augmentation_is_the_same_whatever_the_batches(datamodule: ScanDataModule, compose) -> None:
    settings = OmegaConf.to_container(compose().augment)
    settings.pop("_target_")
    datamodule.augment = BatchAugment(**settings)

    def scan_of(row: int, batch_size: int, epoch: int) -> torch.Tensor:
        datamodule.batch_size = batch_size
        for batch in datamodule.part_dataloader("train"):
            if row in batch.rows:
                return datamodule.augmented(batch, epoch).images[batch.rows == row]
        raise AssertionError(row)

    row = int(datamodule.split.train[5])
    torch.testing.assert_close(scan_of(row, 3, 1), scan_of(row, 11, 1))
    assert not torch.allclose(scan_of(row, 3, 1), scan_of(row, 3, 2))


@pytest.mark.parametrize(
    "wrong", [{"batch_size": 0}, {"batch_size": "32"}, {"num_workers": -1}, {"seed": -1}]
)
def test_a_wrong_number_is_named(datamodule: ScanDataModule, wrong: dict) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        ScanDataModule(datamodule.prepared, datamodule.split, **wrong)


class Recorder(L.LightningModule):
    """Writes down what the Trainer hands it, and learns nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen: dict[str, list[tuple[int, Batch]]] = {"train": [], "test": []}

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        self.seen["train"].append((self.current_epoch, batch))
        return self.weight.sum()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.seen["test"].append((self.current_epoch, batch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


def fitted(datamodule: ScanDataModule) -> Recorder:
    recorder = Recorder()
    L.Trainer(
        accelerator="cpu",
        max_epochs=2,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    ).fit(recorder, datamodule)
    return recorder


def test_scans_on_the_device_give_the_same_batches(
    datamodule: ScanDataModule, compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = OmegaConf.to_container(compose().augment)
    settings.pop("_target_")
    datamodule.augment = BatchAugment(**settings)
    sent = fitted(datamodule).seen
    # As if the processor were a GPU with room.
    monkeypatch.setattr(served, "has_room", lambda device, prepared: True)
    monkeypatch.setattr(served.ScanBatches, "__getitem__", lambda *_: pytest.fail("cut from map"))
    resident = fitted(datamodule).seen
    for part in ("train", "test"):
        assert len(sent[part]) == len(resident[part]) > 0
        for (_, ours), (_, theirs) in zip(resident[part], sent[part], strict=True):
            assert ours.global_batch_size == theirs.global_batch_size == len(theirs.rows)
            assert all(torch.equal(a, b) for a, b in zip(ours[:3], theirs[:3], strict=True))


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_a_share_of_scans_on_the_device_knows_its_whole_batch(
    datamodule: ScanDataModule, rank: int
) -> None:
    datamodule.batch_size = 7
    place = {"global_rank": rank, "world_size": 3, "current_epoch": 0}
    datamodule.trainer = SimpleNamespace(**place, training=False)
    sent = list(datamodule.train_dataloader())
    datamodule._resident = resident_scans(datamodule.prepared, torch.device("cpu"))
    cut = [
        datamodule.transfer_batch_to_device(share, torch.device("cpu"), 0)
        for share in datamodule.train_dataloader()
    ]
    wholes = [share.global_batch_size for share in BatchOrder(datamodule.split.train, 7)]
    assert (
        [batch.global_batch_size for batch in cut]
        == [batch.global_batch_size for batch in sent]
        == wholes
    )
    for ours, theirs in zip(cut, sent, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours[:3], theirs[:3], strict=True))


def test_the_copy_on_the_device_is_let_go_after_the_fit(
    datamodule: ScanDataModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "has_room", lambda device, prepared: True)
    fitted(datamodule)
    assert datamodule._resident is None
    assert isinstance(next(iter(datamodule.part_dataloader("test"))), Batch)


def test_the_trainer_shuffles_and_augments_training_scans_anew_in_every_epoch(
    datamodule: ScanDataModule, compose
) -> None:
    settings = OmegaConf.to_container(compose().augment)
    settings.pop("_target_")
    datamodule.augment = BatchAugment(**settings)
    recorder = fitted(datamodule)

    for epoch in (0, 1):
        rows, size = datamodule.split.train, datamodule.batch_size
        order = BatchOrder(rows, size, datamodule.seed, epoch=partial(int, epoch))
        batches = [batch for at, batch in recorder.seen["train"] if at == epoch]
        assert [batch.rows.tolist() for batch in batches] == [
            share.rows.tolist() for share in order
        ]
        for batch in batches:
            raw = datamodule.prepared.images[batch.rows.numpy()]
            plain = batch._replace(images=torch.from_numpy(raw).unsqueeze(1))
            assert torch.equal(batch.images, datamodule.augmented(plain, epoch).images)
    for _, batch in recorder.seen["test"]:
        np.testing.assert_array_equal(
            batch.images[:, 0], datamodule.prepared.images[batch.rows.numpy()]
        )


def test_every_scan_is_copied(datamodule: ScanDataModule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "_CHUNK", 7)  # several parts, the last one short
    prepared = datamodule.prepared
    images, labels = resident_scans(prepared, torch.device("cpu"))
    np.testing.assert_array_equal(images[:, 0], prepared.images)
    np.testing.assert_array_equal(labels, prepared.labels)
    assert images.dtype == torch.uint8


@pytest.mark.parametrize(("free", "fits"), [(2000, True), (1999, False)])
def test_half_of_the_free_memory_is_theirs(
    monkeypatch: pytest.MonkeyPatch, free: int, fits: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 10**9))
    prepared = SimpleNamespace(images=np.zeros((10, 10, 10), np.uint8))
    assert has_room(torch.device("cuda"), prepared) is fits
    assert not has_room(torch.device("cpu"), prepared)
    assert not has_room(torch.device("mps"), prepared)
