"""The report's two trainings on an NVIDIA card, where there is one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf

from benchmarks.materials import Materials
from benchmarks.measuring import Notify, take_turns
from benchmarks.process import Work
from benchmarks.results import CudaTraining

PROFILED = 4  # epochs under the profiler, the first of them left out


def measure_cuda(materials: Materials, notify: Notify) -> tuple[CudaTraining, ...] | str:
    """Time a whole training of each network once, then profile a few epochs.

    Returns:
        A sentence where nothing can be measured.
    """
    epochs = int(materials.config.cuda_epochs)
    if not torch.cuda.is_available():
        return "No NVIDIA card is here: whole trainings on one were not timed."
    models = materials.config.models
    return tuple(_measure(materials, str(model), epochs, notify) for model in models)


def _measure(materials: Materials, model: str, epochs: int, notify: Notify) -> CudaTraining:
    changes = {"trainer.accelerator": "gpu", "trainer.max_epochs": epochs}
    job: dict[str, Any] = materials.training(model, changes=changes)
    run = Path(job["config"]["run_folder"])
    run.rmdir()  # a run makes its own
    evaluation = OmegaConf.to_container(materials.config.evaluation, resolve=True)
    complete = job | {
        "config": job["config"] | {"name": "benchmark", "evaluation": evaluation, "debug": None}
    }
    work = Work("ours.on_cuda", "whole_run", complete, None, keep_freed_memory=True)
    # One after the other and once: nothing to compare with, and minutes long.
    timed, failed = take_turns(f"cuda {model}", {"run": work}, 0, 1, notify)
    profiled = materials.training(model, changes=changes) | {"epochs": PROFILED}
    profiled |= {"train_scans": None, "test_scans": None}
    work = replace(work, work="busy_share", job=profiled)
    shares, faults = take_turns(f"cuda {model}, profiled", {"run": work}, 0, 1, notify)
    fault = failed.get("run") or faults.get("run")
    return CudaTraining(model, epochs, timed.get("run"), shares.get("run"), fault)
