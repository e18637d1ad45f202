"""Score what was fitted, and tell what was found and where it lies."""

import time
from dataclasses import replace

from rich.console import Console

from brain_tumor.evaluate.checkpoint import evaluate_run
from brain_tumor.evaluate.fit_out_of_distribution import ood_sentence
from brain_tumor.evaluate.tables.certainty import gaps
from brain_tumor.evaluate.tables.lookalikes import lookalikes_table, lookalikes_warning
from brain_tumor.evaluate.tables.score_tables import score_tables
from brain_tumor.rendering.page import to_rich
from brain_tumor.runs.checkpoints import forget_before_last
from brain_tumor.runs.record import peak_memory
from brain_tumor.runs.results.metrics import Metrics
from brain_tumor.runs.results.run import RUN
from brain_tumor.train.callbacks.loggers import log_outcome, viewers
from brain_tumor.train.check_config import RunSettings
from brain_tumor.train.fit import Fitted
from brain_tumor.trust import typed_again


def score(fitted: Fitted, settings: RunSettings, console: Console) -> Metrics:
    """Score the checkpoint of a training, finish its folder, and print what was found."""
    run, trainer, checkpoint = fitted.run, fitted.trainer, fitted.checkpoint
    record = replace(fitted.record, status="trained", scored=checkpoint.name)
    RUN.write(run, record)
    found = evaluate_run(
        run,
        run,
        fitted.datamodule,
        checkpoint,
        settings.trainer["accelerator"],
        settings.evaluation,
    )
    metrics = found.metrics
    scores = {
        name: {key: part.value(key) for key in part.scores} for name, part in metrics.parts.items()
    }
    log_outcome(trainer.loggers, scores, found.confusion, trainer.current_epoch)
    seconds, held = time.perf_counter() - fitted.begun, peak_memory(trainer.strategy.root_device)
    RUN.write(run, replace(record, status="finished", seconds=round(seconds, 3), peak_memory=held))
    forget_before_last(run.checkpoints)
    title = f"{settings.model['name']}, {checkpoint.name}"
    for table in score_tables(metrics, title, found.sources):
        console.print(to_rich(table))
    for sentence in gaps(metrics):
        console.print(sentence)
    if found.ood is not None:
        console.print(ood_sentence(found.ood), soft_wrap=True)
    alike = None if metrics.leakage is None else metrics.leakage.lookalikes
    if alike is not None:
        title = "test scans that look like a training scan, by correlation"
        console.print(to_rich(lookalikes_table([alike], title)))
        warning = lookalikes_warning(alike, settings.split.leaky)
        if warning is not None:
            console.print(warning, soft_wrap=True)
    console.print(f"run folder:   {run.display_path}", soft_wrap=True)
    console.print(f"prepared set: {fitted.datamodule.prepared.folder}", soft_wrap=True)
    command = f"python -m brain_tumor.evaluate run={run.display_path}{typed_again()}"
    console.print(f"next:         {command}", soft_wrap=True)
    for command in viewers(trainer.loggers, run.display_path):
        console.print(f"curves:       {command}", soft_wrap=True)
    return metrics
