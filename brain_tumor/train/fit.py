"""Fit the configured network: data, network and Trainer, a run folder, and the training."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import lightning as L
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback
from omegaconf import DictConfig
from rich.console import Console

from brain_tumor.config.data import build_prepared, build_split, data_name
from brain_tumor.config.data_settings import healthy_note
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import VALIDATION, Split
from brain_tumor.engine.ddp import ending_together, in_turn, train_along
from brain_tumor.engine.interrupt import keyboard_interrupts
from brain_tumor.engine.ranks import shares_work
from brain_tumor.errors import ConfigError, DataError, one_line
from brain_tumor.models.classifier import TumorClassifier
from brain_tumor.rendering.tables import (
    data_sentence,
    patients_sentence,
    prepared_table,
    split_table,
    unusable_note,
)
from brain_tumor.rendering.terminal import to_rich
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.record import peak_memory, run_record
from brain_tumor.runs.reopen import reopen_prepared, reopen_split, write_split
from brain_tumor.runs.results.run import RUN, RunData, RunRecord, Status
from brain_tumor.train.build import build_classifier, build_datamodule, build_trainer
from brain_tumor.train.callbacks.epoch_history import EpochHistory
from brain_tumor.train.callbacks.loggers import log_failure, log_start
from brain_tumor.train.callbacks.resumable import AlreadyStopped
from brain_tumor.train.callbacks.tensorboard import tensorboard_folders
from brain_tumor.train.check_config import RunSettings
from brain_tumor.train.faster import faster_recipe
from brain_tumor.train.resume import Start
from brain_tumor.trust import typed_again


@dataclass(frozen=True)
class Fitted:
    """What a training leaves that was fitted and is not scored yet.

    `record` is what `run.json` says so far; `seconds` will count from `begun`, a reading of
    `perf_counter`.
    """

    run: RunFolder
    config: DictConfig
    datamodule: ScanDataModule
    trainer: L.Trainer
    record: RunRecord
    begun: float

    @property
    def checkpoint(self) -> Path:
        """The best checkpoint where a validation part chose it, else the last."""
        # By what this run monitored, not by what lies there.
        monitored = self.datamodule.monitored_part
        return self.run.checkpoint("best" if monitored == VALIDATION else "last")


def fit(
    start: Start,
    settings: RunSettings,
    held: ExitStack,
    console: Console,
    callbacks: Sequence[Callback] = (),
) -> Fitted | None:
    """Prepare the scans and fit the network; the test part is scored where it is monitored alone.

    `held` takes the lock of the run's folder, and what is to be put back when training ends;
    `callbacks` are called after the configured ones. None in a process that does not lead.
    """
    run, config = start.run, start.config
    L.seed_everything(settings.seed, workers=True, verbose=False)
    if settings.threads is not None:
        held.callback(torch.set_num_threads, torch.get_num_threads())  # for a sweep's next job
        torch.set_num_threads(settings.threads)
    with in_turn(settings.data.prepared, shares_work(config)):
        prepared, split = _data(start, settings, console)

    datamodule = build_datamodule(config, prepared, split)
    datamodule.first_epoch = start.epochs
    classifier = build_classifier(config, datamodule, settings.training)
    trainer = build_trainer(config, datamodule)
    stop = [AlreadyStopped()] if start.stopped else []
    trainer.callbacks.extend([*callbacks, *stop])  # type: ignore[attr-defined]
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, EpochHistory):
            callback.faster = faster_recipe(settings)
    if not trainer.is_global_zero:
        train_along(trainer, classifier, datamodule, start.checkpoint)
        return None

    record = _begin_run(start, settings, held, classifier, trainer, prepared, split)
    begun = time.perf_counter() - start.seconds
    with _status_written(run, record, trainer):
        _print_data(console, prepared, split, record, settings)  # to a pipe that may be closed
        for sentence in start.said:
            console.print(sentence, soft_wrap=True)
        trainer.fit(classifier, datamodule, ckpt_path=start.checkpoint, weights_only=True)
    record = replace(
        record,
        seconds_fit=round(time.perf_counter() - begun, 3),
        epochs=trainer.current_epoch,
        peak_memory=peak_memory(trainer.strategy.root_device),
    )
    return Fitted(run, config, datamodule, trainer, record, begun)


def _data(start: Start, settings: RunSettings, console: Console) -> tuple[PreparedSet, Split]:
    if start.earlier is None:
        prepared = build_prepared(settings.data, lambda line: console.print(line, soft_wrap=True))
    else:
        prepared = reopen_prepared(start.run, settings.data)
    if start.checkpoint is None:  # perhaps split.csv was not even written
        return prepared, build_split(prepared, settings.split)
    return prepared, reopen_split(start.run, prepared)


def _begin_run(
    start: Start,
    settings: RunSettings,
    held: ExitStack,
    classifier: TumorClassifier,
    trainer: L.Trainer,
    prepared: PreparedSet,
    split: Split,
) -> RunRecord:
    """Make the run's folder, or bring it back to the last whole epoch; give its `run.json`."""
    run, config = start.run, start.config
    name = data_name(settings.data, prepared)
    data = RunData(name, prepared.fingerprint, str(prepared.folder.resolve()))
    record = start.resumed(run_record(config, classifier, trainer, data))
    if start.earlier is None:
        run.create()
        held.enter_context(run.locked())
        run.claim()  # again: another training may have come to its end while this one prepared
    start.rewind(tensorboard_folders(trainer.loggers))
    run.write_config(config)
    RUN.write(run, record)
    write_split(run, prepared, split)
    log_start(trainer.loggers, config, classifier.classes, classifier.monitored_part)
    return record


def _print_data(
    console: Console,
    prepared: PreparedSet,
    split: Split,
    record: RunRecord,
    settings: RunSettings,
) -> None:
    counts = split.class_counts(prepared.labels, prepared.classes)
    if settings.verbose:
        console.print(to_rich(prepared_table(prepared.summary), console.width))
        console.print(to_rich(split_table(counts), console.width))
    else:
        console.print(data_sentence(prepared.summary, counts))
    if known := patients_sentence(prepared.patients.tolist()):
        console.print(known)
    if prepared.unusable:
        console.print(unusable_note([(row.path, row.reason) for row in prepared.unusable]))
    note = healthy_note(settings.evaluation.healthy, prepared.classes)
    if note is not None:
        console.print(note, soft_wrap=True)
    parameters = record.parameters
    console.print(
        f"{settings.model['name']}: {parameters.all:,} parameters, {parameters.trained:,} "
        f"trained, on {record.device}"
    )


@contextmanager
def _status_written(run: RunFolder, record: RunRecord, trainer: L.Trainer) -> Iterator[None]:
    """Let the network be fitted; what ends that before its time stands in `run.json`."""
    resume = f"resume={run.display_path}{typed_again()}"
    next_step = f"{resume} continues after the last complete epoch"
    try:
        with keyboard_interrupts(next_step), ending_together(trainer, next_step):
            yield
    except BaseException as error:
        # A cluster that takes a job away ends it by SystemExit.
        stopped = isinstance(error, KeyboardInterrupt | SystemExit)
        status: Status = "interrupted" if stopped else "failed"
        with suppress(OSError, DataError):  # a full disk may be what failed
            RUN.write(run, replace(record, status=status))
            if status == "failed":
                log_failure(trainer.loggers)
        if isinstance(error, MisconfigurationException):  # a callback that monitors nothing
            raise ConfigError(one_line(error)) from error
        raise
