"""Several runs scored together, on scans that none of them was trained or selected by."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import log_softmax

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.split import Split
from brain_tumor.errors import DataError
from brain_tumor.evaluate.predictions import Predictions, predict_parts, scoring_trainer
from brain_tumor.metrics.scores import score
from brain_tumor.rendering.numbers import format_counted
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.load_checkpoint import load_classifier
from brain_tumor.runs.reopen import reopen_data, reopen_split
from brain_tumor.trained.ensemble import average, run_folders
from brain_tumor.trained.network import Trained, open_trained


@dataclass(frozen=True)
class Members:
    """Runs on one prepared set that are scored together.

    Attributes:
        trained: Each of them.
        datamodule: Their scans. `test` and `validation` are what lies in that part of every run,
            `train` all that any of them was trained or selected by and is not validation.
        left_out: Test scans of a run that another one was trained or selected by.
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
    """Open the runs and what is left of their splits.

    Args:
        names: Run folders, folders that hold some, or globs.
        checkpoint: `best` or `last` of each; None takes the one that its training scored.
        root: Where the raw scans lie now; None if where training found them.
        directory: Where they are prepared again if their prepared set is gone.
        batch_size: Scans per batch; None for as many as the first run trained with.

    Raises:
        DataError: There are fewer than two runs, or they are of different prepared sets.
    """
    trained = tuple(open_trained(path, checkpoint) for path in run_folders(names))
    first = trained[0].run
    datamodule = reopen_data(first, first.read_config(), root, directory, batch_size)
    prints = [member.run.read_json("run.json")["data"]["fingerprint"] for member in trained]
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


def predict_together(
    members: Members, datamodule: ScanDataModule, parts: Sequence[str], accelerator: str
) -> tuple[dict[str, Predictions], list[dict[str, Predictions]]]:
    """Let every member predict the parts, and average what they say.

    Args:
        members: The runs.
        datamodule: Serves the parts: their own scans, or those of another origin.
        parts: Which parts; one that holds no scans is left out.
        accelerator: Lightning's name of the device kind.

    Returns:
        The average, whose logits are log-probabilities and which has no features, and what each
        member says.

    Raises:
        DataError: A checkpoint knows other classes than the scans have.
        WeightsError: A checkpoint cannot be loaded, or gives values that are no numbers.
    """
    alone, said = [], []
    for member in members.trained:
        trainer, classifier = scoring_trainer(accelerator), load_classifier(member.checkpoint)
        found = predict_parts(datamodule, classifier, member.checkpoint, trainer, parts)
        temperature = member.chosen.temperature or 1.0
        alone.append(found)
        said.append(
            {part: log_softmax(one.logits / temperature, axis=1) for part, one in found.items()}
        )
    together = {
        part: replace(
            found,
            logits=average([one[part] for one in said]),
            features=np.empty((len(found.rows), 0), np.float32),
        )
        for part, found in alone[0].items()
    }
    return together, alone


def together_sentences(
    members: Members,
    together: Predictions,
    alone: Sequence[Predictions],
    classes: Sequence[str],
    foreign: bool,
) -> list[str]:
    """Say what was averaged and scored, and what that gains.

    Args:
        members: The runs.
        together: Their average on the test part.
        alone: What each says of it.
        classes: Class names.
        foreign: Whether the scans are of another origin.
    """
    scored = format_counted(len(together.rows), "scan")
    if foreign:
        scored += ", none of which looks like one that any run was trained or selected by"
    else:
        scored += " that every run left for testing"
    if members.left_out and not foreign:
        left = format_counted(members.left_out, "test scan of one run", "test scans of some runs")
        scored += f"; {left} left out, as others learned from them"
    shared = len(members.datamodule.split.validation)
    fitted = "are fitted on the validation scans that all of them share"
    if not shared:
        fitted = "are not fitted: these runs share no validation scans"
    sentences = [
        f"answers:      mean of the calibrated log-probabilities of {len(members.trained)} runs",
        f"fitted:       temperature and operating point of all together {fitted}",
        f"scored:       {scored}",
    ]

    def balanced(found: Predictions) -> str:
        predicted = found.logits.argmax(axis=1).astype(np.int64)
        return f"{score(found.labels, predicted, tuple(classes)).overall['balanced_accuracy']:.4f}"

    each = ", ".join(balanced(one) for one in alone)
    sentences.append(f"balanced:     {balanced(together)} together; alone {each}")
    sentences.append(
        "unlike train: not scored for several runs together, predict tells it of each scan"
    )
    return sentences
