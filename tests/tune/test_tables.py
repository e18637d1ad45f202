"""A study as tables, Markdown and a figure."""

import math

import pytest

from brain_tumor.tune.figure import study_figure
from brain_tumor.tune.tables import StudyTrial, study_markdown, trial_counts, trial_table

VALUES = {"optimizer.lr": 3e-4, "data.batch_size": 16}
TRIALS = [
    StudyTrial(0, "finished", 0.5, 2, 3, 4.0, VALUES, "0-gbmnet"),
    StudyTrial(1, "pruned", 0.25, 1, 1, 1.0, VALUES | {"optimizer.lr": 2e-3}, "1-gbmnet"),
    StudyTrial(2, "failed", None, None, None, None, VALUES, "2-gbmnet", "The loss became nan."),
    StudyTrial(3, "stopped", None, None, 1, None, VALUES, "3-gbmnet"),
    StudyTrial(4, "finished", 0.75, 3, 3, 4.0, VALUES | {"data.batch_size": 64}, "3-gbmnet"),
]


def test_every_trial_has_a_row_and_stopped_ones_are_not_counted() -> None:
    table = trial_table(TRIALS, "val/accuracy")
    assert list(table.columns)[2:4] == ["lr", "batch_size"]
    assert [row[1] for row in table.rows] == [trial.state for trial in TRIALS]
    assert trial_counts(TRIALS) == "4 trials: 2 finished, 1 pruned, 1 failed"


def test_the_page_names_the_reason_of_a_failure() -> None:
    page = study_markdown(
        "x", TRIALS, {"optimizer.lr": 1.0}, "val/accuracy", "trial 4", "train", None
    )
    assert "trial 2: The loss became nan." in page
    assert "The test part was not scored" in page


@pytest.mark.parametrize(("minimised", "best"), [(False, 4), (True, 0)])
def test_the_figure_has_a_panel_for_each_value(minimised: bool, best: int) -> None:
    figure = study_figure(TRIALS, "val/accuracy", minimised, {"optimizer.lr"}, "Study x")
    assert [axes.get_xlabel() for axes in figure.axes] == ["trial", *VALUES]
    assert figure.axes[1].get_xscale() == "log"
    low, high = figure.axes[1].get_xlim()
    assert math.log10(low) < -3.5 and math.log10(high) > -2.7
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert f"best, trial {best}" in words


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="no trial"):
        study_figure(TRIALS[2:3], "val/accuracy", False, set(), "Study x")
