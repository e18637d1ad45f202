"""`evaluate`: a run's checkpoint again, on its own scans or on those of another origin."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from omegaconf import DictConfig
from rich.console import Console

from brain_tumor.config.arguments import check_arguments
from brain_tumor.config.values import check_values
from brain_tumor.data.datamodule import check_loading
from brain_tumor.data.external.prepare import SEEN_FILE
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.evaluate.checkpoint import Record, evaluate_elsewhere, evaluate_run
from brain_tumor.evaluate.external import open_external
from brain_tumor.evaluate.fit_out_of_distribution import ood_sentence
from brain_tumor.evaluate.part_scores import scoring_settings
from brain_tumor.evaluate.predictions import scoring_trainer
from brain_tumor.evaluate.robustness import FILES, evaluate_robustness, rows_to_corrupt
from brain_tumor.evaluate.robustness_table import robustness_table
from brain_tumor.evaluate.score_tables import score_tables
from brain_tumor.metrics.registry import SCORES
from brain_tumor.rendering.certainty import gaps
from brain_tumor.rendering.page import to_rich
from brain_tumor.rendering.tables import external_table
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.reopen import reopen_data
from brain_tumor.trained.network import scored_folder
from brain_tumor.trained.out_of_distribution import open_ood_detector


def evaluate(config: DictConfig) -> Record:
    """Score a checkpoint of a run, write the files, and print the tables.

    Args:
        config: As `conf/evaluate.yaml` composes it.

    Returns:
        The content of `metrics.json`.

    Raises:
        BrainTumorError: Anything that the user can mend.
    """
    hush_lightning()
    check_evaluation(config)
    scoring = scoring_settings(config.evaluation)
    run = RunFolder(Path(str(config.run)).expanduser())
    settings = run.read_config()
    checkpoint = run.checkpoint(config.checkpoint)
    if config.batch_size is not None:
        settings.data.batch_size = config.batch_size
    datamodule = reopen_data(run, settings, config.root, str(config.data.prepared))
    foreign = None if config.data.root is None else open_external(datamodule, config.data)
    scored = datamodule if foreign is None else foreign
    if config.robustness is not None:  # before anything is scored, which takes its time
        rows_to_corrupt(scored, config.robustness)
    console = Console(highlight=False)
    home = scored_folder(run, checkpoint)
    if foreign is None:
        out = home
        out.create()
        found = evaluate_run(run, out, datamodule, checkpoint, config.accelerator, scoring)
        metrics, detector = found.metrics, found.ood
    else:
        out = home.part("external", foreign.prepared.folder.name)
        out.create()
        metrics = evaluate_elsewhere(
            *(
                out,
                datamodule,
                foreign,
                checkpoint,
                config.accelerator,
                scoring,
                settings.model.name,
            ),
            open_ood_detector(home),
        )
        detector = metrics["ood"]
        out.write(SEEN_FILE, (foreign.prepared.folder / SEEN_FILE).read_bytes())
        console.print(to_rich(external_table(foreign.prepared.summary, config.data.root)))
    for table in score_tables(metrics, f"{settings.model.name}, {checkpoint.name}"):
        console.print(to_rich(table))
    for sentence in gaps(
        metrics["parts"], SCORES.values(), metrics["operating_point"], metrics["temperature"]
    ):
        console.print(sentence)
    if detector is not None:
        console.print(ood_sentence(detector), soft_wrap=True)
    elif scored is not datamodule:
        console.print(
            "unlike train: how many scans are out of distribution is not known: "
            "evaluate the run on its own scans first",
            soft_wrap=True,
        )
    written = ["metrics.json", "predictions.csv", SEEN_FILE, "MODEL_CARD.md", "figures"]
    if config.robustness is not None:
        title = f"{settings.model.name}, {checkpoint.name}"
        robustness = evaluate_robustness(
            out,
            scored,
            checkpoint,
            config.accelerator,
            scoring,
            settings.model.name,
            config.robustness,
        )
        console.print(to_rich(robustness_table(robustness, f"robustness: {title}")))
        written += [name.format(config.robustness) for name in FILES]
    for name in written:
        if (out.path / name).exists():
            console.print(f"written: {out.path / name}", soft_wrap=True, markup=False)
    return metrics


@dataclass(frozen=True)
class EvaluationValues:
    """What stands at the top of `conf/evaluate.yaml`, as it says there."""

    run: str
    checkpoint: Literal["best", "last"] | None
    root: str | None
    accelerator: str
    batch_size: int | None
    data: dict[str, Any]
    evaluation: dict[str, Any]
    robustness: Literal["validation", "test"] | None = None
    keep_freed_memory: bool = True


@dataclass(frozen=True)
class ForeignValues:
    """What stands under `data` there."""

    root: str | None
    names: dict[Any, str | None] | None
    patients: str | None
    prepared: str


def check_evaluation(config: DictConfig) -> None:
    """Look at every configured value of an evaluation; no file is read.

    Raises:
        ConfigError: One is unknown, of the wrong kind or outside its range.
    """
    plain = check_values(config, "evaluate")
    check_arguments(EvaluationValues, plain)
    check_arguments(ForeignValues, plain["data"], "data")
    scoring_settings(plain["evaluation"])
    scoring_trainer(plain["accelerator"])
    check_loading(1 if plain["batch_size"] is None else plain["batch_size"], 0, 0)
