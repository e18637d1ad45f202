import io
from dataclasses import replace
from pathlib import Path

import finished_runs
import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax

from brain_tumor.compare.errors import SharedErrors, error_sheet, find_mistakes, shared_errors
from brain_tumor.compare.settings import RunGroup, gather
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.runs.finished import read_run

ROWS = [
    ("a.jpg", "glioma", "notumor", "1"),
    ("b.jpg", "glioma", "glioma", "2"),
    ("c.jpg", "notumor", "glioma", "3"),
    ("d.jpg", "notumor", "notumor", "4"),
]


def settings(tmp_path: Path) -> list[RunGroup]:
    other = [(path, label, label, group) for path, label, _, group in ROWS]
    other[0] = ROWS[0]
    folders = [
        finished_runs.write_run(tmp_path / "a", ROWS, confidence=3.0),
        finished_runs.write_run(tmp_path / "b", ROWS[:2], confidence=5.0, seed=1),
        finished_runs.write_run(tmp_path / "c", other, values={"model.width": 8}),
    ]
    return gather([read_run(folder) for folder in folders])


def test_a_scan_is_listed_once_by_its_surest_mistake(tmp_path: Path) -> None:
    gathered = settings(tmp_path)
    first, second = (find_mistakes(members, most=24) for members in gathered)
    assert first.wrong == 2 and second.wrong == 1
    assert [one.path for one in first.listed] == ["a.jpg", "c.jpg"]
    surest = [softmax([confidence, 0.0, 0.0])[0] for confidence in (5.0, 3.0)]
    assert [one.probability for one in first.listed] == pytest.approx(surest)
    assert (first.listed[0].label, first.listed[0].predicted) == ("glioma", "notumor")
    assert len(find_mistakes(gathered[0], most=1).listed) == 1


def test_scans_are_counted_by_how_many_settings_miss_them(tmp_path: Path) -> None:
    # a is wrong in both settings, c in the first alone, b and d in none.
    assert shared_errors(settings(tmp_path)) == SharedErrors(4, (2, 1, 1))


def test_the_sheet_shows_the_scans_of_the_prepared_set(
    prepared: PreparedSet, tmp_path: Path
) -> None:
    kept = prepared.kept[0]
    rows = [(kept.path, kept.label, "notumor", "1")]
    fitting = {"fingerprint": prepared.fingerprint, "classes": prepared.classes}
    folder = finished_runs.write_run(tmp_path / "run", rows, **fitting)
    gone = read_run(folder)
    data = replace(gone.record.data, prepared=str(prepared.folder))
    run = replace(gone, record=replace(gone.record, data=data))
    found = find_mistakes((run,), most=24)
    sheet = error_sheet((run,), found.listed)
    with Image.open(io.BytesIO(sheet or b"")) as picture:
        shown = np.asarray(picture)
    assert shown.std() > 10
    assert error_sheet((gone,), found.listed) is None  # its prepared set is not there
    other = replace(run, setting=run.setting | {"data.fingerprint": "x"})
    assert error_sheet((other,), found.listed) is None
    assert error_sheet((run,), []) is None
