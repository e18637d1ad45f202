"""Score what was fitted, and tell what was found and where it lies."""

import time
from dataclasses import replace

from rich.console import Console

from brain_tumor.cli.last_run import LAST, RUNS, newest_finished
from brain_tumor.cli.sweep.record import this_job
from brain_tumor.evaluate.checkpoint import evaluate_run
from brain_tumor.evaluate.printed import Printer
from brain_tumor.evaluate.tables.lookalikes import lookalikes_table, lookalikes_warning
from brain_tumor.evaluate.tables.verdict import drawn
from brain_tumor.rendering.terminal import to_rich
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
    data = {"name": settings.data.name, "source": settings.data.source}
    title = f"{settings.model['name']}, {checkpoint.name}"
    printer = Printer(console, title, settings.verbose, drawn(data))
    printer.scores(metrics, found.sources, found.ood)
    alike = None if metrics.leakage is None else metrics.leakage.lookalikes
    if alike is not None:
        if settings.verbose:
            title = "test scans that look like a training scan, by correlation"
            console.print(to_rich(lookalikes_table([alike], title), console.width))
        warning = lookalikes_warning(alike, settings.split.leaky)
        if warning is not None:
            console.print(warning, soft_wrap=True)
    place = run.display_path
    _print(console, "run folder:", str(place))
    drawn_there = ", figures/" if settings.evaluation.figures else ""
    _print(console, "files there:", f"MODEL_CARD.md, metrics.json{drawn_there}")
    if settings.verbose:
        _print(console, "prepared set:", str(fitted.datamodule.prepared.folder))
    of_sweep = this_job() is not None  # which says at its end what can be done with all of its runs
    newest = not of_sweep and RUNS in place.parents and newest_finished(RUNS) == place
    named = LAST if newest else str(place)  # as the next command is told it
    for command in () if of_sweep else ("predict", "evaluate"):
        more = " input=FOLDER" if command == "predict" else ""
        typed = f"python -m brain_tumor.{command} run={named}{more}{typed_again()}"
        _print(console, "next:", typed)
    for command in viewers(trainer.loggers, place):
        if not (of_sweep and command.startswith("tensorboard")):
            _print(console, "curves:", command)
    return metrics


def _print(console: Console, name: str, text: str) -> None:
    console.print(f"{name:<13} {text}", soft_wrap=True)
