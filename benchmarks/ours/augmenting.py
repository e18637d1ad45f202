"""Our side of augmentation: batches cut from the memory-mapped set and augmented whole."""

import time
from typing import Any

import torch

from benchmarks.ours.building import datamodule_of
from benchmarks.turns import Turns


def batches(job: dict[str, Any], turns: Turns) -> None:
    """Go through the training part once per turn, as an epoch does.

    Args:
        job: As for `datamodule_of`.
        turns: Tell when.
    """
    _, datamodule = datamodule_of(job)
    loader = datamodule.train_dataloader()
    epoch = 0
    while turns.wait():
        scans = 0
        begun = time.perf_counter()
        with torch.no_grad():
            for batch in loader:
                scans += len(datamodule.augmented(batch, epoch).images)
        turns.done(time.perf_counter() - begun, scans)
        epoch += 1
