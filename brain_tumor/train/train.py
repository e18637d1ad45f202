"""One training from a composed configuration: fit, score, and tell where everything lies."""

import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback
from omegaconf import DictConfig
from rich.console import Console

from brain_tumor.config.data import build_prepared, build_split
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import VALIDATION, Split
from brain_tumor.engine.ddp import ending_together, in_turn, settle_devices, train_along
from brain_tumor.engine.determinism import kept_determinism
from brain_tumor.engine.interrupt import keyboard_interrupts
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.engine.ranks import rank
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.evaluate.checkpoint import evaluate_run
from brain_tumor.evaluate.fit_out_of_distribution import ood_sentence
from brain_tumor.evaluate.score_tables import score_tables
from brain_tumor.metrics.registry import SCORES
from brain_tumor.rendering.certainty import gaps
from brain_tumor.rendering.lookalikes import lookalikes_table, lookalikes_warning
from brain_tumor.rendering.page import to_rich
from brain_tumor.rendering.tables import prepared_table, split_table, unusable_note
from brain_tumor.runs.checkpoints import forget_before_last
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.identity import run_fingerprint
from brain_tumor.runs.record import peak_memory, run_record
from brain_tumor.runs.reopen import reopen_prepared, reopen_split, write_split
from brain_tumor.train.build import build_classifier, build_datamodule, build_trainer
from brain_tumor.train.callbacks.epoch_history import fast_dev_run
from brain_tumor.train.callbacks.tensorboard import (
    log_failure,
    log_outcome,
    log_start,
    tensorboard_folders,
)
from brain_tumor.train.check_config import RunSettings, check_training
from brain_tumor.train.resume import Start, find_start, given_overrides

Scores = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Fitted:
    """What a training leaves that was fitted and is not scored yet.

    Attributes:
        run: Its folder.
        config: Its configuration.
        datamodule: Serves its scans.
        trainer: Which fitted it.
        record: The content of `run.json` so far, without `status`.
        begun: Reading of `time.perf_counter` from which `seconds` counts.
    """

    run: RunFolder
    config: DictConfig
    datamodule: ScanDataModule
    trainer: L.Trainer
    record: dict[str, Any]
    begun: float

    @property
    def checkpoint(self) -> Path:
        """The best checkpoint where a validation part chose it, else the last."""
        # By what this run monitored, not by what lies there.
        monitored = self.datamodule.monitored_part
        return self.run.checkpoint("best" if monitored == VALIDATION else "last")


@kept_determinism()
def train(config: DictConfig) -> Scores:
    """Prepare the scans, fit the network, score its checkpoint, and print the tables.

    Args:
        config: As `conf/train.yaml` composes it; `run_folder` must be given where Hydra does not
            run. With `resume` a run that was stopped goes on in its own folder.

    Returns:
        Per part, what `metrics.json` holds; empty after a `fast_dev_run`, which keeps no
        checkpoint, and in a process that does not lead.

    Raises:
        BrainTumorError: Anything that the user can mend.
    """
    hush_lightning()
    # A path may hold [brackets].
    console = Console(highlight=False, markup=False, quiet=rank(config) > 0)
    with ExitStack() as held:
        start = find_start(config, held)
        start = replace(start, config=settle_devices(start.config))
        settings = check_training(start.config)
        if start.complete:
            console.print(f"{start.run.displayed} is finished: there is nothing to go on with.")
            scores: Scores = start.run.read_json("metrics.json")["parts"]
            return scores
        return _train(start, settings, held, console)


