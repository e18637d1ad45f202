"""What a sweep found: scores of its jobs, its settings, and which of them won."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from omegaconf import OmegaConf

from brain_tumor.cli.sweep.record import JobRecord
from brain_tumor.data.split import PARTS, VALIDATION
from brain_tumor.errors import DataError
from brain_tumor.metrics.registry import LOSS, label_scores
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.runs.results.run import RUN

# Jobs that differ in these alone are one setting.
AVERAGED = ("seed", "split.seed", "split.fold")
CHOOSING = "validation_balanced_accuracy"  # the score that a setting wins by
Scores = Mapping[str, float | None]  # by `score_names`; empty where there are none


def score_names() -> list[str]:
    """Name what a sweep reads: of each part the scores of labels in the registry, and the loss."""
    names = [*(score.key for score in label_scores()), LOSS]
    return [f"{part}_{name}" for part in PARTS for name in names]


@dataclass(frozen=True)
class SweptJob:
    """A job of a sweep, with what it has of the keys that differ between jobs, as typed.

    `reason` is why it failed, or how it went on. `scores` are those of the scored checkpoint, the
    best epoch's where there is a validation part; a loss is the mean cross-entropy. `validation`
    are the paths of the validation scans.
    """

    number: int
    values: Mapping[str, str]
    status: str
    reason: str
    folder: str
    seconds: float | None
    scores: Scores = field(default_factory=dict)
    validation: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SweptSetting:
    """Jobs that differ in seeds and folds alone, and their values of the other keys."""

    values: Mapping[str, str]
    jobs: Sequence[SweptJob]

    @property
    def done(self) -> int:
        """How many of the jobs have scores."""
        return sum(bool(job.scores) for job in self.jobs)

    def over(
        self, name: str, combine: Callable[[list[float]], float] = fmean, least: int = 1
    ) -> float | None:
        """Combine a score of the jobs that are done; None where it is not defined for one."""
        known = [value for job in self.jobs if (value := job.scores.get(name)) is not None]
        return combine(known) if len(known) == self.done >= least else None


@dataclass(frozen=True)
class Sweep:
    """A sweep: its jobs by number, its settings in the order of their first jobs.

    `keys` differ between jobs. `won` is None where nothing won; `verdict` says why. `remark` is a
    sentence from the configuration.
    """

    name: str
    keys: Sequence[str]
    jobs: Sequence[SweptJob]
    settings: Sequence[SweptSetting]
    won: SweptSetting | None
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
    won, verdict = winner(settings)
    name, remark = str(config.get("name") or folder.name), str(config.get("remark") or "")
    return Sweep(name, keys, jobs, settings, won, verdict, remark)


def settings_of(jobs: Sequence[SweptJob]) -> list[SweptSetting]:
    """Put jobs that differ in seeds and folds alone together."""
    gathered: dict[tuple[tuple[str, str], ...], list[SweptJob]] = {}
    for job in jobs:
        own = tuple((key, value) for key, value in job.values.items() if key not in AVERAGED)
        gathered.setdefault(own, []).append(job)
    return [SweptSetting(dict(values), members) for values, members in gathered.items()]


def winner(settings: Sequence[SweptSetting]) -> tuple[SweptSetting | None, str]:
    """Choose the setting of the highest validation score; test scores are never looked at.

    Settings can only be compared on the same validation scans, so one of which a job is missing
    cannot win, and none does where the scans differ. Gives the winner, None where there is none,
    and a sentence that says why.
    """
    complete = [setting for setting in settings if setting.done == len(setting.jobs)]
    if not complete:
        return None, "Nothing won: no setting has all its jobs finished."
    scored = [(score, one) for one in complete if (score := one.over(CHOOSING)) is not None]
    if len(scored) < len(complete):
        return None, (
            "Nothing won: there is no validation part, and test scores choose nothing "
            "(split.validation_fraction=0.15 cuts one from the training scans)."
        )
    if len({frozenset(job.validation for job in setting.jobs) for setting in complete}) > 1:
        return None, "Nothing won: the settings were not validated on the same scans."
    if len(settings) == 1:
        return None, "There is one setting, so there was nothing to choose."
    best, won = max(scored, key=lambda one: one[0])
    same = sum(score == best for score, _ in scored)
    tied = f", the first of {same} with this score" if same > 1 else ""
    named = " ".join(f"{key}={value}" for key, value in won.values.items())
    left = len(settings) - len(complete)
    out = f" {left} of {len(settings)} settings lack a job and were left out." if left else ""
    return won, (
        f"Won: {named}, by balanced accuracy on validation scans ({best:.4f}{tied}); test scores "
        f"are for information.{out}"
    )


def _values(overrides: Sequence[str]) -> dict[str, str]:
    pairs = (word.lstrip("+").partition("=") for word in overrides)
    return {key: value for key, _, value in pairs}


def _job(record: JobRecord, values: dict[str, str]) -> SweptJob:
    status, reason, run = record.status, record.reason, RunFolder(Path(record.folder))
    seconds: float | None = None
    scores: Scores = {}
    validation: frozenset[str] = frozenset()
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


def _scores(run: RunFolder) -> tuple[Scores, frozenset[str]]:
    scores: dict[str, float | None] = {}
    for name, part in METRICS.read(run).parts.items():
        loss = part.confidence.probabilities.scores["nll"]
        scores |= {f"{name}_{score.key}": part.value(score.key) for score in label_scores()}
        scores[f"{name}_{LOSS}"] = None if loss is None else loss.value
    rows = run.read_rows("split.csv")
    return scores, frozenset(row["path"] for row in rows if row["part"] == VALIDATION)


def _configured(folder: Path) -> dict[str, Any]:
    """Give name and remark from what Hydra wrote down before the configuration of each job."""
    path = folder / "multirun.yaml"
    if not path.is_file():
        return {}
    config = OmegaConf.load(path)
    return {key: OmegaConf.select(config, key) for key in ("name", "remark")}
