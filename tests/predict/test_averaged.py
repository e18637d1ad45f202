"""Answers that are averages, as `predict run=[A,B]` and `tta=flip` give them."""

import json
from pathlib import Path

import numpy as np
import pytest

from brain_tumor import api
from brain_tumor.predict.averaged import open_together, with_mirror
from brain_tumor.predict.model import open_model
from brain_tumor.trained.abstention import Abstention
from brain_tumor.trained.ensemble import average

ABSTAIN = Abstention(0.05)


@pytest.fixture
def scans() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 256, 256), np.uint8)


def test_runs_together_are_the_average_of_each(sweep: dict[float, Path], scans: np.ndarray) -> None:
    names = [str(path) for path in sweep.values()]
    together = open_together(names, ABSTAIN, None, "cpu")
    alone = [open_model(Path(name), ABSTAIN, None, "cpu") for name in names]
    said = [np.log(model.predict(scans).probabilities) for model in alone]
    temperature = together.chosen.temperature or 1.0
    expected = np.exp(average([average(said) / temperature]))
    output = together.predict(scans)
    np.testing.assert_allclose(output.probabilities, expected)
    scores = [model.predict(scans).ood_score for model in alone]
    np.testing.assert_allclose(output.ood_score, np.mean(scores, axis=0))
    assert together.members == tuple(sweep.values())
    assert together.cam is not None
    assert together.cam(scans, np.zeros(3, np.int64)).shape == scans.shape


def test_a_scan_and_its_mirror_image_get_one_answer(
    sweep: dict[float, Path], scans: np.ndarray
) -> None:
    model = open_model(next(iter(sweep.values())), ABSTAIN, None, "cpu")
    both = with_mirror(model)
    mirrored = np.ascontiguousarray(scans[:, :, ::-1])
    as_is, turned = both.predict(scans), both.predict(mirrored)
    np.testing.assert_allclose(as_is.probabilities, turned.probabilities)
    assert np.abs(as_is.probabilities - model.predict(scans).probabilities).max() > 1e-9
    np.testing.assert_allclose(as_is.ood_score, model.predict(scans).ood_score)


def test_the_command_says_what_was_averaged(
    sweep: dict[float, Path],
    phantom_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    runs, scan = list(sweep.values()), next((phantom_root / "Testing" / "glioma").iterdir())
    out = api.predict(runs, scan, output="said.json", device="cpu", tta="flip")
    assert sum(out.predictions[0].probabilities.values()) == pytest.approx(1)
    shown = " ".join(capsys.readouterr().out.split())
    assert "Mean of the calibrated log-probabilities of 2 runs" in shown
    assert "its mirror image" in shown
    assert json.loads(Path("said.json").read_text())["model"] == [str(run) for run in runs]
