"""`evaluate`: a run's checkpoint again, on its own scans or on those of another origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from brain_tumor.config.arguments import parse_settings, plain_values
from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.config.data_settings import data_settings
from brain_tumor.config.values import check_values
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.external.prepare import SEEN_FILE
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.errors import ConfigError, DataError, ScansGoneError
from brain_tumor.evaluate.checkpoint import evaluate_elsewhere, evaluate_run
from brain_tumor.evaluate.ensemble.evaluate import evaluate_together
from brain_tumor.evaluate.ensemble.members import open_members
from brain_tumor.evaluate.external import ExternalSettings, open_external
from brain_tumor.evaluate.fit_out_of_distribution import ood_sentence
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.evaluate.predictions import scoring_trainer
from brain_tumor.evaluate.printed import Printer
from brain_tumor.evaluate.robustness import evaluate_robustness, robustness_table, rows_to_corrupt
from brain_tumor.evaluate.tables.verdict import drawn
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.load_checkpoint import load_classifier
from brain_tumor.runs.reopen import reopen_data, without_scans
from brain_tumor.runs.results.by_source import BY_SOURCE
from brain_tumor.runs.results.metrics import METRICS, Metrics
from brain_tumor.runs.results.robustness import robustness_file
from brain_tumor.settings import BatchSize, Settings
from brain_tumor.trained.network import scored_folder
from brain_tumor.trust import Modules


def evaluate(config: DictConfig) -> Metrics:
    """Score a checkpoint of a run, as `conf/evaluate.yaml` asks; write the files, print the tables.

    Raises:
        BrainTumorError: Anything that the user can fix.
    """
    hush_lightning()
    settings = evaluation_settings(config)
    asked, accelerator = settings.data, settings.accelerator
    if not isinstance(settings.run, str):
        if settings.robustness is not None:
            raise ConfigError("robustness takes one run: give run=FOLDER, or leave robustness out.")
        members = open_members(
            settings.run, settings.checkpoint, settings.root, asked.prepared, settings.batch_size
        )
        scoring = scoring_of_run(members.trained[0].run.read_config(), settings.evaluation)
        return evaluate_together(members, asked, accelerator, scoring, settings.verbose)
    run = RunFolder(Path(settings.run).expanduser())
    trained = run.read_config()
    scoring = scoring_of_run(trained, settings.evaluation)
    model = str(trained.model.name)
    checkpoint = run.checkpoint(settings.checkpoint)
    datamodule = _data_of(run, checkpoint, settings)
    title, console = f"{model}, {checkpoint.name}", Console(highlight=False)
    printer = Printer(console, title, settings.verbose, drawn(trained.data))
    foreign = None
    if asked.place is not None:
        volume = data_settings(trained.data).volume or VolumeSettings()
        foreign = open_external(datamodule, asked, volume, printer.line)
    scored = datamodule if foreign is None else foreign
    if settings.robustness is not None:  # before anything is scored, which takes its time
        rows_to_corrupt(scored, settings.robustness)
    home = scored_folder(run, checkpoint)
    if foreign is None:
        out = home
        out.create()
        found = evaluate_run(run, out, datamodule, checkpoint, accelerator, scoring)
        metrics = found.metrics
        printer.scores(metrics, found.sources, found.ood)
    else:
        out = home.part("external", foreign.prepared.folder.name)
        out.create()
        scored_by = (checkpoint, accelerator, scoring, model, home)
        metrics = evaluate_elsewhere(out, datamodule, foreign, *scored_by)
        printer.foreign(metrics, out, foreign, str(asked.place), ood_sentence(metrics.ood))
    written = [METRICS.name, BY_SOURCE.name, "predictions.csv", SEEN_FILE]
    written += ["MODEL_CARD.md", "figures"]
    if settings.robustness is not None:
        robustness = evaluate_robustness(
            out, scored, checkpoint, accelerator, scoring, settings.robustness
        )
        printer.table(robustness_table(robustness, f"robustness: {title}"))
        written.append(robustness_file(settings.robustness).name)
    printer.written(out, written)
    if not settings.verbose:
        console.print("verbose=true prints every table.")
    return metrics


def _data_of(run: RunFolder, checkpoint: Path, settings: "EvaluationSettings") -> ScanDataModule:
    asked = settings.data
    if not asked.check_seen:
        home = scored_folder(run, checkpoint)
        if METRICS.read_if_there(home) is None:
            raise DataError(
                f"{home.path} was never scored, so it is not known what {checkpoint.name} says of "
                "its validation scans: leave checkpoint out, or take the whole run folder."
            )
        return without_scans(run, load_classifier(checkpoint).classes, settings.batch_size)
    try:
        return reopen_data(run, settings.root, asked.prepared, settings.batch_size)
    except ScansGoneError as error:
        if asked.place is None:
            raise
        raise DataError(
            f"{str(error).removesuffix('.')}, or add data.check_seen=false to score yours without "
            "looking for scans that the run was trained on."
        ) from error


def scoring_of_run(trained: DictConfig, changes: Mapping[str, Any]) -> ScoringSettings:
    """Give what a run is scored by: what it was trained with, but for `changes` that are not None.

    What an older version had no value for is the default.
    """
    default = OmegaConf.load(conf_folder() / "evaluation" / "default.yaml")
    own = OmegaConf.select(trained, "evaluation", default=OmegaConf.create({}))
    values = plain_values(default) | {
        name: value for name, value in plain_values(own).items() if name in default
    }
    values |= {name: value for name, value in changes.items() if value is not None}
    return parse_settings(ScoringSettings, values, "evaluation")


@dataclass(frozen=True)
class EvaluationSettings(Settings):
    """What stands at the top of `conf/evaluate.yaml`, as it says there."""

    run: str | list[str]
    checkpoint: Literal["best", "last"] | None
    root: str | None
    accelerator: str
    batch_size: BatchSize | None
    data: ExternalSettings
    evaluation: dict[str, Any]
    robustness: Literal["validation", "test"] | None = None
    keep_freed_memory: bool = True
    verbose: bool = False
    trust: Modules = ()


def evaluation_settings(config: DictConfig) -> EvaluationSettings:
    """Read what is evaluated; no file is read. ConfigError where a value is not what it may be."""
    settings = parse_settings(EvaluationSettings, check_values(config, "evaluate"))
    scoring_trainer(settings.accelerator)
    if not settings.data.check_seen and (
        settings.data.place is None or not isinstance(settings.run, str)
    ):
        raise ConfigError(
            "data.check_seen=false takes one run and scans of another origin: give run=FOLDER, and "
            "data.root=FOLDER or data.table=FILE, or leave it out."
        )
    return settings
