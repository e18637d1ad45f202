"""Both networks under each split, for this page and the project's; the calibration of each fold."""

from pathlib import Path

from brain_tumor.compare.comparison import Comparison
from brain_tumor.data.groups.lookalikes import LEVELS
from brain_tumor.rendering.numbers import (
    format_count,
    format_count_range,
    format_difference,
    format_interval,
    format_percent_range,
)
from brain_tumor.rendering.page import DataTable, to_markdown
from experiments.findings import FRONT, TUTORIALS, Blocks, Findings, calibration_block
from experiments.statements import NAMES
from experiments.which_is_better import better_table, both_networks

README = Path(__file__).with_name("README.md")


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    content = found.compared["evidence"]
    splits, calibration = to_markdown(splits_table(content)), calibration_block(content)
    better = to_markdown(better_table([own for own in both_networks() if own.whole]))
    return {
        README: {"splits": splits, "calibration": calibration, "better": better},
        FRONT: {"splits": splits},
        TUTORIALS / "compare.md": {"splits": splits},
    }


def splits_table(content: Comparison) -> DataTable:
    """Lay out what both networks score under each split, and which of them is ahead."""
    settings = {(own.split, own.model): own for own in content.settings}
    ahead = {(pair.first, pair.second): pair.differences for pair in content.pairs}
    rows = []
    for split in ("report", "official", "patient"):
        both = small, large = settings[split, "gbmnet"], settings[split, "mobilenetv2"]
        leaks = small.leakage or ()
        known = [leak.overlaps["any"].share_of_all for leak in leaks]
        alike = [leak.lookalikes[0].all for leak in leaks if leak.lookalikes]
        scores = [
            format_interval(own.pooled.intervals.overall["balanced_accuracy"]) for own in both
        ]
        message = format_difference(ahead[small.number, large.number]["balanced_accuracy"])
        scans = format_count(small.pooled.scans)
        shares = (format_percent_range(known), format_percent_range(alike))
        rows.append([split, scans, *shares, *scores, message])
    columns = ["split", "test scans", "known from training", "look alike", *NAMES.values()]
    columns.append("difference")
    note = (
        "Balanced accuracy, in brackets 95 % intervals over groups of scans. Known from training: "
        "test scans that share a patient or a slice with a training scan, or are related to one, "
        "as the search finds that builds the groups. Look alike: test scans whose correlation with "
        f"a training scan is {LEVELS[0]:g} or more, measured separately. "
        "Difference: of the second network to the first."
    )
    epochs = format_count_range([run.epochs or 0 for own in content.settings for run in own.runs])
    rates = " and ".join(
        f"{rate:g}" for rate in sorted({own.values["optimizer.lr"] for own in content.settings})
    )
    note += f" Trained for {epochs} epochs at a rate of {rates}."
    return DataTable("Both networks under each split", columns, rows, note)
