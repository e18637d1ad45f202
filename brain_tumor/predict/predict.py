"""`predict`: new scans through a trained network, as a table and as files."""

import contextlib
import os
from collections import Counter
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Annotated, Any, Literal

from omegaconf import DictConfig
from rich.console import Console

from brain_tumor.config.arguments import parse_settings
from brain_tumor.config.values import check_values
from brain_tumor.engine.preparation_bar import preparing_bar
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.evaluate.predictions import scoring_trainer
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.predict.averaged import open_together, with_mirror
from brain_tumor.predict.inputs import find_files
from brain_tumor.predict.model import Model, open_model
from brain_tumor.predict.output_files import Write, check_output, table_file
from brain_tumor.predict.overlay import check_overlays, write_overlays
from brain_tumor.predict.place import run_place
from brain_tumor.predict.predictions import Batch, Prediction, Unusable, predict_files
from brain_tumor.predict.table import (
    NOTICE,
    parted_sentence,
    predictions_summary,
    predictions_table,
)
from brain_tumor.rendering.tables import unusable_note
from brain_tumor.rendering.terminal import to_rich
from brain_tumor.settings import Range, Settings
from brain_tumor.trained.abstention import Abstention
from brain_tumor.trust import Modules


@dataclass
class Outcome:
    """What came of all files: the first predictions, or all, and counts of each kind.

    `place` is the folder that all predicted scans lie in; None before there is one.
    """

    predictions: list[Prediction] = field(default_factory=list)
    place: str | None = None
    counts: Counter[str] = field(default_factory=Counter)
    out_of_distribution: int = 0
    low_confidence: int = 0
    unusable: list[tuple[str, str]] = field(default_factory=list)

    @property
    def predicted(self) -> int:
        """How many scans were predicted."""
        return self.counts.total()

    def add(self, result: Prediction | Unusable, most: float) -> None:
        """Count a result; of predictions the first `most` are kept."""
        if isinstance(result, Unusable):
            self.unusable.append((result.source, result.reason))
            return
        folder = os.path.dirname(str(result.source))  # noqa: PTH120 (of text, as commonpath is)
        self.place = folder if self.place is None else _shared(self.place, folder)
        if len(self.predictions) < most:
            self.predictions.append(result)
        self.counts[result.label] += 1
        self.out_of_distribution += bool(result.out_of_distribution)
        self.low_confidence += result.low_confidence


def predict(config: DictConfig, keep_all: bool = False) -> Outcome:
    """Predict scans, write what is asked for, and print a table.

    All predictions are kept in memory with `keep_all`, else those that are shown. DataError where
    no scan could be used.
    """
    hush_lightning()
    settings = prediction_settings(config)
    output, overlays = map(_path, (settings.output, settings.overlays))
    if output is not None:
        check_output(output, settings.overwrite)
    if overlays is not None:
        check_overlays(overlays, settings.overwrite)
    files = find_files(settings.inputs, [path for path in (output, overlays) if path is not None])
    model = _opened(settings)
    model = replace(model, volume=settings.slices_of(model.volume))
    if overlays is not None and model.cam is None:
        if not model.path.is_file():
            raise ConfigError(
                f"overlays need feature maps, which {model.name} does not have: leave overlays out."
            )
        raise ConfigError(
            f"overlays need the network itself, which {model.path} does not show: give the run's "
            "folder as run=..."
        )
    outcome = Outcome()
    with contextlib.ExitStack() as held:
        write = None if output is None else held.enter_context(table_file(output, model))
        progress = held.enter_context(preparing_bar())
        for batch in predict_files(model, files, settings.batch_size, progress):
            _take(batch, model, overlays, write, outcome, inf if keep_all else settings.shown)
    if not outcome.predicted:
        source, reason = outcome.unusable[0]
        where = "" if output is None else f"; {output} has the reason of each"
        raise DataError(
            f"Nothing could be used of {len(outcome.unusable):,} given, the first is {source} "
            f"({reason}){where}: give pictures, DICOM or NIfTI files of scans as input=..."
        )
    _print(outcome, settings.shown, model, output, overlays)
    return outcome


