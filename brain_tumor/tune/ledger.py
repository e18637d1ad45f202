"""The ledger of a study: which trials there were, who works on which, and what became of them.

An SQLite file, `study.db`, in the study's folder. Several processes of one machine, or of machines
that share a disk with working file locks, may work on one study: whatever decides which trial is
next happens under one lock, and every running trial holds a lock that ends with its process. A
trial whose process is gone is set to failed, and its values are tried again, in the same run folder
and from its last whole epoch.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
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
RUN, CONTINUES = "run", "continues"  # what a trial's attributes are called
_WAIT = 60  # seconds for another process to be done with the file


class Ledger:
    """Opens a study, or begins it where there is none.

    Args:
        settings: What the study is.
        fingerprint: Of the prepared set.

    Raises:
        ConfigError: The study was begun with another configuration.
        DataError: Its folder or its file cannot be used, or there is a link in the folder.
    """

    def __init__(self, settings: StudySettings, fingerprint: str) -> None:
        self.settings = settings
        self.locks = settings.folder / ".locks"
        file = settings.folder / DATABASE
        check_no_links(settings.folder)
        try:
            self.locks.mkdir(parents=True, exist_ok=True)
            with self.deciding():
                self.study = self._open(file)
                self._check_same_study({**settings.fixed, "data.fingerprint": fingerprint})
        except OSError as error:
            raise DataError(
                f"The study folder {settings.folder} cannot be used ({error.strerror}): give a "
                "writable folder as runs=..."
            ) from error
        except (SQLAlchemyError, RuntimeError) as error:
            # The second is what optuna makes of a file that another version wrote.
            raise DataError(
                f"{file} is damaged or of another version of optuna: move it away, or give another "
                "study.name."
            ) from error

    def trials(self) -> list[FrozenTrial]:
        """Give all trials, by number."""
        return self.study.get_trials(deepcopy=False)

    def stopped(self) -> set[int]:
        """Give the numbers of those trials that were stopped, and whose values another tries."""
        return _superseded(self.trials())

    def begin(self, held: ExitStack) -> Trial | None:
        """Begin the next trial, with all its values drawn; None where there are enough.

        Args:
            held: Takes the lock that tells others that the trial is worked on.
        """
        with self.deciding():
            for earlier in self.trials():
                if earlier.state == TrialState.RUNNING and self._abandoned(earlier.number):
                    self._requeue(earlier)
            place = self._begun()
            if place >= self.settings.trials:
                return None
            # Seeded for its place: a study that was stopped draws what it would have drawn.
            entropy = np.random.SeedSequence((self.settings.seed, place))
            seed = int(entropy.generate_state(1)[0])
            self.study.sampler = build(self.settings.sampler, "study.sampler", SAMPLER, seed=seed)
            trial = self.study.ask(self.settings.space)
            held.enter_context(self._lock(trial.number))
            if RUN not in trial.user_attrs:
                model = self.settings.training.model.name
                trial.set_user_attr(RUN, f"{trial.number}-{model}")
            return trial

    def requeue(self, trial: Trial) -> None:
        """Leave a trial to whoever begins the next one."""
        with self.deciding():
            self._requeue(self.trials()[trial.number])

    def end(
        self,
        trial: Trial,
        state: TrialState,
        value: float | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down what became of a trial.

        Args:
            trial: The trial.
            state: COMPLETE, PRUNED or FAIL.
            value: Its objective, where it is complete.
            more: Further attributes.
        """
        for name, content in (more or {}).items():
            trial.set_user_attr(name, content)
        self.study.tell(trial, value, state)

    @contextlib.contextmanager
    def deciding(self) -> Iterator[None]:
        """Keep other processes from deciding anything, or writing what the study found.

        Raises:
            DataError: One does not let go of it.
        """
        lock = FileLock(self.locks / "study.lock", timeout=_WAIT)
        try:
            lock.acquire()
        except Timeout as error:
            raise DataError(
                f"Another process holds {lock.lock_file} for more than {_WAIT} seconds: stop it."
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _open(self, file: Path) -> optuna.Study:
        connect = {"connect_args": {"timeout": _WAIT}}
        return optuna.create_study(
            storage=RDBStorage(f"sqlite:///{file}", engine_kwargs=connect),
            pruner=build(self.settings.pruner, "study.pruner", PRUNER),
            study_name=self.settings.name,
            direction="minimize" if self.settings.minimised else "maximize",
            load_if_exists=True,
        )

    def _check_same_study(self, fixed: Mapping[str, Any]) -> None:
        before = self.study.user_attrs.get("fixed")
        if before is None:
            self.study.set_user_attr("fixed", dict(fixed))
            return
        changed = [
            f"{key} was {before.get(key)!r}, now {fixed.get(key)!r}"
            for key in sorted(before.keys() | fixed.keys())
            if before.get(key) != fixed.get(key)
        ]
        if changed:
            raise ConfigError(
                f"The study {self.settings.folder} was begun with another configuration "
                f"({'; '.join(changed)}): leave it as it was, or give another study.name."
            )

    def _begun(self) -> int:
        trials = self.trials()
        stopped = _superseded(trials)
        waits = TrialState.WAITING
        return sum(t.state != waits and t.number not in stopped for t in trials)

    def _requeue(self, trial: FrozenTrial) -> None:
        if trial.number not in self.stopped():
            attributes = {CONTINUES: trial.number}
            if RUN in trial.user_attrs:
                attributes[RUN] = trial.user_attrs[RUN]
            self.study.enqueue_trial(trial.params, attributes)
        self.study.tell(trial.number, state=TrialState.FAIL)

    def _abandoned(self, number: int) -> bool:
        try:
            with FileLock(self._lock_file(number), timeout=0):
                return True
        except Timeout:
            return False

    def _lock(self, number: int) -> FileLock:
        return FileLock(self._lock_file(number), timeout=0)

    def _lock_file(self, number: int) -> Path:
        return self.locks / f"{number}.lock"


def _superseded(trials: Sequence[FrozenTrial]) -> set[int]:
    return {t.user_attrs[CONTINUES] for t in trials if CONTINUES in t.user_attrs}
