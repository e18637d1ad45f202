"""The LightningDataModule: uint8 batches of a prepared set, augmented on their device."""

from collections.abc import Callable
from typing import Any, NamedTuple

import lightning as L
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from brain_tumor.data.batch_order import BatchOrder, BatchShard
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import TEST, VALIDATION, Rows, Split
from brain_tumor.data.transforms.report import Augment, epoch_draws
from brain_tumor.settings import BatchSize, Seed, Workers, check_value

# Of the GPU memory that is free: the network, its activations and the optimizer want the rest.
MAX_SHARE = 0.5
_CHUNK = 1024  # scans copied at a time: 64 MiB of them, so that memory for all is not needed twice


class Batch(NamedTuple):
    """Some scans, N."""

    images: Tensor  # `(N, 1, H, W)`, uint8; float32 after augmentation; both on the 0-255 scale
    labels: Tensor  # class numbers, `(N,)`, int64
    rows: Tensor  # in the prepared set, `(N,)`, int64
    global_batch_size: int  # more than N where several devices hold a share of the batch each
    # How often the epoch has shown each before, `(N,)`, int64; None where it shows no scan twice.
    turns: Tensor | None = None


class ScanBatches(Dataset[Batch]):
    """Batches cut from a prepared set; the index is a share of a batch.

    `change` makes other scans of those of some rows; None leaves them as they are.
    """

    def __init__(
        self, prepared: PreparedSet, change: Callable[[Tensor, Rows], Tensor] | None = None
    ) -> None:
        self.images, self.change = prepared.images, change
        self.labels = torch.from_numpy(prepared.labels)

    def __getitem__(self, share: BatchShard) -> Batch:
        images = torch.from_numpy(self.images[share.rows]).unsqueeze(1)
        if self.change is not None:
            images = self.change(images, share.rows)
        return _batch(share, images, self.labels[torch.from_numpy(share.rows)])


class RowBatches(Dataset[Batch]):
    """Batches of rows alone: scans and labels lie on the device already."""

    def __getitem__(self, share: BatchShard) -> Batch:
        return _batch(share, torch.empty(0), torch.empty(0))


def _batch(share: BatchShard, images: Tensor, labels: Tensor) -> Batch:
    turns = None if share.turns is None else torch.from_numpy(share.turns)
    rows = torch.from_numpy(share.rows)
    return Batch(images, labels, rows, share.global_batch_size, turns)


def has_room(device: torch.device, prepared: PreparedSet) -> bool:
    """Tell whether a device has memory of its own that takes the scans.

    Apple's GPU shares the memory that they are mapped from, so there a copy would gain nothing.
    """
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return prepared.images.nbytes <= MAX_SHARE * free


def resident_scans(prepared: PreparedSet, device: torch.device) -> tuple[Tensor, Tensor]:
    """Copy scans `(N, 1, H, W)`, uint8, and labels `(N,)`, int64, to a device's memory."""
    number, *sides = prepared.images.shape
    images = torch.empty((number, 1, *sides), dtype=torch.uint8, device=device)
    for start in range(0, number, _CHUNK):
        part = np.array(prepared.images[start : start + _CHUNK])
        images[start : start + _CHUNK, 0] = torch.from_numpy(part).to(device)
    return images, torch.from_numpy(prepared.labels).to(device)


