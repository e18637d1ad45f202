import json
from pathlib import Path

import pytest
from sample_comparison import comparison, setting

from brain_tumor.compare.comparison import COMPARISON
from brain_tumor.errors import DataError
from brain_tumor.runs.folder import RunFolder


def test_a_file_of_the_first_format_is_read(tmp_path: Path) -> None:
    found = comparison(setting(), setting())
    plain = json.loads(json.dumps(COMPARISON.to_plain(found)))
    plain |= {"version": 1, "shared_errors": {"scans": 3, "wrong_in": [2, 1, 0]}}
    mistake = {"path": "a.jpg", "label": "glioma", "predicted": "notumor", "probability": 0.9}
    for own in plain["settings"]:
        own["mistakes"] = {"wrong": 1, "listed": [mistake]}
    (tmp_path / COMPARISON.name).write_text(json.dumps(plain))
    assert COMPARISON.read(RunFolder(tmp_path)) == found
    (tmp_path / COMPARISON.name).write_text(json.dumps(plain | {"version": 2}))
    with pytest.raises(DataError, match=r"shared_errors is unknown\): compare the runs again"):
        COMPARISON.read(RunFolder(tmp_path))
