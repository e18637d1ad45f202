"""What the numbers were taken on."""

import os

import torch

from benchmarks.results import Machine
from brain_tumor.runs.provenance import physical_memory, processor


def this_machine() -> Machine:
    """Tell processor, cores, memory, graphics card, threads of torch, and how busy it is."""
    return Machine(
        processor=processor(),
        cores=os.cpu_count(),
        memory=physical_memory(),
        card=torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        threads=torch.get_num_threads(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    )
