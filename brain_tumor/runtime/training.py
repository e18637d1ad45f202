"""One training from a composed configuration: fit, score, and tell where everything lies."""

import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig
from rich.console import Console

from brain_tumor.data.split import VALIDATION
from brain_tumor.errors import ConfigError
from brain_tumor.report.certainty import gaps
from brain_tumor.report.page import to_rich
from brain_tumor.report.tables import prepared_table, split_table, unusable_note
from brain_tumor.runtime.build import build_classifier, build_datamodule, build_trainer
from brain_tumor.runtime.build_scans import build_prepared, build_split
from brain_tumor.runtime.evaluating import evaluate_run, score_tables
from brain_tumor.runtime.evidence import evidence_settings
from brain_tumor.runtime.history import fast_dev_run
from brain_tumor.runtime.interrupt import keyboard_interrupts
from brain_tumor.runtime.quiet import hush_lightning
from brain_tumor.runtime.reopen import write_split
from brain_tumor.runtime.run_folder import RunFolder, provenance
from brain_tumor.runtime.tensorboard import log_outcome, log_start

Scores = dict[str, dict[str, Any]]


def train(config: DictConfig) -> Scores:
    """Prepare the scans, fit the network, score its checkpoint, and print the tables.

    Args:
        config: As `conf/train.yaml` composes it; `run_folder` must be given where Hydra does not
            run.

    Returns:
        Per part, what `metrics.json` holds; empty after a `fast_dev_run`, which keeps no
        checkpoint.

    Raises:
        BrainTumorError: Anything that the user can mend.
    """
    hush_lightning()
    console = Console(highlight=False)
    run = RunFolder(Path(str(config.run_folder)))
    run.claim()
    ask = evidence_settings(config.evaluation)
    _seed(config.seed)
    prepared = build_prepared(config.data)
    split = build_split(prepared, config.split)
    datamodule = build_datamodule(config, prepared, split)
    classifier = build_classifier(config, datamodule)
    trainer = build_trainer(config, datamodule)

    record = _record(
        config,
        classifier,
        trainer,
        prepared_data={
            "name": str(config.data.name),
            "fingerprint": prepared.fingerprint,
            "prepared": str(prepared.folder.resolve()),
        },
    )
    run.create()
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

    begun = time.perf_counter()
    try:
        with keyboard_interrupts(f"what was done so far is in {run.path}"):
            trainer.fit(classifier, datamodule)
    except BaseException as error:
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        run.write_json("run.json", record | {"status": status})
        if isinstance(error, MisconfigurationException):  # a callback that monitors nothing
            raise ConfigError(" ".join(str(error).split())) from error
        raise
    record["seconds_fit"] = round(time.perf_counter() - begun, 3)
    record["epochs"] = trainer.current_epoch
    if fast_dev_run(trainer):
        run.write_json("run.json", record | {"status": "fast_dev_run"})
        console.print("fast_dev_run: one batch of each part went through; nothing was kept.")
        return {}

    # By what this run monitored, not by what lies there.
    checkpoint = run.checkpoint("best" if datamodule.monitored_part == VALIDATION else "last")
    run.write_json("run.json", record | {"status": "trained", "scored": checkpoint.name})
    found = evaluate_run(run, run, datamodule, checkpoint, config.trainer.accelerator, ask)
    scores: Scores = found.metrics["parts"]
    log_outcome(trainer.loggers, scores, found.confusion, trainer.current_epoch)
    record["seconds"] = round(time.perf_counter() - begun, 3)
    run.write_json("run.json", record | {"status": "finished", "scored": checkpoint.name})
    for table in score_tables(found.metrics, f"{config.model.name}, {checkpoint.name}"):
        console.print(to_rich(table))
    metrics = found.metrics
    for sentence in gaps(scores, metrics["operating_point"], metrics["temperature"]):
        console.print(sentence)
    _print_ways_on(console, run.path, prepared.folder)
    return scores


def _seed(seed: Any) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ConfigError(f"seed must be a whole number in 0..2**32 - 1: {seed!r}")
    L.seed_everything(seed, workers=True, verbose=False)


def _record(
    config: DictConfig, classifier: L.LightningModule, trainer: L.Trainer, prepared_data: Any
) -> dict[str, Any]:
    device = trainer.strategy.root_device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()
    return provenance() | {
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "device": name,
        "threads": torch.get_num_threads(),
        "seed": config.seed,
        "data": prepared_data,
        "parameters": {
            "all": sum(p.numel() for p in classifier.parameters()),
            "trained": sum(p.numel() for p in classifier.parameters() if p.requires_grad),
        },
    }


def _print_ways_on(console: Console, run: Path, prepared: Path) -> None:
    shown = run.relative_to(Path.cwd()) if run.is_relative_to(Path.cwd()) else run
    console.print(f"run folder:   {shown}", soft_wrap=True)
    console.print(f"prepared set: {prepared}", soft_wrap=True)
    console.print(f"next:         python -m brain_tumor.evaluate run={shown}", soft_wrap=True)
    console.print(f"curves:       tensorboard --logdir {shown.parent}", soft_wrap=True)
