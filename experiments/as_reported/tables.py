"""How far the report's recipe got, run by run."""

from pathlib import Path

from brain_tumor.rendering.numbers import UNKNOWN, format_score
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.runs.history import History
from experiments.findings import Blocks, Findings, in_epoch, kept_runs
from experiments.statements import NAMES

README = Path(__file__).with_name("README.md")


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    return {README: {"reached": to_markdown(reached_table(found))}}


def reached_table(found: Findings) -> DataTable:
    """Lay out accuracy and cost at the epochs that the report tells of, beside the report.

    The first of the scored epochs in which training reached the report's last accuracy is told,
    too: what the test scans said by then.
    """
    rows = []
    runs, weak = kept_runs("as_reported"), found.weak_class()
    types = ("train/loss", f"train/recall/{weak}", "test/accuracy", f"test/recall/{weak}")
    for model, network in NAMES.items():
        theirs = found.published[model]
        first, last = min(theirs.curve), max(theirs.curve)
        recalls = [found.published_recall(model, part, weak) for part in ("train", "test")]
        ends = [theirs.cost.get(last), recalls[0], theirs.test.accuracy, recalls[1]]
        for epoch in (first, last):
            message = [format_score(value) if epoch == last else UNKNOWN for value in ends]
            accuracy = format_score(theirs.curve[epoch], decimals=4)
            rows.append([network, "the report", str(epoch), accuracy, *message])
        for run in (run for run in runs if run.setting["model.name"] == model):
            for epoch in (first, reaching(run.history, theirs.curve[last]), last):
                message = [format_score(in_epoch(run, epoch, kind)) for kind in types]
                accuracy = format_score(in_epoch(run, epoch, "train/accuracy"), decimals=4)
                rows.append([network, f"seed {run.seed}", str(epoch), accuracy, *message])
    columns = ["network", "run", "epoch", "training accuracy", "cost"]
    columns += [f"recall of {weak}", "test accuracy", f"recall of {weak}, test scans"]
    note = (
        "Training accuracy, cost (nats per scan) and the first recall while training, augmented "
        "and with dropout. The epoch in between is the first scored one in which a run has the "
        "report's last training accuracy. The report's recalls of "
        f"{weak} are those of its row with as many scans."
    )
    title = "How far the report's recipe got"
    return DataTable(title, columns, rows, note, 2)


def reaching(curve: History, accuracy: float) -> int:
    """Give the first epoch with a scored test part whose training accuracy is as high."""
    rows = zip(curve["train/accuracy"], curve["test/accuracy"], strict=True)
    return next(
        epoch
        for epoch, (own, test) in enumerate(rows, start=1)
        if own is not None and test is not None and own >= accuracy
    )
