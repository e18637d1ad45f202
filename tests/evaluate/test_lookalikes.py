"""The independent look at a split tells of copies that the groups do not know of."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from phantoms import draw_phantom

from brain_tumor.data.phantom import CLASSES, VIEWS
from brain_tumor.errors import DataError
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.train.train import train

TRAINED = (
    *("model.width=16", "trainer.max_epochs=1", "optimizer.lr=1e-3", "data.batch_size=16"),
    *("evaluation.resamples=100", "evaluation.figures=false", "logger=none"),
)


def sharpened(scan: np.ndarray) -> np.ndarray:
    plain = scan.astype(np.float32)
    return np.clip(plain + 1.5 * (plain - cv2.GaussianBlur(plain, (0, 0), 2)), 0, 255)


def windowed(scan: np.ndarray) -> np.ndarray:
    return np.clip((scan.astype(np.float32) - 15) * 1.25, 0, 255)


def shifted(scan: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(scan, np.array([[1.0, 0, 7], [0, 1, -5]]), scan.shape[::-1])


CHANGES = (sharpened, windowed, shifted)


@pytest.fixture
def planted(tmp_path: Path) -> tuple[Path, Path, int]:
    """Draw scans, and plant an altered copy of a training scan for every third test scan.

    Returns:
        The raw folder, a split that has the copies in its test part, and how many there are.
    """
    root, lines, copies = tmp_path / "raw", [], 0
    for number in range(48):
        label = CLASSES[number % 4]
        folder, part = ("Testing", "test") if number % 3 == 0 else ("Training", "train")
        rng = np.random.default_rng(number)
        scan = draw_phantom(label, VIEWS[number % len(VIEWS)], rng, 256).pixels
        names = [(f"{folder}/{label}/{number}.png", part, scan)]
        if part == "train" and number % 4 == number % 3:
            changed = CHANGES[copies % 3](scan).astype(np.uint8)
            names.append((f"Testing/{label}/copy{number}.png", "test", changed))
            copies += 1
        for name, its_part, pixels in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / name), pixels)
            lines.append((name, its_part))
    split = tmp_path / "split.csv"
    with split.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "part"), *lines])
    return root, split, copies


def test_planted_copies_are_told(
    compose, planted: tuple[Path, Path, int], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    root, split, copies = planted
    # Groups that a blind search would give: nothing is related to anything.
    blind = [f"data.near_duplicates.{key}=0.9999" for key in ("same_slice", "related")]
    blind += ["data.near_duplicates.related_if_frames_agree=0.9999"]
    overrides = [f"data.root={root}", "data.patients=null", f"data.prepared={tmp_path / 'sets'}"]
    config = compose(*TRAINED, *overrides, *blind, "split=file", f"split.path={split}")
    assert config.split.leaky is False
    train(config)
    leakage = METRICS.read(RunFolder(tmp_path / "run")).leakage
    assert leakage.overlaps["any"].shared == 0
    lowest, middle, _ = leakage.lookalikes
    # All but those that were sharpened most: that is what three levels are for.
    assert lowest.all * leakage.test >= 0.7 * copies > 2
    assert middle.all > 0 and middle.unknown_patients == middle.all
    said = " ".join(capsys.readouterr().out.split())
    assert "of the test scans look like a training scan" in said
    assert "warning:" in said and "python -m brain_tumor.audit" in said
    card = (tmp_path / "run" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "Test slices that look like a training slice" in card


def test_a_split_by_the_usual_groups_is_refused_then(
    compose, planted: tuple[Path, Path, int], tmp_path: Path
) -> None:
    root, split, _ = planted
    overrides = [f"data.root={root}", "data.patients=null", f"data.prepared={tmp_path / 'sets'}"]
    config = compose(*TRAINED, *overrides, "split=file", f"split.path={split}")
    with pytest.raises(DataError, match=r"on two sides, in \d+ groups: .*copy\d+\.png"):
        train(config)
