import re

import pytest
from rich.console import Console

from brain_tumor.cli.sweep.results import Sweep, SweptJob, SweptSetting, score_names
from brain_tumor.cli.sweep.table import (
    job_table,
    setting_table,
    sweep_lines,
    sweep_markdown,
    sweep_rows,
    sweep_tables,
)
from brain_tumor.rendering.terminal import to_rich


def scores(value: float) -> dict[str, float | None]:
    return dict.fromkeys(score_names(), value)


@pytest.fixture
def sweep() -> Sweep:
    jobs = [
        SweptJob(0, {"lr": "1", "seed": "0"}, "finished", "", "a/0", 12.34, scores(0.5)),
        SweptJob(1, {"lr": "1", "seed": "1"}, "skipped", "", "b/1", 10.0, scores(0.75)),
        SweptJob(2, {"lr": "9", "seed": "0"}, "failed", "The loss is nan | so.", "a/2", None),
        SweptJob(3, {"lr": "9", "seed": "1"}, "interrupted", "", "a/3", None),
    ]
    settings = [SweptSetting({"lr": "1"}, jobs[:2]), SweptSetting({"lr": "9"}, jobs[2:])]
    return Sweep("mine", ["lr", "seed"], jobs, settings, settings[0], "Won: lr=1.", "A remark.")


def test_every_job_has_its_row_and_the_winner_s_are_marked(sweep: Sweep) -> None:
    table = job_table(sweep)
    assert list(table.columns[:4]) == ["job", "lr", "seed", "status"]
    assert [row[0] for row in table.rows] == ["0 *", "1 *", "2", "3"]
    assert [row[3] for row in table.rows] == ["finished", "skipped", "failed", "interrupted"]
    assert table.rows[0][4:] == ["0.5000"] * 5 + ["12.3"]
    assert set(table.rows[2][4:]) == {"–"}  # noqa: RUF001


def test_settings_have_mean_and_spread(sweep: Sweep) -> None:
    assert len(sweep_tables(sweep)) == 2
    table = setting_table(sweep)
    assert table.rows[0][:4] == [" *", "1", "2 of 2", "0.6250 ± 0.1768"]
    assert table.rows[1][:3] == ["", "9", "0 of 2"]
    alone = [SweptSetting({"lr": "1"}, sweep.jobs[:1])]
    assert len(sweep_tables(Sweep("one", ["lr"], sweep.jobs[:1], alone, None, ""))) == 1


def test_columns_without_a_score_are_left_out() -> None:
    only = {name: 0.5 for name in score_names() if not name.startswith("validation")}
    job = SweptJob(0, {"lr": "1"}, "finished", "", "a", 1.0, only)
    setting = SweptSetting({"lr": "1"}, [job])
    table = job_table(Sweep("mine", ["lr"], [job], [setting], None, ""))
    assert list(table.columns) == ["job", "lr", "status", "train acc.", "test acc.", "seconds"]
    assert "last epoch" in table.note


def test_sentences_say_what_failed_and_what_to_do(sweep: Sweep) -> None:
    lines = sweep_lines(sweep)
    assert lines[:3] == ["Won: lr=1.", "A remark.", "job 2 failed: The loss is nan | so."]
    assert lines[-1].startswith("1 job was interrupted, 1 failed: the same command again")


def test_files_hold_every_score_and_folder(sweep: Sweep) -> None:
    header, rows = sweep_rows(sweep)
    assert len(set(header)) == len(header)
    first, failed = (dict(zip(header, row, strict=True)) for row in (rows[0], rows[2]))
    assert [first[name] for name in score_names()] == [0.5] * 12
    assert (first["won"], first["folder"], first["seconds"]) == (True, "a/0", 12.34)
    assert failed["test_accuracy"] is None
    assert failed["reason"] == "The loss is nan | so."
    text = sweep_markdown(sweep)
    assert r"nan \| so." in text
    assert len(re.findall(r"^\| [0-9]", text, re.MULTILINE)) == 8  # jobs and runs


def test_the_end_of_two_networks_over_four_folds_fits_a_screen() -> None:
    names = ("gbmnet", "mobilenetv2")
    jobs = [
        SweptJob(
            4 * n + f, {"model": name, "split.fold": str(f)}, "finished", "", "a", 1.5, scores(0.5)
        )
        for n, name in enumerate(names)
        for f in range(4)
    ]
    settings = [
        SweptSetting({"model": name}, jobs[4 * n : 4 * n + 4]) for n, name in enumerate(names)
    ]
    sweep = Sweep(
        "mine", ["model", "split.fold"], jobs, settings, settings[0], "Won: model=gbmnet."
    )
    console = Console(width=80, legacy_windows=False)
    with console.capture() as capture:
        for line in sweep_lines(sweep):
            console.print(line)
        for table in sweep_tables(sweep):
            console.print(to_rich(table, console.width))
    lines = capture.get().splitlines()
    assert len(lines) <= 57  # three more say where it lies
    assert max(map(len, lines)) <= 80
    text = " ".join(lines)
    assert lines[0] == "Won: model=gbmnet." and "0.5000" in text
    assert text.count("mobilenetv2") == 5 and text.count("finished") >= 8
