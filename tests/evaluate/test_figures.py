from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.evaluate.figures import _draw_test
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.evaluate.predictions import Predictions
from brain_tumor.runs.folder import RunFolder


def test_the_sheet_shows_the_surest_mistakes_of_the_prepared_set(
    prepared: PreparedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(len(prepared.kept))[::-1]
    labels = prepared.labels[rows]
    logits = 9.0 * np.eye(len(prepared.classes))[labels]
    wrong = (labels[:2] + 1) % len(prepared.classes)
    logits[[0, 1], wrong] = (10.0, 30.0)  # the second is surer
    shown: list[Any] = []

    def sheet(images: Any, captions: Any, most: int) -> bytes:
        shown.extend(zip(images, captions, strict=True))
        return b"sheet"

    monkeypatch.setattr("brain_tumor.evaluate.figures.contact_sheet", sheet)
    monkeypatch.setattr("brain_tumor.evaluate.figures.save_figure", lambda *_: b"")
    out = RunFolder(tmp_path)
    found = Predictions(rows, labels, logits, np.zeros((len(rows), 0), np.float32))
    asked = ScoringSettings(100, 0.95, 0, 10, "notumor", 0.95, 24)
    _draw_test(out, SimpleNamespace(prepared=prepared), found, None, asked, "net")  # type: ignore[arg-type]
    assert (tmp_path / "figures" / "wrong_test.png").read_bytes() == b"sheet"
    for (image, caption), place in zip(shown, (1, 0), strict=True):
        scan = prepared.kept[rows[place]]
        np.testing.assert_array_equal(image, prepared.images[scan.row])
        name, label, called = caption.split("\n")
        assert (name, label) == (Path(scan.path).name, f"{scan.label}, called")
        assert called.startswith(f"{prepared.classes[wrong[place]]} (")
