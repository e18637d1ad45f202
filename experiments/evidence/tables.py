"""Both networks under each split, for this page and the project's; the calibration of each fold."""

from pathlib import Path

from brain_tumor.data.groups.lookalikes import LEVELS
from brain_tumor.rendering.certainty import cell
from brain_tumor.rendering.numbers import format_count, format_count_range, format_percent_range
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.rendering.pairs import difference
from experiments.findings import (
    FRONT,
    TUTORIALS,
    Blocks,
    Findings,
    Values,
    calibration_block,
)
from experiments.statements import NAMES

README = Path(__file__).with_name("README.md")


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    content = found.compared["evidence"]
    splits, calibration = to_markdown(splits_table(content)), calibration_block(content)
    return {
        README: {"splits": splits, "calibration": calibration},
        FRONT: {"splits": splits},
        TUTORIALS / "compare.md": {"splits": splits},
    }


def splits_table(content: Values) -> DataTable:
    """Lay out what both networks score under each split, and which of them is ahead."""
    settings = content["settings"]
    numbers = {(own["split"], own["model"]): n for n, own in enumerate(settings, start=1)}
    ahead = {(pair["first"], pair["second"]): pair["differences"] for pair in content["pairs"]}
    rows = []
    for split in ("report", "official", "patient"):
        small, large = numbers[split, "gbmnet"], numbers[split, "mobilenetv2"]
        both = [settings[number - 1] for number in (small, large)]
        known = [leak["overlaps"]["any"]["share_of_all"] for leak in both[0]["leakage"]]
        alike = [leak["lookalikes"][0]["all"] for leak in both[0]["leakage"]]
        scores = [cell(own["pooled"]["intervals"]["balanced_accuracy"]) for own in both]
        message = difference(ahead[small, large]["balanced_accuracy"])
        scans = format_count(both[0]["pooled"]["scans"])
        shares = (format_percent_range(known), format_percent_range(alike))
        rows.append([split, scans, *shares, *scores, message])
    columns = ["split", "test scans", "known from training", "look alike", *NAMES.values()]
    columns.append("second less first")
    note = (
        "Balanced accuracy, in brackets 95 % intervals over groups of scans. Known from training: "
        "test scans that share patient or slice with a scan trained on, or are related to one, by "
        "the search that builds groups. Look alike: test scans that correlate with one by "
        f"{LEVELS[0]:g} or more, which knows nothing of that search; over patients those left are "
        "of other patients than the scans that they look like."
    )
    epochs = format_count_range([run["epochs"] for own in settings for run in own["runs"]])
    rates = " and ".join(
        f"{rate:g}" for rate in sorted({own["values"]["optimizer.lr"] for own in settings})
    )
    note += f" Trained for {epochs} epochs at a rate of {rates}."
    return DataTable("Both networks under each split", columns, rows, note)
