from pathlib import Path

import cv2
import hydra
import numpy as np
import pytest
from omegaconf import DictConfig

from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.config.source import fill_classes
from brain_tumor.errors import ConfigError
from brain_tumor.train.check_config import check_training


def composed(tmp_path: Path, *classes: str, words: tuple[str, ...] = ()) -> DictConfig:
    root = tmp_path / "scans"
    for name in classes:
        (root / name).mkdir(parents=True)
        cv2.imwrite(str(root / name / "1.png"), np.eye(64, dtype=np.uint8) * 255)
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        ours = ["data=folder", f"data.root={root}", f"run_folder={tmp_path / 'run'}"]
        return hydra.compose("train", [*ours, "model=gbmnet", *words])


@pytest.mark.parametrize(
    ("classes", "words", "healthy"),
    [
        (("healthy", "tumour"), (), "healthy"),
        (("No Tumor", "yes"), (), "No Tumor"),
        (("glioma", "notumor", "normal"), (), "notumor"),  # as configured
        (("healthy", "normal", "tumour"), (), "notumor"),  # which of them is not guessed
        (("clean", "tumour"), (), "notumor"),
        (("clean", "tumour"), ("data.healthy=clean",), "clean"),
        (("healthy", "tumour"), ("data.healthy=null",), None),
        (("healthy", "tumour"), ("data.healthy=tumour",), "tumour"),  # asked for is asked for
    ],
)
def test_the_class_without_a_tumour_is_found_by_its_usual_names(
    tmp_path: Path, classes: tuple[str, ...], words: tuple[str, ...], healthy: str | None
) -> None:
    config = composed(tmp_path, *classes, words=words)
    fill_classes(config, "train")
    assert config.data.classes == sorted(classes)
    assert config.data.healthy == config.evaluation.healthy == healthy


def test_a_tumour_is_never_offered_as_the_healthy_class(tmp_path: Path) -> None:
    # That none is named so is said later on, and is no mistake.
    check_training(composed(tmp_path, "clean", "tumour"))
    with pytest.raises(ConfigError, match="did you mean clean"):
        check_training(composed(tmp_path / "b", "clean", "tumour", words=("data.healthy=claen",)))
