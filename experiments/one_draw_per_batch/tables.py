"""What one draw per batch does to the transfer model, beside the report."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import fmean

from brain_tumor.rendering.numbers import UNKNOWN, format_score
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.runs.finished import FinishedRun
from experiments.findings import (
    Blocks,
    Findings,
    in_epoch,
    kept_runs,
    over_seeds,
    part_score,
    report_counts,
)
from experiments.kept_table import Line, read_table
from experiments.statements import NAMES

README, HEAD = (Path(__file__).with_name(name) for name in ("README.md", "head.csv"))
FOLDER, TRANSFER = README.parent.name, "mobilenetv2"
# Trained whole, one draw per scan, in `open_settings`, and here, one per batch, by `name`.
PEERS = ("as_reported", "free_statistics", "softmax_twice", "per_batch")
# How the page calls what `head.py` tries, by columns of its table.
DRAWS = {
    "per scan": {"per_batch": "False", "shuffled": "True"},
    "per batch": {"per_batch": "True", "shuffled": "True"},
}
IN_ORDER = {"per_batch": "False", "shuffled": "False"}
LATE = 10  # epochs; what test scans get goes up and down from one to the next
FREE = "free"  # as GBMnet's is, all of whose layers are trained
WAYS = {True: "frozen", False: FREE}
SOFTMAX = {"one": {"softmax_twice": "False"}, "two": {"softmax_twice": "True"}}
AVERAGES = (*(f"averages after epoch {epoch}" for epoch in (5, 10, 15)), "last epoch")
BATCH, MEAN = "of the batch", "mean of all epochs"
# What only scans that are scored may have met, by the page's words.
AT_TEST = {
    "last epoch": "nothing else",
    MEAN: "mean of the averages after all 20 epochs",
    BATCH: "statistics of each batch of test scans",
    "last epoch, dropout on": "dropout left on",
    "last epoch, not resized": "256 pixels, not resized to 224",
    "last epoch, grey values 255 times as large": "grey values 0 to 255, trained on 0 to 1",
    "last epoch, grey values a 255th": "grey values 0 to 1, trained on 0 to 255",
}


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    lines = read_table(HEAD)
    tables = {
        "draws": draws_table(found, lines),
        "normalised": normalised_table(found, lines),
        "in_epoch": in_epoch_table(found, lines),
        "at_test": at_test_table(found, lines),
        "whole": whole_table(found, [*kept_runs("open_settings"), *kept_runs(FOLDER)]),
    }
    return {README: {name: to_markdown(table) for name, table in tables.items()}}


def draws_table(found: Findings, lines: Sequence[Line]) -> DataTable:
    """Lay out the end of the training beside what test scans get, for each draw."""
    theirs, names = found.published[TRANSFER], classes(found)
    last = max(theirs.curve)
    recalls = {
        part: [found.published_recall(TRANSFER, part, name) for name in names]
        for part in ("train", "test")
    }
    rows = [
        [
            *("the report", ""),
            format_score(theirs.curve[last]),
            format_score(theirs.cost[last]),
            *map(arrow, recalls["train"], recalls["test"]),
            format_score(theirs.test.accuracy),
        ]
    ]
    for (draw, course), (softmax, loss) in product(DRAWS.items(), SOFTMAX.items()):
        own = picked(lines, epoch=str(last), **course, **loss)
        own = [line for line in own if line["statistics"] in AVERAGES]
        rows.append(
            [
                *(draw, softmax),
                *(over_seeds(values(own, kind)) for kind in ("accuracy", "cost")),
                *(
                    arrow(
                        fmean(values(own, f"recall_{name}")),
                        fmean(values(own, f"test_recall_{name}")),
                    )
                    for name in names
                ),
                over_seeds(values(own, "test_accuracy")),
            ]
        )
    columns = ["one draw", "softmax", "training accuracy", "cost", *names, "test accuracy"]
    note = (
        f"Epoch {last}. Classes: recall of training scans in that epoch, augmented and with "
        "dropout, as the report's tables have it, then of test scans, which meet running averages; "
        "the report's by the folder with as many scans. Means over three seeds of the head and, "
        "for test scans, over the averages that four epochs left; in brackets the smallest and the "
        "largest."
    )
    return DataTable("From training to test scans", columns, rows, note, 2)


def normalised_table(found: Findings, lines: Sequence[Line]) -> DataTable:
    """Lay out how often the report's weak class is found, by what the same scans meet."""
    weak, last = found.weak_class(), max(found.published[TRANSFER].curve)
    rows = []
    for (draw, course), (softmax, loss) in product(DRAWS.items(), SOFTMAX.items()):
        own = picked(lines, epoch=str(last), **course, **loss)
        states = [AVERAGES, AVERAGES, (MEAN,), (BATCH,)]
        kinds = [f"train_recall_{weak}", *[f"test_recall_{weak}"] * 3]
        cells = [
            over_seeds(values([line for line in own if line["statistics"] in state], kind))
            for state, kind in zip(states, kinds, strict=True)
        ]
        rows.append([draw, softmax, *cells])
    columns = ["one draw", "softmax", "training scans, averages", "test scans, averages"]
    columns += ["test scans, mean averages", "test scans, own batches"]
    note = (
        f"Recall at epoch {last}, of scans that are not augmented. Averages: the running ones that "
        "each of four epochs left. Mean averages: the mean of what all 20 epochs left. Own "
        "batches: mean and variance of each batch of test scans. Means over three seeds of the "
        "head and these epochs, in brackets the smallest and the largest."
    )
    return DataTable(f"Recall of {weak}, by what normalises the scans", columns, rows, note, 2)