def fit(
    start: Start,
    settings: RunSettings,
    held: ExitStack,
    console: Console,
    callbacks: Sequence[Callback] = (),
) -> Fitted | None:
    """Prepare the scans and fit the network; the test part is scored where it is monitored alone.

    Args:
        start: Where it begins; its configuration is written, and objects are built from it.
        settings: What that configuration says.
        held: Takes the lock of the run's folder, and what is to be put back when training ends.
        console: Shows what is trained on what.
        callbacks: Called after the configured ones.

    Returns:
        What was fitted; None in a process that does not lead.

    Raises:
        BrainTumorError: Anything that the user can mend.
    """
    run, config = start.run, start.config
    L.seed_everything(settings.seed, workers=True, verbose=False)
    if settings.threads is not None:
        held.callback(torch.set_num_threads, torch.get_num_threads())  # for a sweep's next job
        torch.set_num_threads(settings.threads)
    with in_turn(config):
        prepared, split = _data(start, settings)
    datamodule = build_datamodule(config, prepared, split)
    classifier = build_classifier(config, datamodule)
    trainer = build_trainer(config, datamodule)
    trainer.callbacks.extend(callbacks)  # type: ignore[attr-defined]
    if not trainer.is_global_zero:
        train_along(trainer, classifier, datamodule, start.checkpoint)
        return None

    prepared_data = {
        "name": settings.data.name,
        "fingerprint": prepared.fingerprint,
        "prepared": str(prepared.folder.resolve()),
    }
    record = run_record(config, classifier, trainer, prepared_data)
    record |= {"overrides": given_overrides(), "fingerprint": run_fingerprint(config)}
    record |= start.record()
    if start.earlier is None:
        run.create()
        held.enter_context(run.locked())
    start.rewind(tensorboard_folders(trainer.loggers))
    run.write_config(config)
    run.write_json("run.json", record | {"status": "started"})
    write_split(run, prepared, split)
    log_start(trainer.loggers, config, classifier.classes, classifier.monitored_part)

    console.print(to_rich(prepared_table(prepared.summary)))
    console.print(to_rich(split_table(split.class_counts(prepared.labels, prepared.classes))))
    if prepared.unusable:
        console.print(unusable_note([(row.path, row.reason) for row in prepared.unusable]))
    parameters = record["parameters"]
    console.print(
        f"{config.model.name}: {parameters['all']:,} parameters, {parameters['trained']:,} "
        f"trained, on {record['device']}"
    )
    for sentence in start.said:
        console.print(sentence, soft_wrap=True)

    begun = time.perf_counter() - start.seconds
    try:
        what_stays = f"resume={run.displayed} goes on after the last whole epoch"
        with keyboard_interrupts(what_stays), ending_together(trainer, what_stays):
            trainer.fit(classifier, datamodule, ckpt_path=start.checkpoint, weights_only=True)
    except BaseException as error:
        # A cluster that takes a job away ends it by SystemExit.
        stopped = isinstance(error, KeyboardInterrupt | SystemExit)
        status = "interrupted" if stopped else "failed"
        with suppress(OSError, DataError):  # a full disk may be what failed
            run.write_json("run.json", record | {"status": status})
            if status == "failed":
                log_failure(trainer.loggers)
        if isinstance(error, MisconfigurationException):  # a callback that monitors nothing
            raise ConfigError(" ".join(str(error).split())) from error
        raise
    record["seconds_fit"] = round(time.perf_counter() - begun, 3)
    record["epochs"] = trainer.current_epoch
    record["peak_memory"] = peak_memory(trainer.strategy.root_device)
    return Fitted(run, config, datamodule, trainer, record, begun)


def _train(start: Start, settings: RunSettings, held: ExitStack, console: Console) -> Scores:
    fitted = fit(start, settings, held, console)
    if fitted is None:
        return {}
    run, config, trainer, record = fitted.run, fitted.config, fitted.trainer, fitted.record
    if fast_dev_run(trainer):
        run.write_json("run.json", record | {"status": "fast_dev_run"})
        console.print("fast_dev_run: one batch of each part went through; nothing was kept.")
        return {}

    checkpoint = fitted.checkpoint
    run.write_json("run.json", record | {"status": "trained", "scored": checkpoint.name})
    found = evaluate_run(
        run,
        run,
        fitted.datamodule,
        checkpoint,
        config.trainer.accelerator,
        settings.evaluation,
    )
    scores: Scores = found.metrics["parts"]
    log_outcome(trainer.loggers, scores, found.confusion, trainer.current_epoch)
    record["seconds"] = round(time.perf_counter() - fitted.begun, 3)
    record["peak_memory"] = peak_memory(trainer.strategy.root_device)
    run.write_json("run.json", record | {"status": "finished", "scored": checkpoint.name})
    forget_before_last(run.checkpoints)
    for table in score_tables(found.metrics, f"{config.model.name}, {checkpoint.name}"):
        console.print(to_rich(table))
    metrics = found.metrics
    for sentence in gaps(
        scores, SCORES.values(), metrics["operating_point"], metrics["temperature"]
    ):
        console.print(sentence)
    if found.ood is not None:
        console.print(ood_sentence(found.ood), soft_wrap=True)
    alike = metrics["leakage"]["lookalikes"]
    console.print(
        to_rich(
            lookalikes_table([alike], "test scans that look like a training scan, by correlation")
        )
    )
    warning = lookalikes_warning(alike, settings.split.leaky)
    if warning is not None:
        console.print(warning, soft_wrap=True)
    _print_ways_on(console, run.displayed, fitted.datamodule.prepared.folder)
    return scores


def _data(start: Start, settings: RunSettings) -> tuple[PreparedSet, Split]:
    if start.earlier is None:
        prepared = build_prepared(settings.data)
    else:
        prepared = reopen_prepared(start.run, settings.data)
    if start.checkpoint is None:  # perhaps split.csv was not even written
        return prepared, build_split(prepared, settings.split)
    return prepared, reopen_split(start.run, prepared)


def _print_ways_on(console: Console, displayed: Path, prepared: Path) -> None:
    console.print(f"run folder:   {displayed}", soft_wrap=True)
    console.print(f"prepared set: {prepared}", soft_wrap=True)
    console.print(f"next:         python -m brain_tumor.evaluate run={displayed}", soft_wrap=True)
    console.print(f"curves:       tensorboard --logdir {displayed.parent}", soft_wrap=True)
