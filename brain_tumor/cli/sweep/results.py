"""What a sweep found: scores of its jobs, its settings, and which of them won."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from omegaconf import OmegaConf

from brain_tumor.cli.sweep.record import JobRecord
from brain_tumor.errors import DataError
from brain_tumor.metrics.registry import LOSS, label_scores
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.runs.results.run import RUN
from brain_tumor.runs.results.scores import PartScores

# Jobs that differ in these alone are one setting.
AVERAGED = ("seed", "split.seed", "split.fold")
PARTS = ("train", "validation", "test")
Scores = Mapping[str, Mapping[str, float | None]]  # part -> score of `swept_scores`


def swept_scores() -> list[str]:
    """Name what a sweep reads of each part: the scores of labels in the registry, and the loss."""
    return [*(score.key for score in label_scores()), LOSS]


@dataclass(frozen=True)
class SweptJob:
    """A job of a sweep, with what it has of the keys that differ between jobs, as typed.

    `reason` is why it failed, or how it went on. `scores` are by part, of the scored checkpoint,
    the best epoch's where there is a validation part; `loss` is the mean cross-entropy.
    `validation` tells validation scans apart from others; None where there are none.
    """

    number: int
    values: Mapping[str, str]
    status: str
    reason: str
    folder: str
    seconds: float | None
    scores: Scores = field(default_factory=dict)
    validation: str | None = None


@dataclass(frozen=True)
class SweptSetting:
    """Jobs that differ in seeds and folds alone, and their values of the other keys.

    `done` is how many of them have scores; means and standard deviations are over these, by part
    and score, None where one is not defined.
    """

    values: Mapping[str, str]
    jobs: Sequence[int]
    done: int
    means: Scores
    spreads: Scores


@dataclass(frozen=True)
class Sweep:
    """A sweep: its jobs by number, its settings in the order of their first jobs.

    `keys` differ between jobs. `won` is the winner's place in `settings`, None where nothing won;
    `verdict` says why. `remark` is a sentence from the configuration.
    """

    name: str
    keys: Sequence[str]
    jobs: Sequence[SweptJob]
    settings: Sequence[SweptSetting]
    won: int | None
    verdict: str
    remark: str = ""


def read_sweep(folder: Path, records: Sequence[JobRecord]) -> Sweep:
    """Read what the jobs of a sweep left behind, by their records, at least one."""
    provided = [_values(record.overrides) for record in records]
    named = list(dict.fromkeys(key for values in provided for key in values))
    keys = [key for key in named if len({values.get(key) for values in provided}) > 1]
    jobs = [
        _job(record, {key: values.get(key, "") for key in keys})
        for record, values in zip(records, provided, strict=True)
    ]
    config = _configured(folder)
    settings = settings_of(jobs)
    won, verdict = winner(jobs, settings)
    name, remark = str(config.get("name") or folder.name), str(config.get("remark") or "")
    return Sweep(name, keys, jobs, settings, won, verdict, remark)


def settings_of(jobs: Sequence[SweptJob]) -> list[SweptSetting]:
    """Put jobs that differ in seeds and folds alone together, with mean and spread."""
    gathered: dict[tuple[tuple[str, str], ...], list[SweptJob]] = {}
    for job in jobs:
        own = tuple((key, value) for key, value in job.values.items() if key not in AVERAGED)
        gathered.setdefault(own, []).append(job)
    settings = []
    for values, members in gathered.items():
        scored = [job.scores for job in members if job.scores]
        numbers = [job.number for job in members]
        means, spreads = _over(scored, fmean, 1), _over(scored, stdev, 2)
        settings.append(SweptSetting(dict(values), numbers, len(scored), means, spreads))
    return settings


def winner(jobs: Sequence[SweptJob], settings: Sequence[SweptSetting]) -> tuple[int | None, str]:
    """Choose the setting of the highest validation score; test scores are never looked at.

    Settings can only be compared on the same validation scans, so one of which a job is missing
    cannot win, and none does where the scans differ. Gives the winner's place, None where there is
    none, and a sentence that says why.
    """
    by_number = {job.number: job for job in jobs}
    complete = [place for place, one in enumerate(settings) if one.done == len(one.jobs)]
    if not complete:
        return None, "Nothing won: no setting has all its jobs finished."
    scored = [_validation(settings[place]) for place in complete]
    if None in scored:
        return None, (
            "Nothing won: there is no validation part, and test scores choose nothing "
            "(split.validation_fraction=0.15 cuts one from the training scans)."
        )
    scan_sets = {
        frozenset(by_number[n].validation for n in settings[place].jobs) for place in complete
    }
    if len(scan_sets) > 1:
        return None, "Nothing won: the settings were not validated on the same scans."
    if len(settings) == 1:
        return None, "There is one setting, so there was nothing to choose."
    best = max(complete, key=lambda place: _validation(settings[place]) or 0.0)
    same = (
        sum(_validation(settings[place]) == _validation(settings[best]) for place in complete) - 1
    )
    tied = f", the first of {same + 1} with this score" if same else ""
    named = " ".join(f"{key}={value}" for key, value in settings[best].values.items())
    left = len(settings) - len(complete)
    out = f" {left} of {len(settings)} settings lack a job and were left out." if left else ""
    return best, (
        f"Won: {named}, by balanced accuracy on validation scans "
        f"({_validation(settings[best]):.4f}{tied}); test scores are for information.{out}"
    )


def _validation(setting: SweptSetting) -> float | None:
    return setting.means.get("validation", {}).get("balanced_accuracy")


def _values(overrides: Sequence[str]) -> dict[str, str]:
    pairs = (word.lstrip("+").partition("=") for word in overrides)
    return {key: value for key, _, value in pairs}


def _job(record: JobRecord, values: dict[str, str]) -> SweptJob:
    status, reason, run = record.status, record.reason, RunFolder(Path(record.folder))
    seconds: float | None = None
    scores: Scores = {}
    validation = None
    if status in ("finished", "skipped"):
        try:
            scores, validation = _scores(run)
            seconds = RUN.read(run).seconds
        except DataError as error:  # nothing kept, or moved away meanwhile
            reason = reason or f"left no scores ({' '.join(str(error).split())})"
    if status == "started":  # its process was killed
        status = "interrupted"
    folder = str(run.display_path)
    return SweptJob(record.number, values, status, reason, folder, seconds, scores, validation)


def _scores(run: RunFolder) -> tuple[Scores, str | None]:
    def of_part(part: PartScores) -> dict[str, float | None]:
        loss = part.confidence.probabilities.scores["nll"]
        found = {score.key: part.value(score.key) for score in label_scores()}
        return found | {LOSS: None if loss is None else loss.value}

    scores = {name: of_part(part) for name, part in METRICS.read(run).parts.items()}
    held = sorted(row["path"] for row in run.read_rows("split.csv") if row["part"] == "validation")
    return scores, hashlib.sha256("\n".join(held).encode()).hexdigest() if held else None


def _over(scored: Sequence[Scores], combine: Callable[[list[float]], float], least: int) -> Scores:
    def combined(part: str, name: str) -> float | None:
        known = [value for one in scored if (value := one[part][name]) is not None]
        return combine(known) if len(known) == len(scored) >= least else None

    return {
        part: {name: combined(part, name) for name in swept_scores()}
        for part in PARTS
        if scored and all(part in one for one in scored)
    }


def _configured(folder: Path) -> dict[str, Any]:
    """Give name and remark from what Hydra wrote down before the configuration of each job."""
    path = folder / "multirun.yaml"
    if not path.is_file():
        return {}
    config = OmegaConf.load(path)
    return {key: OmegaConf.select(config, key) for key in ("name", "remark")}