def in_epoch_table(found: Findings, lines: Sequence[Line]) -> DataTable:
    """Lay out what training itself says at the epochs that the report tells of."""
    theirs, names = found.published[TRANSFER], classes(found)
    rows = []
    for epoch in (20, 100, 200):
        last = epoch == max(theirs.curve)
        accuracy = theirs.curve.get(epoch)
        if accuracy is not None:
            printed = [found.published_recall(TRANSFER, "train", name) for name in names]
            told = [format_score(theirs.cost.get(epoch)), *(f"{value:.2f}" for value in printed)]
            told = told if last else [UNKNOWN] * len(told)
            rows.append(["the report", "", str(epoch), format_score(accuracy), *told])
        for (draw, course), (softmax, loss) in product(DRAWS.items(), SOFTMAX.items()):
            # What scans as they are meet changes nothing here.
            own = picked(lines, epoch=str(epoch), statistics=BATCH, **course, **loss)
            cells = [over_seeds(values(own, kind)) for kind in ("accuracy", "cost")]
            recalls = [f"{fmean(values(own, f'recall_{name}')):.2f}" for name in names]
            rows.append([draw, softmax, str(epoch), *cells, *recalls])
    columns = ["one draw", "softmax", "epoch", "accuracy", "cost", *names]
    note = (
        "Training scans while training, augmented and with dropout: the report's table 3 is taken "
        "so, too, as its 4,161 of 4,941 scans are the last point of its curve. Means over three "
        "seeds of the head, in brackets the smallest and the largest."
    )
    return DataTable("In the epoch, like for like", columns, rows, note, 2)


