"""Tables of a sweep: its jobs, its settings with mean and spread, and what won."""

from collections.abc import Sequence
from typing import Any

from brain_tumor.cli.sweep.results import PARTS, Scores, Sweep, SweptJob, swept_scores
from brain_tumor.metrics.registry import LOSS, SCORES, Score, label_scores
from brain_tumor.rendering.foreign_text import markdown_text
from brain_tumor.rendering.numbers import UNKNOWN, format_counted, format_score, listed
from brain_tumor.rendering.page import DataTable, to_markdown


def sweep_tables(sweep: Sweep) -> list[DataTable]:
    """Lay out the jobs, and the settings where one has several jobs."""
    tables = [job_table(sweep)]
    if any(len(setting.jobs) > 1 for setting in sweep.settings):
        tables.append(setting_table(sweep))
    return tables


def job_table(sweep: Sweep) -> DataTable:
    """Lay out a row for each job; the jobs of the setting that won are marked."""
    won = () if sweep.won is None else sweep.settings[sweep.won].jobs
    displayed = _shown([job.scores for job in sweep.jobs])
    columns = ["job", *sweep.keys, "status", *displayed, "seconds"]
    rows = [
        [
            f"{job.number}{' *' if job.number in won else ''}",
            *(job.values[key] for key in sweep.keys),
            job.status,
            *(format_score(_value(job.scores, *place), decimals=4) for place in displayed.values()),
            UNKNOWN if job.seconds is None else f"{job.seconds:.1f}",
        ]
        for job in sweep.jobs
    ]
    note = (
        "Scores of the scored checkpoint, the best epoch's: "
        f"{listed([*(score.title for score in _of_validation()), 'mean cross-entropy'])} on "
        "validation scans, accuracy on training and test scans, for information."
        if any(part == "validation" for part, _ in displayed.values())
        else "Accuracy of the scored checkpoint, the last epoch's, without augmentation and "
        "dropout; test scores are for information."
    )
    note = f"{note} * won." if won else note
    return DataTable(f"sweep: {sweep.name}", columns, rows, note, 2 + len(sweep.keys))


def setting_table(sweep: Sweep) -> DataTable:
    """Lay out a row for each setting: mean and standard deviation over its seeds and folds."""
    keys = [key for key in sweep.keys if key in sweep.settings[0].values]
    displayed = _shown([setting.means for setting in sweep.settings])
    rows = [
        [
            " *" if place == sweep.won else "",
            *(setting.values[key] for key in keys),
            f"{setting.done} of {len(setting.jobs)}",
            *(
                _with_spread(_value(setting.means, *place), _value(setting.spreads, *place))
                for place in displayed.values()
            ),
        ]
        for place, setting in enumerate(sweep.settings)
    ]
    note = (
        "Mean ± standard deviation over the jobs of a setting, which differ in seeds and folds "
        "alone."
    )
    return DataTable("settings", ["won", *keys, "finished", *displayed], rows, note, 2 + len(keys))


def sweep_lines(sweep: Sweep) -> list[str]:
    """Say what won, why jobs failed, and where runs lie that are not in the sweep's folder."""
    lines = [sweep.verdict, *([sweep.remark] if sweep.remark else [])]
    unwell = [job for job in sweep.jobs if job.status == "failed"]
    lines += [f"job {job.number} failed: {job.reason}" for job in unwell]
    lines += [f"job {job.number}: {job.reason}, in {job.folder}" for job in _moved(sweep.jobs)]
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
    tables = [to_markdown(table) for table in sweep_tables(sweep)]
    where = DataTable(
        "runs",
        ["job", "folder", "reason"],
        [[str(j.number), j.folder, j.reason] for j in sweep.jobs],
        text_columns=3,
    )
    lines = map(markdown_text, sweep_lines(sweep))
    title = f"# {markdown_text(sweep.name)}"
    return "\n\n".join([title, *tables, *lines, to_markdown(where)]) + "\n"


def sweep_rows(sweep: Sweep) -> tuple[list[str], list[list[Any]]]:
    """Give the header and the rows of a CSV file with every score of every job, unrounded."""
    won = () if sweep.won is None else sweep.settings[sweep.won].jobs
    names = [(part, name) for part in PARTS for name in swept_scores()]
    header = ["job", *sweep.keys, "status", "won", *(f"{part}_{name}" for part, name in names)]
    rows = [
        [
            job.number,
            *(job.values[key] for key in sweep.keys),
            job.status,
            job.number in won,
            *(_value(job.scores, *name) for name in names),
            job.seconds,
            job.folder,
            job.reason,
        ]
        for job in sweep.jobs
    ]
    return [*header, "seconds", "folder", "reason"], rows


def _moved(jobs: Sequence[SweptJob]) -> list[SweptJob]:
    return [job for job in jobs if job.reason and job.status not in ("failed", "skipped")]


def _shown(scores: Sequence[Scores]) -> dict[str, tuple[str, str]]:
    """Give the columns that any of them fills, each with its part and score."""
    accuracy = SCORES["accuracy"]
    columns = {
        # What is chosen by, and test scores for information.
        **{f"val {score.short}": ("validation", score.key) for score in _of_validation()},
        f"val {LOSS}": ("validation", LOSS),
        f"train {accuracy.short}": ("train", accuracy.key),
        f"test {accuracy.short}": ("test", accuracy.key),
    }
    return {
        name: place
        for name, place in columns.items()
        if any(_value(one, *place) is not None for one in scores)
    }


def _of_validation() -> list[Score]:
    return [score for score in label_scores() if score.key != "accuracy"]


def _value(scores: Scores, part: str, name: str) -> float | None:
    return scores.get(part, {}).get(name)


def _with_spread(mean: float | None, spread: float | None) -> str:
    if mean is None or spread is None:
        return format_score(mean, decimals=4)
    return f"{mean:.4f} ± {spread:.4f}"
