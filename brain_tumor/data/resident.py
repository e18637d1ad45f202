"""A prepared set whole in a GPU's memory: batches are cut there and need not travel."""

import numpy as np
import torch
from torch import Tensor

from brain_tumor.data.prepared.prepared_set import PreparedSet

# Of the memory that is free: the network, its activations and the optimizer want the rest.
MAX_SHARE = 0.5
_CHUNK = 1024  # scans copied at a time: 64 MiB of them, so that memory for all is not needed twice


def has_room(device: torch.device, prepared: PreparedSet) -> bool:
    """Tell whether a device has memory of its own that takes the scans.

    Apple's GPU shares the memory that they are mapped from, so there a copy would gain nothing.
    """
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return prepared.images.nbytes <= MAX_SHARE * free


class ResidentScans:
    """Scans and labels on a device.

    Attributes:
        images: `(N, 1, H, W)`, uint8, 0-255.
        labels: Class numbers, `(N,)`, int64.
    """

    def __init__(self, prepared: PreparedSet, device: torch.device) -> None:
        number, *sides = prepared.images.shape
        self.images: Tensor = torch.empty((number, 1, *sides), dtype=torch.uint8, device=device)
        for start in range(0, number, _CHUNK):
            part = np.array(prepared.images[start : start + _CHUNK])
            self.images[start : start + _CHUNK, 0] = torch.from_numpy(part).to(device)
        self.labels = torch.from_numpy(prepared.labels).to(device)
