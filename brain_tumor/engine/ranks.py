"""Which of several processes this one is, where a training uses more than one device.

Process 0 leads: it alone prints, writes, and scores at the end. Whoever starts the processes tells
each its number: Lightning in the leader, `torchrun`, or SLURM's `srun`.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from brain_tumor.data.plain_config import read_plain_config
from brain_tumor.errors import ConfigError

DDP = "ddp"
NUMBERS = ("RANK", "LOCAL_RANK", "SLURM_PROCID")  # in the order in which Lightning heeds them
# Who started this process, where that was a training of ours.
_LEADER = "BRAIN_TUMOR_LEADER"


def shares_work(config: DictConfig) -> bool:
    """Tell whether several processes train together in a run, or in the one that goes on."""
    if config.get("resume") is not None:
        with contextlib.suppress(Exception):  # what is wrong with it is told where it is resumed
            saved = Path(str(config.resume)).expanduser() / "config.yaml"
            config = read_plain_config(saved)
    strategy = OmegaConf.select(config, "trainer.strategy")
    return bool(strategy == DDP)


def check_single_run(config: DictConfig) -> None:
    """Refuse several processes in a sweep, or below another command than `train`.

    Raises:
        ConfigError: They are asked for there.
    """
    if not HydraConfig.initialized() or not shares_work(config):
        return
    asked = HydraConfig.get()
    if asked.mode == RunMode.MULTIRUN or asked.job.config_name != "train":
        raise ConfigError(
            "trainer=ddp starts its command line again in every process, so it trains single "
            "runs of brain_tumor.train alone: leave -m out, or take trainer=auto."
        )


def rank(config: DictConfig) -> int:
    """Give this process's number; 0 where it leads, or is alone."""
    numbers = [int(os.environ[name]) for name in NUMBERS if os.environ.get(name, "").isdecimal()]
    return numbers[0] if any(numbers[:1]) and shares_work(config) else 0


@contextlib.contextmanager
def leading() -> Iterator[None]:
    """Let processes that are started meanwhile know who leads them."""
    before = dict(os.environ)
    os.environ[_LEADER] = str(os.getpid())
    try:
        yield
    finally:
        # Lightning writes down there what it gives to the processes that it starts.
        os.environ.clear()
        os.environ.update(before)


def follow_leader() -> None:
    """Leave it to the leader that started this process to end it, and end if it is gone.

    Ctrl-C reaches all processes of a terminal at once: the leader says what has to be said. A
    process that something else started is ended by that.
    """
    leader = os.environ.get(_LEADER)
    if leader is None:
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    watch = threading.Thread(target=_end_without, args=(int(leader),), daemon=True)
    watch.start()


def _end_without(leader: int) -> None:
    while os.getppid() == leader:
        time.sleep(0.5)
    os._exit(1)  # the main thread may wait for the leader in a call that nothing interrupts