class ScanDataModule(L.LightningDataModule):
    """Serves the parts of a split.

    Training scans are shuffled and augmented by numbers that depend on (seed, epoch) alone, so two
    runs see the same scans whatever their device, and a resumed run goes on where it stopped. Where
    several processes train together each serves its share of the same batches.

    Where the training's device has memory of its own and the scans fit into half of what is free,
    they are copied there once; else every batch is cut from the memory map and sent.

    Args:
        prepared: The prepared set.
        split: Which of its rows are in which part.
        augment: For training scans; None leaves them as they are.
        batch_size: Scans per batch, for every part; of all processes together.
        num_workers: Worker processes, up to 256; 0 cuts batches in the training process, which is
            fast enough.
        seed: Of order and augmentation, 0 to 2**32 - 1.
        balanced: Whether an epoch shows every class equally often, as `BatchOrder` says.

    Attributes:
        first_epoch: Which epoch a training that resumes begins with, from 0. Worker processes ask
            for its order before Lightning has counted so far.

    Raises:
        ConfigError: A number is outside its range.
    """

    def __init__(
        self,
        prepared: PreparedSet,
        split: Split,
        augment: Augment | None = None,
        batch_size: BatchSize = 32,
        num_workers: Workers = 0,
        seed: Seed = 0,
        balanced: bool = False,
    ) -> None:
        super().__init__()
        check_value(batch_size, BatchSize, "data.batch_size")
        check_value(num_workers, Workers, "data.num_workers")
        check_value(seed, Seed, "seed")
        self.prepared, self.split, self.augment = prepared, split, augment
        self.batch_size, self.num_workers, self.seed = batch_size, num_workers, seed
        self.balanced, self.first_epoch = balanced, 0
        self._batches = ScanBatches(prepared)
        self._draws: tuple[int, Tensor] | None = None
        self._turns = self._order(split.train, seed, balanced).most_turns
        self._resident: tuple[Tensor, Tensor] | None = None

    @property
    def monitored_part(self) -> str:
        """The part scored after every epoch: validation, or test where there is none.

        In the second case the curve is for looking at; nothing may be selected by it.
        """
        return VALIDATION if len(self.split.validation) else TEST

    def part_dataloader(self, part: str) -> DataLoader[Batch]:
        """Serve a part in its stored order, never augmented, to whoever asks."""
        return self._loader(BatchOrder(self.split.parts[part], self.batch_size))

    def setup(self, stage: str) -> None:
        """Copy the scans to the device that will train, if it has room for them."""
        if stage == "fit" and self.trainer is not None:
            device = self.trainer.strategy.root_device
            if has_room(device, self.prepared):
                self._resident = resident_scans(self.prepared, device)

    def teardown(self, stage: str) -> None:
        """Free the device's copy."""
        self._resident = None

    def train_dataloader(self) -> DataLoader[Any]:
        """Serve the training part, shuffled, to the Trainer."""
        return self._trainer_loader(self._order(self.split.train, self.seed, self.balanced))

    def val_dataloader(self) -> DataLoader[Any]:
        """Serve the monitored part to the Trainer."""
        return self._trainer_loader(self._order(self.split.parts[self.monitored_part]))

    def transfer_batch_to_device(
        self, batch: Batch, device: torch.device, dataloader_idx: int
    ) -> Batch:
        """Send a batch to the device, or cut it from the scans that lie there."""
        sent: Batch = super().transfer_batch_to_device(batch, device, dataloader_idx)
        if self._resident is None:
            return sent
        images, labels = self._resident
        return sent._replace(images=images[sent.rows], labels=labels[sent.rows])

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Augment a training batch on the device it has just reached."""
        trainer = self.trainer
        if self.augment is None or trainer is None or not trainer.training:
            return batch
        return self.augmented(batch, trainer.current_epoch)

    def augmented(self, batch: Batch, epoch: int) -> Batch:
        """Give the batch as training sees it in an epoch, counted from 0."""
        if self.augment is None or not len(batch.rows):
            return batch
        device = batch.images.device
        if self._draws is None or self._draws[0] != epoch or self._draws[1].device != device:
            scans, each = len(self.prepared.images), self.augment.draws_per_scan
            # A scan that comes again looks otherwise.
            turns = [epoch_draws(self.seed, epoch, scans, each, n) for n in range(self._turns)]
            # Kept on the batch's device, so that looking up a batch's draws does not wait for it.
            self._draws = (epoch, torch.cat(turns).to(device))
        places = batch.rows
        if batch.turns is not None:
            places = places + batch.turns * len(self.prepared.images)
        draws = self._draws[1][places]
        if getattr(self.augment, "per_batch", False):  # of the share that this process has
            draws = draws[:1].expand_as(draws)
        return batch._replace(images=self.augment(batch.images, draws))

    def _order(self, rows: Rows, seed: int | None = None, balanced: bool = False) -> BatchOrder:
        trainer = self.trainer
        rank, processes = (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)
        labels = self.prepared.labels[rows] if balanced else None
        return BatchOrder(
            rows,
            self.batch_size,
            seed,
            rank,
            processes,
            labels,
            lambda: max(self.first_epoch, 0 if trainer is None else trainer.current_epoch),
        )

    def _trainer_loader(self, order: BatchOrder) -> DataLoader[Any]:
        if self._resident is None:
            return self._loader(order)
        return DataLoader(RowBatches(), batch_size=None, sampler=order, generator=torch.Generator())

    def _loader(self, order: BatchOrder) -> DataLoader[Batch]:
        # The sampler gives whole batches, so the loader must not batch again. It draws a seed for
        # worker processes whenever it is iterated: from a generator of its own, as dropout has to
        # find the common one as the epoch's start left it.
        return DataLoader(
            self._batches,
            batch_size=None,
            sampler=order,
            num_workers=self.num_workers,
            generator=torch.Generator(),
        )
