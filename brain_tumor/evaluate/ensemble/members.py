"""Runs of one prepared set, and the scans that none of them was trained or selected by."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.split import Split
from brain_tumor.errors import DataError
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.reopen import reopen_data, reopen_split
from brain_tumor.runs.results.run import RUN
from brain_tumor.trained.ensemble import run_folders
from brain_tumor.trained.network import Trained, open_trained


@dataclass(frozen=True)
class Members:
    """Runs on one prepared set that are scored together.

    Attributes:
        datamodule: Their scans. `test` and `validation` are what lies in that part of every run,
            `train` all that any of them was trained or selected by and is not validation.
        left_out: Test scans of a run that are none of another: most often, this one was trained or
            selected by them.
    """

    trained: tuple[Trained, ...]
    datamodule: ScanDataModule
    left_out: int

    @property
    def name(self) -> str:
        """What they are called in titles."""
        networks = ", ".join(dict.fromkeys(member.model for member in self.trained))
        return f"{len(self.trained)} runs together ({networks})"

    @property
    def folder(self) -> RunFolder:
        """Where their evaluation is written: in the first run, by what they are."""
        names = [str(member.checkpoint.resolve()) for member in self.trained]
        digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
        return self.trained[0].run.part("together", digest[:12])

    def check_test(self) -> None:
        """Make sure that there is a scan to score them by.

        Raises:
            DataError: There is none.
        """
        if not len(self.datamodule.split.test):
            names = ",".join(str(member.run.path) for member in self.trained)
            raise DataError(
                "Each test scan of one of these runs trained or selected another, as folds of one "
                "split do, so no score of them together would be honest: give scans of another "
                f'origin as data.root=FOLDER, or pool the runs by compare "runs=[{names}]"'
            )


def open_members(
    names: Sequence[str],
    checkpoint: str | None,
    root: str | None,
    directory: str,
    batch_size: int | None,
) -> Members:
    """Open the runs (folders, folders that hold some, or globs) and what is left of their splits.

    Raises:
        DataError: There are fewer than two runs, or they are of different prepared sets.
    """
    trained = tuple(open_trained(path, checkpoint) for path in run_folders(names))
    first = trained[0].run
    datamodule = reopen_data(first, root, directory, batch_size)
    prints = [RUN.read(member.run).data.fingerprint for member in trained]
    for member, fingerprint in zip(trained, prints, strict=True):
        if fingerprint != prints[0]:
            raise DataError(
                f"{first.path} and {member.run.path} were trained on different prepared sets, so "
                "which scans both have not been trained on is not known: leave one of them out."
            )
    splits = [reopen_split(member.run, datamodule.prepared) for member in trained]
    learnt = np.unique(np.concatenate([rows for s in splits for rows in (s.train, s.validation)]))
    validation, test = splits[0].validation, splits[0].test
    for split in splits[1:]:
        validation = np.intersect1d(validation, split.validation)
        test = np.intersect1d(test, split.test)
    tested = np.unique(np.concatenate([split.test for split in splits]))
    shared = Split(np.setdiff1d(learnt, validation), validation, test)
    scans = ScanDataModule(
        datamodule.prepared,
        shared,
        batch_size=datamodule.batch_size,
        num_workers=datamodule.num_workers,
    )
    return Members(trained, scans, len(tested) - len(test))
