"""Which recipe is named where training takes long: one that was tried on the same task."""

from collections.abc import Callable
from pathlib import Path

import hydra
import pytest
from omegaconf import DictConfig

from brain_tumor.cli.command import register_resolvers
from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.train.check_config import run_settings
from brain_tumor.train.faster import EPOCHS, faster_recipe


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[..., object]:
    def composed(*words: str) -> DictConfig:
        register_resolvers()
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            return hydra.compose("train", [f"run_folder={tmp_path}", *words])

    return lambda *words: run_settings(composed(*words))


def test_the_report_s_gbmnet_is_told_of_the_recipe_that_exists(settings_of: Callable) -> None:
    said = faster_recipe(settings_of("experiment=report_gbmnet"))
    recipe, _, rest = said.partition(" ")
    assert rest.endswith(f"in {EPOCHS} epochs")
    assert settings_of(recipe).trainer["max_epochs"] == EPOCHS


@pytest.mark.parametrize(
    "words",
    [
        ["experiment=fast_gbmnet"],
        ["experiment=report_mobilenetv2"],
        ["experiment=report_gbmnet", "split=patient"],
        ["data=phantom"],
    ],
)
def test_no_other_training_is(settings_of: Callable, words: list[str]) -> None:
    assert faster_recipe(settings_of(*words)) is None
