"""What a study prints at its end: the best trials, on one screen."""

from types import SimpleNamespace
from typing import Any

import hydra
import pytest
import yaml
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, create_trial
from rich.console import Console

from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.rendering.terminal import to_rich
from brain_tumor.tune.outcome import SHOWN, best_experiment, shown_trials
from brain_tumor.tune.study import Study

SPACE = {
    "optimizer.lr": FloatDistribution(0, 1),
    "model.dropout": FloatDistribution(0, 1),
    "model.width": IntDistribution(1, 512),
    "data.batch_size": IntDistribution(1, 512),
    "training.label_smoothing": FloatDistribution(0, 1),
}


@pytest.fixture
def study() -> Any:
    settings = SimpleNamespace(
        space=SPACE,
        objective="val/balanced_accuracy",
        sign=-1,
        training=SimpleNamespace(trainer=SimpleNamespace(max_epochs=3)),
    )
    own = SimpleNamespace(settings=settings, state=lambda trial: trial.state.name.lower())
    own.best_epoch = lambda trial: Study.best_epoch(own, trial)
    return own


def trials(number: int) -> list[FrozenTrial]:
    made = []
    for place in range(number):
        value = (place * 37 % 101) / 101  # in no order
        params: dict[str, Any] = dict.fromkeys(SPACE, 1) | {"optimizer.lr": 0.123456}
        trial = create_trial(
            value=value, params=params, distributions=SPACE, intermediate_values={1: value, 2: 0.0}
        )
        trial.number = place
        made.append(trial)
    return made


def test_the_best_trials_fit_a_screen(study: Any) -> None:
    made = trials(70)
    table = shown_trials(study, made)
    best = sorted(made, key=lambda trial: -trial.value)[:SHOWN]
    assert [int(row[0]) for row in table.rows] == sorted(trial.number for trial in best)
    assert "20 of 70" in table.note
    console = Console(width=80, legacy_windows=False)
    with console.capture() as capture:
        console.print(to_rich(table, 80))
    lines = capture.get().splitlines()
    # Up to ten values' importance, where the study lies, and the next command come below.
    assert len(lines) <= 60 - 16 - 6 and max(map(len, lines)) <= 80
    # The score is what a trial is chosen by, so no narrow terminal leaves it out.
    assert "score" in lines[2] and f"{best[0].value:.4f}" in " ".join(lines)


def test_few_trials_are_all_shown(study: Any) -> None:
    table = shown_trials(study, trials(3))
    assert [row[0] for row in table.rows] == ["0", "1", "2"] and table.note == ""


def test_the_recipe_says_what_was_changed_added_and_taken_out() -> None:
    register_resolvers()
    words = ["scheduler=cosine", "optimizer.lr=0.5", "~callbacks.bar", "+trainer.max_steps=9"]
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("train", words)
        whole = hydra.compose("train", words, return_hydra_config=True)
    recipe = yaml.safe_load(best_experiment(config, whole.hydra.runtime.choices, "why"))
    assert {"override /scheduler": "cosine"} in recipe.pop("defaults")
    assert recipe == {
        "name": "custom_tuned",
        "optimizer": {"lr": 0.5},
        "trainer": {"max_steps": 9},
        "callbacks": {"bar": None},
    }
