"""One training from a composed configuration: fit, score, and tell where everything lies."""

from contextlib import ExitStack
from dataclasses import replace

from omegaconf import DictConfig
from rich.console import Console

from brain_tumor.engine.ddp import settle_devices
from brain_tumor.engine.determinism import kept_determinism
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.engine.ranks import rank
from brain_tumor.runs.results.metrics import METRICS, Metrics
from brain_tumor.runs.results.run import RUN
from brain_tumor.train.callbacks.epoch_history import fast_dev_run
from brain_tumor.train.check_config import check_training
from brain_tumor.train.fit import fit
from brain_tumor.train.resume import find_start
from brain_tumor.train.score import score


@kept_determinism()
def train(config: DictConfig) -> Metrics | None:
    """Prepare the scans, fit the network, score its checkpoint, and print the tables.

    `run_folder` must be given where Hydra does not run. With `resume` a run that was stopped goes
    on in its own folder. None after a `fast_dev_run`, which keeps no checkpoint, and in a process
    that does not lead.
    """
    hush_lightning()
    # A path may hold [brackets].
    console = Console(highlight=False, markup=False, quiet=rank(config) > 0)
    with ExitStack() as held:
        start = find_start(config, held)
        start = replace(start, config=settle_devices(start.config))
        settings = check_training(start.config)
        if start.complete:
            console.print(f"{start.run.display_path} is finished: nothing is left to train.")
            return METRICS.read(start.run)
        fitted = fit(start, settings, held, console)
        if fitted is None:  # another process leads
            return None
        if fast_dev_run(fitted.trainer):
            RUN.write(fitted.run, replace(fitted.record, status="fast_dev_run"))
            console.print("fast_dev_run: one batch of each part went through; nothing was kept.")
            return None
        return score(fitted, settings, console)