def at_test_table(found: Findings, lines: Sequence[Line]) -> DataTable:
    """Lay out what else only test scans may have met."""
    names, last = classes(found), max(found.published[TRANSFER].curve)
    theirs = [found.published_recall(TRANSFER, "test", name) for name in names]
    accuracy = found.published[TRANSFER].test.accuracy
    rows = [["the report", "", *(f"{value:.2f}" for value in (accuracy, *theirs)), UNKNOWN]]
    kinds = ["test_accuracy", *(f"test_recall_{name}" for name in names)]

    tried = [
        (words, draw, {"statistics": statistics, **course})
        for statistics, words in AT_TEST.items()
        for draw, course in DRAWS.items()
    ]
    words = "nothing else, trained class by class, not shuffled"
    tried.append((words, "per scan", {"statistics": AVERAGES[-1], **IN_ORDER}))
    for words, draw, setting in tried:
        own = picked(lines, epoch=str(last), **setting, **SOFTMAX["two"])
        ours = [fmean(values(own, kind)) for kind in kinds]
        away = max(abs(a - b) for a, b in zip(ours[1:], theirs, strict=True))
        rows.append([words, draw, *(f"{value:.2f}" for value in (*ours, away))])
    columns = ["what only test scans met", "one draw", "accuracy", *names, "furthest"]
    note = (
        f"Recall of test scans at epoch {last} with two softmaxes, means over three seeds of the "
        "head, averages of the last epoch where nothing else is said. Furthest: the largest "
        "distance of a class from the report's."
    )
    return DataTable("What else may have parted them", columns, rows, note, 2)


def whole_table(found: Findings, runs: Sequence[FinishedRun]) -> DataTable:
    """Lay out networks trained whole, while training and on test scans, by the draw."""
    names, weak = classes(found), found.weak_class()
    about = ("model.frozen_statistics", "training.softmax_twice")
    settings: dict[tuple[str, ...], list[FinishedRun]] = {}
    for run in (run for run in runs if run.setting["name"] in PEERS):
        draw = "per batch" if run.setting.get("augment.per_batch", False) else "per scan"
        frozen, twice = (run.setting.get(name) for name in about)
        ways = (FREE if frozen is None else WAYS[frozen], "two" if twice else "one")
        settings.setdefault((str(run.setting["model.name"]), *ways, draw), []).append(run)
    rows = []
    for key in sorted(settings, key=lambda key: (*key[:3], key[3] == "per batch")):
        own = settings[key]
        epochs = {run.record.epochs for run in own}
        (last,) = epochs
        assert last is not None, key
        cells = [over_seeds([in_epoch(run, last, "train/accuracy") for run in own])]
        for name in names:
            training = fmean(in_epoch(run, last, f"train/recall/{name}") for run in own)
            cells.append(arrow(training, fmean(part_score(run, "test", name) for run in own)))
        cells.append(over_seeds([part_score(run, "test") for run in own]))
        late = range(last - LATE + 1, last + 1)
        each = [in_epoch(run, epoch, f"test/recall/{weak}") for run in own for epoch in late]
        cells.append(over_seeds(each))
        rows.append([NAMES[key[0]], *key[1:], str(len(own)), str(last), *cells])
    columns = ["network", "batch normalisation", "softmax", "one draw", "seeds", "epochs"]
    columns += ["training accuracy", *names, "test accuracy"]
    columns.append(f"test recall of {weak}, last {LATE} epochs")
    note = (
        "Networks trained whole. Classes: recall of training scans in the last epoch, augmented "
        "and with dropout, then of test scans. Means over seeds, at the end over seeds and epochs, "
        "in brackets the smallest and the largest."
    )
    return DataTable("Whole networks, by the draw", columns, rows, note, 4)


def classes(found: Findings) -> list[str]:
    """Name the classes by their folders."""
    return sorted(row.folder for row in report_counts(found.audit).rows)


def picked(lines: Sequence[Line], **setting: str) -> list[Line]:
    """Give the lines that have these values in these columns."""
    return [line for line in lines if setting.items() <= line.items()]


def values(lines: Sequence[Line], column: str) -> list[float]:
    """Give a column as numbers."""
    return [float(line[column]) for line in lines]


def arrow(before: float, after: float) -> str:
    """Write how a recall moves.

    >>> arrow(0.75, 0.26)
    '0.75 → 0.26'
    """
    return f"{before:.2f} → {after:.2f}"
