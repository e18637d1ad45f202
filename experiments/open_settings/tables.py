"""What open settings do to the first epochs, and to the transfer model's end."""

from pathlib import Path

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
from experiments.kept_table import read_table
from experiments.statements import NAMES

README, LONG = (Path(__file__).with_name(name) for name in ("README.md", "long_head.csv"))
TRANSFER = "mobilenetv2"
# How pages call what `long_head.py` tries, by the columns of its table.
SETTINGS = {
    "augment": {"report": "bilinear", "nearest": "nearest pixel"},
    "frozen_statistics": {"True": "frozen", "False": "free"},
    "softmax_twice": {"False": "one", "True": "two"},
}
SETTING_COLUMNS = ["rotation, shear", "batch normalisation", "softmax"]


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    tables = {
        "curves": curves_table(found),
        "long": long_table(found),
        "recalls": recalls_table(found),
    }
    return {README: {name: to_markdown(table) for name, table in tables.items()}}


def curves_table(found: Findings) -> DataTable:
    """Lay out what open settings do by the first epoch that the report tells of."""
    weak = found.weak_class()
    settings: dict[tuple[str, str], list[FinishedRun]] = {}
    for run in kept_runs("open_settings"):
        key = (str(run.setting["model.name"]), str(run.setting["name"]))
        settings.setdefault(key, []).append(run)
    rows = []
    for model, network in NAMES.items():
        curve = found.published[model].curve
        epoch = min(curve)
        for name, runs in ((key[1], runs) for key, runs in settings.items() if key[0] == model):
            while_training = [
                over_seeds([in_epoch(run, epoch, kind) for run in runs], decimals=4)
                for kind in ("train/accuracy", "train/loss")
            ]
            while_training.append(
                over_seeds([in_epoch(run, epoch, f"train/recall/{weak}") for run in runs])
            )
            trained = [
                [part_score(run, *which) for run in runs]
                for which in (("train",), ("test",), ("test", weak))
            ]
            message = [
                format_score(curve[epoch], decimals=4),
                *while_training,
                *map(over_seeds, trained),
            ]
            rows.append([network, name, str(len(runs)), str(epoch), *message])
    columns = ["network", "experiment", "seeds", "epoch", "report: accuracy", "accuracy", "cost"]
    columns += [f"recall of {weak}", "training scans", "test scans", f"recall of {weak} there"]
    note = (
        "Means over seeds, in brackets the smallest and the largest. Accuracy, cost (nats per "
        f"scan) and recall of {weak} of training scans while training, augmented and with "
        "dropout, as the report takes them; then accuracy of the trained network, without either, "
        f"and its recall of {weak} among test scans."
    )
    return DataTable("After the first epochs that the report tells of", columns, rows, note, 2)


def short_ways() -> dict[tuple[str, ...], list[dict[str, str]]]:
    """Read the rows of `long_head.csv`, by the page's names of their setting."""
    ways: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for line in read_table(LONG):
        setting = tuple(names[line[column]] for column, names in SETTINGS.items())
        ways.setdefault(setting, []).append(line)
    return ways


def trained_whole() -> list[FinishedRun]:
    """Give the runs of the transfer model that were trained as the report tells, in whole."""
    runs = kept_runs("as_reported")
    return [run for run in runs if run.setting["model.name"] == TRANSFER]


def long_table(found: Findings) -> DataTable:
    """Lay out what `long_head.py` found, beside the report and the network trained whole."""
    weak, theirs = found.weak_class(), found.published[TRANSFER]
    recalls = [found.published_recall(TRANSFER, part, weak) for part in ("train", "test")]
    types = ["accuracy", "cost", f"train_recall_{weak}", "test_accuracy", f"test_recall_{weak}"]
    trained = trained_whole()
    reached = [
        [part_score(run, *which) for run in trained]
        for which in (("train", weak), ("test",), ("test", weak))
    ]
    rows = []
    for epoch in theirs.curve:
        last = epoch == max(theirs.curve)
        ends = [theirs.cost.get(epoch), recalls[0], theirs.test.accuracy, recalls[1]]
        message = [format_score(value) if last else UNKNOWN for value in ends]
        rows.append(["the report", "", "", str(epoch), format_score(theirs.curve[epoch]), *message])
        for setting, lines in short_ways().items():
            own = [line for line in lines if int(line["epoch"]) == epoch]
            cells = [over_seeds([float(line[kind]) for line in own]) for kind in types]
            rows.append([*setting, str(epoch), *cells])
        while_training = [
            over_seeds([in_epoch(run, epoch, kind) for run in trained])
            for kind in ("train/accuracy", "train/loss")
        ]
        message = [over_seeds(values) if last else UNKNOWN for values in reached]
        rows.append(
            ["bilinear", "frozen", "one, trained whole", str(epoch), *while_training, *message]
        )
    columns = [*SETTING_COLUMNS, "epoch", "training accuracy", "cost"]
    columns += [f"recall of {weak}, training scans", "test accuracy"]
    columns.append(f"recall of {weak}, test scans")
    note = (
        "Means over seeds, three of the head and as many of the network as its page has, in "
        "brackets the smallest and the largest. Training accuracy and cost while training. The "
        f"report's recalls of {weak} are those of its row with as many scans; that of training "
        "scans is taken while training, those here without augmentation and dropout."
    )
    return DataTable("The transfer model's 200 epochs", columns, rows, note, 4)


def recalls_table(found: Findings) -> DataTable:
    """Lay out which test scans the short way finds in the end, class by class."""
    last = max(found.published[TRANSFER].curve)
    classes = sorted(row.folder for row in report_counts(found.audit).rows)
    theirs = [found.published_recall(TRANSFER, "test", name) for name in classes]
    rows = [["the report", "", "", *(format_score(value, decimals=2) for value in theirs), UNKNOWN]]
    for setting, lines in short_ways().items():
        own = [line for line in lines if int(line["epoch"]) == last]
        means = [
            sum(float(line[f"test_recall_{name}"]) for line in own) / len(own) for name in classes
        ]
        furthest = max(abs(ours - value) for ours, value in zip(means, theirs, strict=True))
        rows.append([*setting, *(format_score(value, decimals=2) for value in (*means, furthest))])
    columns = [*SETTING_COLUMNS, *classes, "furthest"]
    note = (
        f"At epoch {last}, means over three seeds of the head. The report's recalls by the folder "
        "with as many scans. Furthest: the largest distance of a class from the report's."
    )
    return DataTable("Recall of test scans", columns, rows, note, 3)
