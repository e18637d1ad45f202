"""A training on the command line; in a sweep one that looks first at what was done before."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from brain_tumor.cli.sweep.launchers import prefixed
from brain_tumor.cli.sweep.record import SweepJob, this_job
from brain_tumor.config.data import build_prepared
from brain_tumor.config.source import fill_classes
from brain_tumor.errors import DataError
from brain_tumor.runs.checkpoints import newest_whole
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.identity import run_fingerprint
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.runs.results.run import RUN, RunRecord
from brain_tumor.train.check_config import run_settings
from brain_tumor.train.train import train


def train_here(config: DictConfig) -> None:
    """Train as configured; a sweep's job that was finished before is not trained again.

    In a sweep a run of the same fingerprint and the same scans is looked for among the sweeps of
    the same name: a finished one takes the job's place, one that was interrupted or killed goes
    on in its own folder, one that failed is repeated in a new folder.
    """
    job = this_job()
    if job is None:
        train(config)
        return
    # Jobs that run at the same time write to one terminal.
    together = HydraConfig.get().runtime.choices.get("hydra/launcher") == "joblib"
    with prefixed(f"{job.number} | ") if together else nullcontext():
        _train_job(config, job)


def _train_job(config: DictConfig, job: SweepJob) -> None:
    earlier = find_earlier(config)
    if earlier is None:
        train(config)
        return
    run, finished = earlier
    folder = str(run.path.absolute())
    if finished:
        print(f"job {job.number} was finished before, in {run.path}: skipped.")
        job.note(status="skipped", folder=folder)
        return
    job.note(folder=folder, reason="went on from an earlier sweep")
    OmegaConf.update(config, "resume", folder)
    train(config)


def find_earlier(config: DictConfig) -> tuple[RunFolder, bool] | None:
    """Look for a run that a job need not begin anew; tell whether nothing is left to be done."""
    fill_classes(config, "train")  # they count in a fingerprint
    settings = run_settings(config)
    own = RunFolder(Path(settings.run_folder))
    if (own.path / "run.json").is_file():
        # A cluster took the job away and gave it back: only this job has this folder.
        return own, RUN.read(own).status == "finished"
    if not settings.skip_finished:
        return None
    same = list(_same_runs(Path(settings.runs).expanduser() / settings.name, config))
    if not same:
        return None
    scans = build_prepared(settings.data).fingerprint
    same = [(run, record) for run, record in same if record.data.fingerprint == scans]
    for run, record in same:
        if record.status == "finished" and (run.path / METRICS.name).is_file():
            return run, True
    for run, record in same:
        if record.status != "failed" and _is_left(run) and newest_whole(run.checkpoints)[0]:
            return run, False
    return None


def _same_runs(runs: Path, config: DictConfig) -> Iterator[tuple[RunFolder, RunRecord]]:
    """Give the runs of earlier sweeps that a configuration asks for, the newest first.

    Damaged ones are passed over.
    """
    wanted = run_fingerprint(config)
    for path in sorted(runs.glob("sweep-*/*/run.json"), reverse=True):
        run = RunFolder(path.parent)
        try:
            record = RUN.read(run)
            if record.fingerprint == wanted:
                yield run, record
        except DataError as error:
            print(f"brain_tumor: {error}", file=sys.stderr)


def _is_left(run: RunFolder) -> bool:
    try:
        with run.locked():
            return True
    except DataError:
        return False  # another process is at it
