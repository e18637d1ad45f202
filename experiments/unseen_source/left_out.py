"""Which scans come from which source, and a split that keeps one source out of training.

    python -m experiments.unseen_source.left_out SPLIT.csv        (BRAIN_TUMOR_DATA=FOLDER)

Writes a file for `split=file`: the first of the four folds over patients, as `best_patient` has it,
without the tumours that are not from Figshare in training and validation. All of those are tested.
"""

from pathlib import Path

import numpy as np

from brain_tumor.config.data import build_prepared, build_split
from brain_tumor.config.data_settings import data_settings
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import TEST, Rows, Split, SplitSettings
from brain_tumor.runs.finished import HEALTHY
from experiments.by_source.tables import FIGSHARE, OTHERS, Mask
from experiments.frozen_features import composed
from experiments.heads import FOLDS, write_split
from experiments.with_path import run_with_path

SOURCES = (OTHERS, FIGSHARE)


def tumours_of(prepared: PreparedSet, source: str) -> Mask:
    """Tell which kept scans are tumours of a source, `(N,)`.

    Args:
        prepared: The scans. Figshare's are those whose patient the table in the package knows.
        source: One of `SOURCES`.
    """
    tumour = prepared.labels != prepared.classes.index(HEALTHY)
    known = prepared.patients >= 0
    own: Mask = tumour & (known if source == FIGSHARE else ~known)
    return own


def without(rows: Rows, out: Mask, groups: Rows) -> Rows:
    """Leave scans out, and whatever is in a group with one of them.

    Args:
        rows: The scans to choose from.
        out: Of all scans, those to leave out, `(N,)`.
        groups: Group of each scan, `(N,)`, int64.

    Example:
        >>> out = np.array([True, False, False, False])
        >>> without(np.array([0, 1, 2]), out, np.array([7, 7, 8, 9]))
        array([2])
    """
    return rows[~np.isin(groups[rows], groups[out])]


def left_out(prepared: PreparedSet, split: Split, source: str) -> Split:
    """Take a source's tumours out of training and validation, and test on all of them."""
    out = tumours_of(prepared, source)
    train, validation = (
        without(rows, out, prepared.groups) for rows in (split.train, split.validation)
    )
    return Split(train, validation, np.union1d(split.test, np.flatnonzero(out)))


def main(path: str) -> None:
    """Write the split file."""
    config = composed("experiment=best_patient")
    prepared = build_prepared(data_settings(config.data))
    settings = SplitSettings("patient", validation_fraction=0.15, folds=FOLDS, fold=0)
    split = left_out(prepared, build_split(prepared, settings), OTHERS)
    write_split(Path(path), prepared, split)
    own = tumours_of(prepared, OTHERS)
    print(f"tumours of the source left out: {int(own.sum())}, {TEST}: {len(split.test)} scans")


if __name__ == "__main__":
    run_with_path(main, __doc__)
