"""A finished run, as far as a comparison needs it: found, read and checked."""

import glob
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brain_tumor.errors import DataError
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.history import History, read_history
from brain_tumor.runs.identity import flatten, setting_of
from brain_tumor.runs.results.complexity import COMPLEXITY, MeasuredComplexity
from brain_tumor.runs.results.metrics import METRICS, Metrics
from brain_tumor.runs.results.run import RUN, RunRecord

# What `trainer.accelerator=auto` picked, by the device in run.json, so that it is one setting with
# a run that asked for it; a card stands there by its own name.
PICKED = {"CPU": "cpu", "MPS": "mps"}
HEALTHY = "notumor"  # of runs that were trained before it could be chosen


@dataclass(frozen=True)
class PartPredictions:
    """What a run says of the scans of one part, a value per scan.

    Attributes:
        paths: Their paths, each once.
        labels: Their classes.
        predicted: The classes predicted.
        logits: `(N, classes)`, float64, finite.
        patients: `(N,)`, int64, -1 where unknown; None where `predictions.csv` has no patients.
    """

    paths: tuple[str, ...]
    labels: tuple[str, ...]
    predicted: tuple[str, ...]
    logits: npt.NDArray[np.float64]
    patients: npt.NDArray[np.int64] | None


@dataclass(frozen=True)
class FinishedRun:
    """What a comparison needs of a run folder.

    Attributes:
        folder: Where it lies.
        setting: `identity.setting_of` its configured values, and `data.fingerprint`.
            `trainer.accelerator` is what `auto` picked.
        fold: `split.fold`; None where the split has none.
        seed: `seed`.
        split_seed: `split.seed`; None where the split has none.
        classes: Class names in the order of the logits.
        healthy: The class without a tumour; None where it was trained without one.
        predictions: What it says of the scans of each part; `test` is always among them.
        groups: Group of each scan of any part, by path; None where `split.csv` has no groups.
        part_sizes: Scans of each class in each part, as `split.csv` has them.
        record: What it is made of.
        metrics: Its scores; None where there are none.
        complexity: What its network costs; None where that was not measured.
        history: The columns of `metrics.csv`; empty where there is none.
    """

    folder: Path
    setting: dict[str, Any]
    fold: int | None
    seed: int
    split_seed: int | None
    classes: tuple[str, ...]
    healthy: str | None
    predictions: dict[str, PartPredictions]
    groups: dict[str, str] | None
    part_sizes: dict[str, dict[str, int]]
    record: RunRecord
    metrics: Metrics | None
    complexity: MeasuredComplexity | None
    history: History

    @cached_property
    def test(self) -> dict[str, tuple[str, str]]:
        """Class and predicted class of each test scan, by path."""
        found = self.predictions["test"]
        pairs = zip(found.labels, found.predicted, strict=True)
        return dict(zip(found.paths, pairs, strict=True))

    @property
    def seeds(self) -> tuple[int, int]:
        """Both seeds, -1 for none; runs that share them are folds of one pass over the scans."""
        return self.seed, -1 if self.split_seed is None else self.split_seed


def listed(folders: list[str] | str) -> list[str]:
    """Give configured folders; one alone counts as a list of one."""
    return [folders] if isinstance(folders, str) else folders


def find_folders(provided: Iterable[str], marker: str, kind: str) -> list[Path]:
    """Find the folders that hold the file `marker`, at or below each given folder or glob.

    A folder found twice counts once; `kind` is what such a folder is called in the DataError about
    one of the given that leads to none.
    """
    found: dict[Path, Path] = {}
    for entry in provided:
        path = Path(entry).expanduser()
        matches = glob.glob(str(path), recursive=True)  # noqa: PTH207 (Path.glob: no absolute ones)
        places = [path] if path.exists() else [Path(match) for match in sorted(matches)]
        if not places:
            raise DataError(
                f"{path} does not exist, and matches nothing: give {kind} folders, or folders that "
                "hold some."
            )
        below = [sorted(p.rglob(marker)) if p.is_dir() else [p] for p in places]
        files = [file for found_there in below for file in found_there if file.name == marker]
        if not files:
            raise DataError(
                f"There is no {kind} in {path} (nothing there is named {marker}): give {kind} "
                "folders, or folders that hold some."
            )
        for file in files:
            found.setdefault(file.parent.resolve(), file.parent)
    return list(found.values())


