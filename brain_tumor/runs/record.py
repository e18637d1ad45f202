"""What `run.json` tells of a run, beside how far it came."""

from datetime import datetime, timezone

import lightning as L
import torch
from omegaconf import DictConfig

from brain_tumor.engine.determinism import honours_determinism
from brain_tumor.runs.identity import run_fingerprint
from brain_tumor.runs.peak_memory import peak_resident
from brain_tumor.runs.provenance import provenance
from brain_tumor.runs.results.run import (
    Determinism,
    ParameterCounts,
    PeakMemory,
    RunData,
    RunRecord,
)


def run_record(
    config: DictConfig, classifier: L.LightningModule, trainer: L.Trainer, data: RunData
) -> RunRecord:
    """Tell what a run is made of, before it begins."""
    device = trainer.strategy.root_device
    trained = [p.numel() for p in classifier.parameters() if p.requires_grad]
    return RunRecord(
        **vars(provenance()),
        started=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        device=device_name(device),
        devices=trainer.num_devices,
        world_size=trainer.world_size,
        threads=torch.get_num_threads(),
        precision=str(trainer.precision),
        deterministic=Determinism(config.trainer.get("deterministic"), honours_determinism(device)),
        seed=config.seed,
        split_seed=config.split.get("seed"),
        data=data,
        parameters=ParameterCounts(sum(p.numel() for p in classifier.parameters()), sum(trained)),
        fingerprint=run_fingerprint(config),
        status="started",
    )


def device_name(device: torch.device) -> str:
    """Give a card's own name, else the kind of device, `CPU` or `MPS`."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()


def peak_memory(device: torch.device) -> PeakMemory:
    """Give the most memory held since the process began."""
    held = None
    if device.type == "cuda":
        held = torch.cuda.max_memory_allocated(device)
    elif device.type == "mps":
        held = torch.mps.driver_allocated_memory()
    return PeakMemory(peak_resident(), held)
