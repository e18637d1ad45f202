"""Which scans are in which batch: shuffled, in order, or every class equally often."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler

from brain_tumor.data.split import Rows


class BatchShard(NamedTuple):
    """What a device gets of a batch, as in `Batch`; no row if there are more devices than scans."""

    rows: Rows
    global_batch_size: int
    turns: Rows | None = None


class BatchOrder(Sampler[BatchShard]):
    """Rows of each batch: shuffled by (seed, epoch), or in order where there is no seed.

    Several processes share the same batches: of each, one after the other takes its part of the
    rows, and the sizes of these parts differ by one at most. So each scan is with one process, none
    is there twice, and all have the same number of batches, of which the last may be empty.

    With the labels of the rows an epoch shows every class equally often, in about as many scans as
    there are rows. Scans of a small class come several times, all of them before any of them comes
    again. `epoch` tells the epoch, from 0, whenever an order is begun.
    """

    def __init__(
        self,
        rows: Rows,
        batch_size: int,
        seed: int | None = None,
        rank: int = 0,
        processes: int = 1,
        labels: Rows | None = None,
        epoch: Callable[[], int] = lambda: 0,
    ) -> None:
        self.rows, self.batch_size, self.seed, self.epoch = rows, batch_size, seed, epoch
        self.rank, self.processes = rank, processes
        self.by_class: list[Rows] = []
        if labels is not None:
            self.by_class = [rows[labels == label] for label in np.unique(labels)]

    @property
    def each(self) -> int:
        """How many scans of each class an epoch shows, where it shows all equally often."""
        return -(-len(self.rows) // len(self.by_class))

    @property
    def most_turns(self) -> int:
        """How often an epoch shows a scan at most."""
        return max((-(-self.each // len(own)) for own in self.by_class), default=1)

    def __iter__(self) -> Iterator[BatchShard]:
        rows, turns = self._epoch_rows()
        for start in range(0, len(rows), self.batch_size):
            batch = slice(start, start + self.batch_size)
            yield BatchShard(
                self._own_part(rows[batch]),
                len(rows[batch]),
                None if turns is None else self._own_part(turns[batch]),
            )

    def __len__(self) -> int:
        scans = self.each * len(self.by_class) if self.by_class else len(self.rows)
        return -(-scans // self.batch_size)

    def _epoch_rows(self) -> tuple[Rows, Rows | None]:
        if self.seed is None:
            return self.rows, None
        generator = np.random.default_rng((self.seed, self.epoch()))
        if not self.by_class:
            return generator.permutation(self.rows), None
        rows, turns = [], []
        for own in self.by_class:
            rounds = -(-self.each // len(own))
            shuffled = [generator.permutation(own) for _ in range(rounds)]
            rows.append(np.concatenate(shuffled)[: self.each])
            turns.append(np.repeat(np.arange(rounds), len(own))[: self.each])
        order = generator.permutation(self.each * len(self.by_class))
        return np.concatenate(rows)[order], np.concatenate(turns)[order]

    def _own_part(self, batch: Rows) -> Rows:
        return np.array_split(batch, self.processes)[self.rank]