def read_run(folder: Path) -> FinishedRun:
    """Read a run folder; DataError where it is unfinished, damaged or has no test part."""
    run = RunFolder(folder)
    record = RUN.read(run)
    if record.status != "finished":
        raise DataError(
            f"The run {folder} is not finished (its status is {record.status}): leave it out, or "
            "train it again."
        )
    config = flatten(run.read_config())
    try:
        rows, members = run.read_rows("predictions.csv"), run.read_rows("split.csv")
        config["data.fingerprint"] = record.data.fingerprint
        if config.get("trainer.accelerator") == "auto":
            config["trainer.accelerator"] = PICKED.get(record.device, "gpu")
        classes = tuple(key.removeprefix("logit_") for key in rows[0] if key.startswith("logit_"))
        by_part: dict[str, list[dict[str, str]]] = {}
        for row in rows:
            by_part.setdefault(row["part"], []).append(row)
        found = FinishedRun(
            folder,
            setting_of(config),
            _whole(config.get("split.fold")),
            int(config["seed"]),
            _whole(config.get("split.seed")),
            classes,
            config.get("evaluation.healthy", HEALTHY),
            {part: part_predictions(own, classes) for part, own in by_part.items()},
            # Not where split.csv was written before it had groups.
            {row["path"]: row["group"] for row in members} if "group" in members[0] else None,
            _part_sizes(members),
            record,
            METRICS.read_if_there(run),
            COMPLEXITY.read_if_there(run),
            read_history(folder / "metrics.csv"),
        )
        needed = {"model.name", "split.name", *(["split.folds"] if found.fold is not None else [])}
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise _damaged(folder) from error
    if "test" not in found.predictions:
        raise DataError(f"The run {folder} predicted no test part: leave it out.")
    described = needed <= found.setting.keys()
    for part, answers in found.predictions.items():
        named = {*answers.labels, *answers.predicted}
        split = {row["path"] for row in members if row["part"] == part}
        # A scan that stands twice among the predictions would be lost unnoticed.
        once = len(set(answers.paths)) == len(answers.paths)
        complete = split == set(answers.paths) and named <= set(classes)
        if not (described and once and complete):
            raise _damaged(folder)
        if not np.isfinite(answers.logits).all():
            raise DataError(
                f"The run {folder} predicted values that are no numbers (NaN or infinite) for its "
                f"{part} scans: its training diverged, leave it out or train it again."
            )
    return found


def class_numbers(names: Sequence[str], classes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Give the number of each named class, `(N,)`, int64; KeyError where one is no class."""
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers[name] for name in names], np.int64)


def part_predictions(rows: Sequence[Mapping[str, str]], classes: Sequence[str]) -> PartPredictions:
    """Read what is said of the scans of one part; KeyError or ValueError where damaged."""
    patients = None
    if "patient" in rows[0]:  # not where it was written before predictions.csv had patients
        patients = np.array([int(row["patient"] or -1) for row in rows], np.int64)
    return PartPredictions(
        tuple(row["path"] for row in rows),
        tuple(row["label"] for row in rows),
        tuple(row["predicted"] for row in rows),
        np.array([[float(row[f"logit_{name}"]) for name in classes] for row in rows]),
        patients,
    )


def _part_sizes(members: list[dict[str, str]]) -> dict[str, dict[str, int]]:
    sizes: dict[str, dict[str, int]] = {}
    for row in members:
        sizes.setdefault(row["part"], Counter())[row["label"]] += 1
    return sizes


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _damaged(folder: Path) -> DataError:
    return DataError(
        f"config.yaml, run.json, split.csv and predictions.csv in {folder} are incomplete or do "
        "not fit together: take the whole folder that training left, or train again."
    )
