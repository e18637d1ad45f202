"""What the numbers were taken on."""

import os
from typing import Any

import torch

from brain_tumor.runs.provenance import physical_memory, processor


def machine_record() -> dict[str, Any]:
    """Tell processor, cores, memory, graphics card, threads of torch, and how busy it was."""
    cuda = torch.cuda.is_available()
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory": physical_memory(),
        "card": torch.cuda.get_device_name() if cuda else None,
        "threads": torch.get_num_threads(),
        # Processes that wanted to run, on average over the last minute; ours are among them.
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }
