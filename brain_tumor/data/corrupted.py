"""The parts of a split as a data module serves them, but corrupted."""

from brain_tumor.data.batch_order import BatchShard
from brain_tumor.data.datamodule import Batch, ScanBatches, ScanDataModule
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.transforms.corruptions import corrupt


class CorruptedBatches(ScanBatches):
    """Batches cut from a prepared set and corrupted (`corruptions.corrupt`), one at a time."""

    def __init__(self, prepared: PreparedSet, name: str, strength: int, seed: int) -> None:
        super().__init__(prepared)
        self.name, self.strength, self.seed = name, strength, seed

    def __getitem__(self, share: BatchShard) -> Batch:
        batch = super().__getitem__(share)
        worse = corrupt(batch.images, share.rows, self.name, self.strength, self.seed)
        return batch._replace(images=worse)


class CorruptedDataModule(ScanDataModule):
    """Serves what another data module serves, corrupted; it does not train."""

    def __init__(self, datamodule: ScanDataModule, name: str, strength: int, seed: int) -> None:
        super().__init__(
            datamodule.prepared,
            datamodule.split,
            batch_size=datamodule.batch_size,
            num_workers=datamodule.num_workers,
        )
        self._batches = CorruptedBatches(datamodule.prepared, name, strength, seed)