@dataclass(frozen=True)
class PredictionSettings(Settings):
    """What stands at the top of `conf/predict.yaml`, as it says there."""

    run: str | list[str]
    input: str | list[str]
    output: str | None
    overwrite: bool
    overlays: str | None
    checkpoint: Literal["best", "last"] | None
    accelerator: str
    batch_size: Annotated[int, Range(1, 1024)]
    shown: Annotated[int, Range(1, 10_000)]
    abstention: Abstention
    trusted: bool
    data: dict[Literal["volume"], dict[str, Any]] = field(default_factory=dict)
    tta: Literal["flip"] | None = None
    keep_freed_memory: bool = True
    trust: Modules = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.inputs or not all(self.inputs):
            raise ConfigError("input is empty: give scans, folders of scans, or globs as input=...")
        self.slices_of(VolumeSettings())

    def slices_of(self, own: VolumeSettings) -> VolumeSettings:
        """Give which slices of a volume are predicted: a run's own, but for what is given here."""
        changes = self.data.get("volume", {}).items()
        given = {name: value for name, value in changes if value is not None}
        return parse_settings(VolumeSettings, vars(own) | given, "data.volume")

    @property
    def inputs(self) -> list[str]:
        """The files, folders and globs to predict."""
        return [self.input] if isinstance(self.input, str) else self.input


def prediction_settings(config: DictConfig) -> PredictionSettings:
    """Read what is predicted; no file is read."""
    settings = parse_settings(PredictionSettings, check_values(config, "predict"))
    scoring_trainer(settings.accelerator)
    return settings


def _opened(settings: PredictionSettings) -> Model:
    if isinstance(settings.run, str):
        model = open_model(
            run_place(settings.run, settings.accelerator),
            settings.abstention,
            settings.checkpoint,
            settings.accelerator,
            settings.trusted,
        )
    else:
        model = open_together(
            settings.run, settings.abstention, settings.checkpoint, settings.accelerator
        )
    return model if settings.tta is None else with_mirror(model)


def _path(name: str | None) -> Path | None:
    return None if name is None else Path(name).expanduser()


def _take(
    batch: Batch,
    model: Model,
    overlays: Path | None,
    write: Write | None,
    outcome: Outcome,
    most: float,
) -> None:
    predictions = [result for result in batch.results if isinstance(result, Prediction)]
    names = [""] * len(predictions)
    if overlays is not None:
        names = write_overlays(overlays, model, predictions, batch.scans, outcome.predicted + 1)
    named = iter(names)
    for result in batch.results:
        name = next(named) if isinstance(result, Prediction) else ""
        if write is not None:
            write(result, name)
        outcome.add(result, most)


def _print(
    outcome: Outcome, shown: int, model: Model, output: Path | None, overlays: Path | None
) -> None:
    console = Console(highlight=False, markup=False)  # a path may hold [brackets]
    place = f"{outcome.place.rstrip('/')}/" if outcome.place else ""
    displayed = outcome.predictions[:shown]
    table = predictions_table(model.name, place, displayed, outcome.predicted, _note(model))
    counts = {name: outcome.counts[name] for name in model.classes}
    flagged = None if model.ood_threshold is None else outcome.out_of_distribution
    bad = outcome.unusable
    console.print(predictions_summary(counts, flagged, outcome.low_confidence, len(bad)))
    console.print(to_rich(table, console.width))
    threshold, healthy = model.chosen.threshold, model.healthy
    parted = any(one.tumour and one.label == healthy for one in displayed)
    if parted and healthy is not None and threshold is not None:
        console.print(parted_sentence(healthy, threshold))
    if bad:
        where = None if output is None else output.name
        console.print(unusable_note(bad, where=where), soft_wrap=True)
    if output is not None:
        console.print(f"written: {output}", soft_wrap=True)
    if overlays is not None:
        console.print(f"written: {overlays}", soft_wrap=True)


def _shared(first: str, second: str) -> str:
    try:
        return os.path.commonpath([first, second])
    except ValueError:  # of an absolute path and a relative one, or of two disks
        return ""


def _note(model: Model) -> str:
    message = (
        ", by the run's validation scans"
        if model.confident_from_validation
        else ". The run has no validation scans to choose this limit by"
    )
    sure = (
        f"Low confidence: below {model.confident_from:.3f}"
        if model.confident_from <= 1
        else "Every prediction has low confidence"
    )
    words = [f"{sure}{message}."]
    if model.chosen.threshold is not None:
        words.insert(0, f"Tumour: from a probability of {model.chosen.threshold:.3f} on.")
    if model.ood_threshold is None:
        words.append("This model cannot tell whether a scan is out of distribution.")
    return " ".join([*words, *model.notes, NOTICE])
