"""The trials of which the recipe was chosen, and the calibration of each fold."""

from pathlib import Path

from brain_tumor.rendering.numbers import format_interval, format_score
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.robustness import robustness_file
from experiments.findings import Blocks, Findings, calibration_block

README, TRIALS = (Path(__file__).with_name(name) for name in ("README.md", "trials"))


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    calibration = calibration_block(found.compared["best_patient"])
    return {README: {"trials": to_markdown(trials_table(TRIALS)), "calibration": calibration}}


def trials_table(folder: Path) -> DataTable:
    """Lay trials out by what their validation scans say, clean and corrupted."""
    rows = []
    for place in sorted(folder.iterdir()):
        trial = RunFolder(place)
        worse = robustness_file("validation").read(trial).scores
        rows.append(
            [
                str(trial.read_config().name),
                format_interval(worse.clean),
                *map(format_score, worse.by_strength),
                format_interval(worse.mean),
                format_interval(worse.lost),
            ]
        )
    strengths = [f"strength {number}" for number in range(1, 6)]
    columns = ["trial", "balanced accuracy", *strengths, "mean over corruptions", "lost"]
    note = (
        "Validation scans of fold 0 alone; in brackets 95 % intervals over groups of scans. "
        "Balanced accuracy under 14 corruptions, each at five strengths: means over corruptions."
    )
    return DataTable("Trials", columns, rows, note)
