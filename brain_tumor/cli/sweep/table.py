"""Tables of a sweep: its jobs, its settings with mean and spread, and what won."""

from statistics import stdev
from typing import Any

from brain_tumor.cli.sweep.results import Sweep, SweptSetting, score_names
from brain_tumor.metrics.registry import LOSS, SCORES, label_scores
from brain_tumor.rendering.foreign_text import markdown_text
from brain_tumor.rendering.numbers import UNKNOWN, format_counted, format_score, listed
from brain_tumor.rendering.page import DataTable, to_markdown


def sweep_tables(sweep: Sweep) -> list[DataTable]:
    """Lay out the jobs, and the settings where one has several jobs."""
    tables = [job_table(sweep)]
    several = any(len(setting.jobs) > 1 for setting in sweep.settings)
    if several and any(setting.done for setting in sweep.settings):
        tables.append(setting_table(sweep))
    return tables


def job_table(sweep: Sweep) -> DataTable:
    """Lay out a row for each job; the jobs of the setting that won are marked."""
    won = () if sweep.won is None else sweep.won.jobs
    shown = _shown(sweep)
    rows = [
        [
            f"{job.number}{' *' if job in won else ''}",
            *(job.values[key] for key in sweep.keys),
            job.status,
            *(format_score(job.scores.get(name), decimals=4) for name in shown),
            UNKNOWN if job.seconds is None else f"{job.seconds:.1f}",
        ]
        for job in sweep.jobs
    ]
    chosen = [score.title for score in label_scores() if score.key != "accuracy"]
    note = (
        "Scores of the scored checkpoint, the best epoch's: "
        f"{listed([*chosen, 'mean cross-entropy'])} on "
        "validation scans, accuracy on training and test scans, for information."
        if any(name.startswith("validation") for name in shown)
        else "Accuracy of the scored checkpoint, the last epoch's, without augmentation and "
        "dropout; test scores are for information."
    )
    note = f"{note} * won." if won else note
    columns = ["job", *sweep.keys, "status", *shown.values(), "seconds"]
    return DataTable(f"sweep: {sweep.name}", columns, rows, note, 2 + len(sweep.keys))


def setting_table(sweep: Sweep) -> DataTable:
    """Lay out a row for each setting: mean and standard deviation over its seeds and folds."""
    keys = [key for key in sweep.keys if key in sweep.settings[0].values]
    shown = _shown(sweep)
    rows = [
        [
            " *" if setting is sweep.won else "",
            *(setting.values[key] for key in keys),
            f"{setting.done} of {len(setting.jobs)}",
            *(_with_spread(setting, name) for name in shown),
        ]
        for setting in sweep.settings
    ]
    note = (
        "Mean ± standard deviation over the jobs of a setting, which differ in seeds and folds "
        "alone."
    )
    columns = ["won", *keys, "finished", *shown.values()]
    return DataTable("settings", columns, rows, note, 2 + len(keys))


def sweep_lines(sweep: Sweep) -> list[str]:
    """Say what won, why jobs failed, and where runs lie that are not in the sweep's folder."""
    lines = [sweep.verdict, *([sweep.remark] if sweep.remark else [])]
    unwell = [job for job in sweep.jobs if job.status == "failed"]
    moved = [job for job in sweep.jobs if job.reason and job.status not in ("failed", "skipped")]
    lines += [f"job {job.number} failed: {job.reason}" for job in unwell]
    lines += [f"job {job.number}: {job.reason}, in {job.folder}" for job in moved]
    stopped = [job for job in sweep.jobs if job.status == "interrupted"]
    if stopped or unwell:
        lines.append(
            f"{format_counted(len(stopped), 'job was', 'jobs were')} interrupted, "
            f"{len(unwell)} failed: "
            "the same command again skips what is finished, resumes what was interrupted "
            "and repeats what failed."
        )
    return lines


def sweep_markdown(sweep: Sweep) -> str:
    """Write tables and sentences, and a list of the runs."""
    runs = [[str(job.number), job.folder, job.reason] for job in sweep.jobs]
    where = DataTable("runs", ["job", "folder", "reason"], runs, text_columns=3)
    tables = [to_markdown(table) for table in sweep_tables(sweep)]
    lines = map(markdown_text, sweep_lines(sweep))
    title = f"# {markdown_text(sweep.name)}"
    return "\n\n".join([title, *tables, *lines, to_markdown(where)]) + "\n"


def sweep_rows(sweep: Sweep) -> tuple[list[str], list[list[Any]]]:
    """Give the header and the rows of a CSV file with every score of every job, unrounded."""
    won = () if sweep.won is None else sweep.won.jobs
    header = ["job", *sweep.keys, "status", "won", *score_names(), "seconds", "folder", "reason"]
    rows = [
        [
            *(job.number, *job.values.values(), job.status, job in won),
            *(job.scores.get(name) for name in score_names()),
            *(job.seconds, job.folder, job.reason),
        ]
        for job in sweep.jobs
    ]
    return header, rows


def _shown(sweep: Sweep) -> dict[str, str]:
    """Give the scores that a screen has room for and any job has, with their columns' names."""
    accuracy = SCORES["accuracy"].short
    names = {  # what is chosen by, and test scores for information
        f"validation_{score.key}": f"val {score.short}"
        for score in label_scores()
        if score.key != "accuracy"
    }
    names |= {f"validation_{LOSS}": f"val {LOSS}"}
    names |= {f"{part}_accuracy": f"{part} {accuracy}" for part in ("train", "test")}
    return {
        name: column
        for name, column in names.items()
        if any(job.scores.get(name) is not None for job in sweep.jobs)
    }


def _with_spread(setting: SweptSetting, name: str) -> str:
    mean, spread = setting.over(name), setting.over(name, stdev, least=2)
    if mean is None or spread is None:
        return format_score(mean, decimals=4)
    return f"{mean:.4f} ± {spread:.4f}"
