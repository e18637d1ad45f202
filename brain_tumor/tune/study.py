"""A study: which trials there were, who works on which, and what became of them.

It is optuna's, in an SQLite file, `study.db`, in the study's folder. Several processes of one
machine, or of machines that share a disk with working file locks, may work on one study: which
trial is next is decided under one lock, and every running trial holds a lock that ends with its
process. A trial whose process is gone is taken up by whoever begins the next one, in the same run
folder and from its last whole epoch. Optuna's heartbeat would notice a dead process only after a
grace period, in which the same command, typed again, would begin another trial.
"""

import contextlib
import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
import optuna
from filelock import FileLock, Timeout
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from brain_tumor.config.instantiate import build
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.runs.atomic_file import check_no_links
from brain_tumor.tune.settings import PRUNER, SAMPLER, StudySettings

DATABASE = "study.db"
RUN, SECONDS, REASON = "run", "seconds", "reason"  # what a trial's attributes are called
STOPPED = "stopped"
_STATES = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
NAMED = 4  # differences between configurations that a message lists
_WAIT = 60  # seconds for another process to be done with the file


class Study:
    """Opens a study, or begins it where there is none.

    Raises:
        ConfigError: The study was begun with another configuration.
        DataError: Its folder or its file cannot be used, or there is a link in the folder.
    """

    def __init__(self, settings: StudySettings, fingerprint: str) -> None:
        self.settings = settings
        self._locks = settings.folder / ".locks"
        file = settings.folder / DATABASE
        check_no_links(settings.folder)
        try:
            self._locks.mkdir(parents=True, exist_ok=True)
            with self.deciding():
                connect = {"connect_args": {"timeout": _WAIT}}
                self.optuna = optuna.create_study(
                    storage=RDBStorage(f"sqlite:///{file}", engine_kwargs=connect),
                    pruner=build(settings.pruner, "study.pruner", PRUNER),
                    study_name=settings.name,
                    direction="minimize" if settings.sign == 1 else "maximize",
                    load_if_exists=True,
                )
                self._check_same({**settings.fixed, "data.fingerprint": fingerprint})
        except OSError as error:
            raise DataError(
                f"The study folder {settings.folder} cannot be used ({error.strerror}): give a "
                "writable folder as runs=..."
            ) from error
        except (SQLAlchemyError, RuntimeError) as error:
            if "database is locked" in str(error):
                raise DataError(
                    f"{file} is locked by another process: wait for its end, or stop it."
                ) from error
            # The second is what optuna makes of a file that another version wrote.
            raise DataError(
                f"{file} is damaged or of another version of optuna: move it away, or give another "
                "study.name."
            ) from error

    def trials(self) -> list[FrozenTrial]:
        """Give all trials that were begun, by number."""
        return self.optuna.get_trials(deepcopy=False)

    def begin(self, held: ExitStack) -> Trial | None:
        """Begin the next trial, with all its values drawn, or take up one that was stopped.

        `held` takes the lock that tells others that it is worked on. None where there are enough.
        """
        with self.deciding():
            trials = self.trials()
            stopped = next((trial for trial in trials if self.state(trial) == STOPPED), None)
            if stopped:
                trial = Trial(self.optuna, stopped._trial_id)
            elif len(trials) >= self.settings.trials:
                return None
            else:
                # Seeded for its place: a study that was stopped draws what it would have drawn.
                entropy = np.random.SeedSequence((self.settings.seed, len(trials)))
                seed = int(entropy.generate_state(1)[0])
                sampler = build(self.settings.sampler, "study.sampler", SAMPLER, seed=seed)
                self.optuna.sampler = sampler
                trial = self.optuna.ask(self.settings.space)
            held.enter_context(self._lock(trial.number))
            if RUN not in trial.user_attrs:
                trial.set_user_attr(RUN, f"{trial.number}-{self.settings.training.model.name}")
            return trial

    def state(self, trial: FrozenTrial) -> str:
        """Say what became of a trial: finished, pruned, failed, running, or `stopped` from outside.

        A stopped one was begun and not ended, and nobody works on it: the next call continues it.
        """
        if trial.state != TrialState.RUNNING:
            return _STATES[trial.state]
        try:
            with self._lock(trial.number):
                return STOPPED
        except Timeout:
            return "running"

    def best_epoch(self, trial: FrozenTrial) -> tuple[int | None, float | None]:
        """Give a trial's best epoch, from 1, and its score; None where no epoch has one."""
        known = [item for item in trial.intermediate_values.items() if math.isfinite(item[1])]
        return min(
            known, key=lambda item: (self.settings.sign * item[1], item[0]), default=(None, None)
        )

    @contextlib.contextmanager
    def deciding(self) -> Iterator[None]:
        """Keep other processes from deciding anything, or writing what the study found."""
        try:
            with FileLock(self._locks / "study.lock", timeout=_WAIT):
                yield
        except Timeout as error:
            raise DataError(
                f"Another process holds {error.lock_file} for more than {_WAIT} seconds: stop it."
            ) from error

    def _check_same(self, fixed: Mapping[str, Any]) -> None:
        before = self.optuna.user_attrs.get("fixed")
        if before is None:
            self.optuna.set_user_attr("fixed", dict(fixed))
            return
        changed = [
            f"{key} was {before.get(key)!r}, now {fixed.get(key)!r}"
            for key in sorted(before.keys() | fixed.keys())
            if before.get(key) != fixed.get(key)
        ]
        if changed:
            more = len(changed) - NAMED
            rest = f"; and {more} more" if more > 0 else ""
            raise ConfigError(
                f"The study {self.settings.folder} was begun with another configuration "
                f"({'; '.join(changed[:NAMED])}{rest}): leave it as it was, or begin another as "
                "study.name=NAME."
            )

    def _lock(self, number: int) -> FileLock:
        return FileLock(self._locks / f"{number}.lock", timeout=0)
