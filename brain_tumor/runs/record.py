"""What `run.json` tells of a run, beside how far it came."""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import lightning as L
import torch
from omegaconf import DictConfig

from brain_tumor.engine.determinism import determinism_record
from brain_tumor.runs.peak_memory import peak_resident
from brain_tumor.runs.provenance import provenance


def run_record(
    config: DictConfig,
    classifier: L.LightningModule,
    trainer: L.Trainer,
    prepared_data: Mapping[str, Any],
) -> dict[str, Any]:
    """Tell what a run is made of, before it begins.

    Args:
        config: The composed configuration.
        classifier: What is trained.
        trainer: What trains it, and knows the device.
        prepared_data: Name, fingerprint and folder of the prepared set.
    """
    device = trainer.strategy.root_device
    return provenance() | {
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "device": device_name(device),
        "devices": trainer.num_devices,
        "world_size": trainer.world_size,
        "threads": torch.get_num_threads(),
        "precision": str(trainer.precision),
        "deterministic": determinism_record(config.trainer.get("deterministic"), device),
        "seed": config.seed,
        "split_seed": config.split.get("seed"),
        "data": dict(prepared_data),
        "parameters": {
            "all": sum(p.numel() for p in classifier.parameters()),
            "trained": sum(p.numel() for p in classifier.parameters() if p.requires_grad),
        },
    }


def device_name(device: torch.device) -> str:
    """Give a card's own name, else the kind of device, `CPU` or `MPS`."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()


def peak_memory(device: torch.device) -> dict[str, int | None]:
    """Give the most memory held since the process began, so in a sweep by any job so far.

    Returns:
        `process`: resident, in bytes; None on Windows. `device`: in bytes, of tensors on a CUDA
        card; what Metal's driver holds now on MPS, which counts no peak; None on a CPU.
    """
    held = None
    if device.type == "cuda":
        held = torch.cuda.max_memory_allocated(device)
    elif device.type == "mps":
        held = torch.mps.driver_allocated_memory()
    return {"process": peak_resident(), "device": held}
