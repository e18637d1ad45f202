"""Settings of a sweep, and which of them wins: by validation scores, never by test scores."""

import statistics

import pytest

from brain_tumor.cli.sweep.results import CHOOSING, SweptJob, score_names, settings_of, winner


def job(
    number: int, validation: float | None, test: float, scans: str = "same", **values: str
) -> SweptJob:
    given = {name: 0.9 for name in score_names() if name.startswith("train")}
    given |= {name: test for name in score_names() if name.startswith("test")}
    if validation is not None:
        given |= {name: validation for name in score_names() if name.startswith("validation")}
    named = {key.replace("_", "."): value for key, value in values.items()}
    held = frozenset() if validation is None else frozenset([scans])
    return SweptJob(number, named, "finished", "", f"run{number}", 1.0, given, held)


def failed(number: int, **values: str) -> SweptJob:
    named = {key.replace("_", "."): value for key, value in values.items()}
    return SweptJob(number, named, "failed", "diverged", f"run{number}", None)


def test_validation_wins_where_test_would_choose_another() -> None:
    jobs = [job(0, 0.6, 0.99, model_width="512"), job(1, 0.7, 0.5, model_width="64")]
    won, verdict = winner(settings_of(jobs))
    assert won is not None and won.values == {"model.width": "64"}
    assert "model.width=64" in verdict
    assert "0.7000" in verdict


def test_a_setting_wins_by_the_mean_over_its_seeds() -> None:
    values = {"a": (0.9, 0.1, 0.4), "b": (0.5, 0.6, 0.55)}
    jobs = [
        job(3 * place + seed, score, 0.5, optimizer_lr=name, seed=str(seed))
        for place, (name, scores) in enumerate(values.items())
        for seed, score in enumerate(scores)
    ]
    settings = settings_of(jobs)
    assert [setting.values for setting in settings] == [{"optimizer.lr": n} for n in values]
    for setting, scores in zip(settings, values.values(), strict=True):
        assert setting.done == 3
        assert setting.over(CHOOSING) == pytest.approx(statistics.mean(scores))
        spread = setting.over(CHOOSING, statistics.stdev, least=2)
        assert spread == pytest.approx(statistics.stdev(scores))
        assert setting.over(CHOOSING, statistics.stdev, least=4) is None
    assert winner(settings)[0] is settings[1]


def test_nothing_wins_without_validation_scans() -> None:
    jobs = [job(0, None, 0.9, model_width="512"), job(1, None, 0.5, model_width="64")]
    won, verdict = winner(settings_of(jobs))
    assert won is None
    assert "no validation part" in verdict


def test_nothing_wins_on_different_validation_scans() -> None:
    jobs = [job(0, 0.6, 0.5, "these", split="report"), job(1, 0.7, 0.5, "those", split="official")]
    assert winner(settings_of(jobs)) == (
        None,
        "Nothing won: the settings were not validated on the same scans.",
    )
    folds = [
        job(2 * place + fold, 0.5 + place / 10, 0.5, f"fold{fold}", lr=lr, split_fold=str(fold))
        for place, lr in enumerate(("1", "2"))
        for fold in (0, 1)
    ]
    won, _ = winner(settings_of(folds))
    assert won is not None and won.values == {"lr": "2"}


def test_a_setting_that_lacks_a_job_cannot_win() -> None:
    jobs = [
        *(job(0, 0.9, 0.5, lr="1", seed="0"), failed(1, lr="1", seed="1")),
        *(job(2, 0.6, 0.5, lr="2", seed="0"), job(3, 0.6, 0.5, lr="2", seed="1")),
    ]
    settings = settings_of(jobs)
    won, verdict = winner(settings)
    assert won is settings[1] and settings[0].done == 1
    assert "1 of 2 settings lack a job" in verdict
    assert winner(settings_of(jobs[:2]))[0] is None


def test_equal_scores_are_said() -> None:
    jobs = [job(0, 0.6, 0.5, lr="1"), job(1, 0.6, 0.5, lr="2")]
    won, verdict = winner(settings_of(jobs))
    assert won is not None and won.values == {"lr": "1"}
    assert "the first of 2 with this score" in verdict
