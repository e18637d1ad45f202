"""Several processes that train one network together, by Lightning's DistributedDataParallel."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.distributed as dist
from filelock import FileLock
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.accelerators import CUDAAccelerator, MPSAccelerator
from lightning.pytorch.callbacks import Callback
from omegaconf import DictConfig, OmegaConf, open_dict

from brain_tumor.engine.ranks import check_single_run, leading, shares_work
from brain_tumor.errors import ConfigError, TrainingError

CPU_PROCESSES = 2  # where a CPU is asked for and no number is given
_PATIENCE = 30.0  # seconds that a process gets to end by itself


def settle_devices(config: DictConfig) -> DictConfig:
    """Give a run's configuration with its number of devices, so that a run that goes on keeps it.

    Where one process trains alone nothing is changed.

    Raises:
        ConfigError: Several processes cannot train together as configured.
    """
    if not shares_work(config):
        return config
    check_single_run(config)
    accelerator = str(config.trainer.get("accelerator"))
    if accelerator == "mps" or (accelerator in ("auto", "gpu") and MPSAccelerator.is_available()):
        raise ConfigError(
            "trainer=ddp needs several devices, and Apple's GPU is one: take trainer=mps, or give "
            "trainer.accelerator=cpu."
        )
    nodes = config.trainer.get("num_nodes", 1)
    started = _started_here(nodes)
    devices = config.trainer.get("devices")
    if devices == "auto":
        cards = CUDAAccelerator.auto_device_count() if accelerator != "cpu" else 0
        devices = started or cards or CPU_PROCESSES
    if type(devices) is not int or devices < 1 or type(nodes) is not int or nodes < 1:
        raise ConfigError(
            f"trainer.devices and trainer.num_nodes must be whole numbers of at least 1, or auto "
            f"the first: {devices!r}, {nodes!r}"
        )
    if started is None and nodes > 1:
        raise ConfigError(
            f"trainer.num_nodes is {nodes}: start the processes of several machines by torchrun "
            "or srun."
        )
    if started not in (None, devices):
        raise ConfigError(
            f"trainer.devices is {devices}, but {started} processes were started on each machine: "
            "leave trainer.devices out."
        )
    with_devices = config.copy()
    with open_dict(with_devices):
        OmegaConf.update(with_devices, "trainer.devices", devices, force_add=True)
    return with_devices


def _started_here(nodes: int) -> int | None:
    """Give how many processes torchrun or srun has started on each machine; None without them."""
    if TorchElasticEnvironment.detect():
        return int(os.environ["LOCAL_WORLD_SIZE"])
    if SLURMEnvironment.detect():
        return int(os.environ["SLURM_NTASKS"]) // nodes
    return None


class OwnTermination(Callback):
    """Keeps SIGTERM for ourselves.

    Lightning's handler broadcasts it to all processes, from wherever the signal found this one:
    they may wait for each other in different calls then, for half an hour.
    """

    def __init__(self) -> None:
        self._own = signal.getsignal(signal.SIGTERM)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the signal back from Lightning, which took it just before."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._own)


@contextlib.contextmanager
def in_turn(prepared: str, several: bool) -> Iterator[None]:
    """Let one process of a machine after the other prepare scans: later ones find them made."""
    if not several:
        yield
        return
    folder = Path(prepared).expanduser()
    held: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    with contextlib.suppress(OSError):  # what is wrong with it is told by who writes there
        folder.mkdir(parents=True, exist_ok=True)
        held = FileLock(folder / ".lock")
    with held:
        yield


@contextlib.contextmanager
def ending_together(trainer: Trainer, what_stays: str) -> Iterator[None]:
    """Let no process stay behind when this one ends its part of a training, well or not.

    Raises:
        TrainingError: Another process has ended before its time.
    """
    threads = torch.get_num_threads()
    try:
        with leading() if trainer.world_size > 1 else contextlib.nullcontext():
            yield
    except BaseException as error:
        # Whoever lost the connection notices it before the other process is quite gone.
        ended = _end(_taken_over(trainer), patience=2.0 if isinstance(error, RuntimeError) else 0.0)
        if ended and isinstance(error, RuntimeError):
            who, status = ended[0]
            raise TrainingError(
                f"Process {who} of this training ended with status {status}, what it said stands "
                f"above: {what_stays}."
            ) from error
        raise
    else:
        _end(_taken_over(trainer), _PATIENCE)
    finally:
        if trainer.world_size > 1 and dist.is_initialized():
            dist.destroy_process_group()
        # Lightning leaves each process its part of the cores; from here on one works alone.
        torch.set_num_threads(threads)


def train_along(
    trainer: Trainer,
    classifier: LightningModule,
    datamodule: LightningDataModule,
    checkpoint: Path | None,
) -> None:
    """Do the part of a process that does not lead; it neither writes nor tells."""
    # What ends a training with a sentence ends it in all processes alike: the leader says it.
    with contextlib.suppress(TrainingError), ending_together(trainer, ""):
        trainer.fit(classifier, datamodule, ckpt_path=checkpoint, weights_only=True)


def _taken_over(trainer: Trainer) -> list[subprocess.Popen[bytes]]:
    # Lightning's watch over its processes kills all, this one too, once one of them has failed.
    # That saves us where we would wait for it forever, but here we end them ourselves.
    watched: list[subprocess.Popen[bytes]] = getattr(trainer.strategy.launcher, "procs", [])
    processes = list(watched)
    watched.clear()
    return processes


def _end(processes: list[subprocess.Popen[bytes]], patience: float) -> list[tuple[int, int]]:
    """End processes; give number and exit status of those that failed by themselves before."""
    failed, until = [], time.monotonic() + patience
    for number, process in enumerate(processes, start=1):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, until - time.monotonic()))
        if process.returncode:
            failed.append((number, process.returncode))
        elif process.returncode is None:
            process.kill()
            process.wait()
    return failed
