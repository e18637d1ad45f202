"""Score what was fitted, and tell what was found and where it lies."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console

from brain_tumor.evaluate.checkpoint import evaluate_run
from brain_tumor.evaluate.fit_out_of_distribution import ood_sentence
from brain_tumor.evaluate.score_tables import score_tables
from brain_tumor.metrics.registry import SCORES
from brain_tumor.rendering.certainty import gaps
from brain_tumor.rendering.lookalikes import lookalikes_table, lookalikes_warning
from brain_tumor.rendering.page import to_rich
from brain_tumor.runs.checkpoints import forget_before_last
from brain_tumor.runs.record import peak_memory
from brain_tumor.train.callbacks.tensorboard import log_outcome
from brain_tumor.train.check_config import RunSettings
from brain_tumor.train.fit import Fitted

Scores = dict[str, dict[str, Any]]


def score(fitted: Fitted, settings: RunSettings, console: Console) -> Scores:
    """Score the checkpoint of a training, finish its folder, and print what was found.

    Returns:
        Per part, what `metrics.json` holds.
    """
    run, trainer, record = fitted.run, fitted.trainer, fitted.record
    checkpoint = fitted.checkpoint
    run.write_json("run.json", record | {"status": "trained", "scored": checkpoint.name})
    found = evaluate_run(
        run,
        run,
        fitted.datamodule,
        checkpoint,
        settings.trainer["accelerator"],
        settings.evaluation,
    )
    scores: Scores = found.metrics["parts"]
    log_outcome(trainer.loggers, scores, found.confusion, trainer.current_epoch)
    record["seconds"] = round(time.perf_counter() - fitted.begun, 3)
    record["peak_memory"] = peak_memory(trainer.strategy.root_device)
    run.write_json("run.json", record | {"status": "finished", "scored": checkpoint.name})
    forget_before_last(run.checkpoints)
    title = f"{settings.model['name']}, {checkpoint.name}"
    for table in score_tables(found.metrics, title, found.sources):
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
    _print_next_steps(console, run.display_path, fitted.datamodule.prepared.folder)
    return scores


def _print_next_steps(console: Console, run: Path, prepared: Path) -> None:
    console.print(f"run folder:   {run}", soft_wrap=True)
    console.print(f"prepared set: {prepared}", soft_wrap=True)
    console.print(f"next:         python -m brain_tumor.evaluate run={run}", soft_wrap=True)
    console.print(f"curves:       tensorboard --logdir {run.parent}", soft_wrap=True)
