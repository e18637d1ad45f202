import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from brain_tumor.doctor.found import BuiltNetwork, Failure, Found, FoundScans
from brain_tumor.doctor.inputs import network, prepared_sets, scans

NETWORK = BuiltNetwork(5, "none", download=False)
SCANS = FoundScans("raw", counts={"Training": 8, "Testing": 2})
DIFFERING = [("Testing", "glioma", 1, 9)]


@pytest.mark.parametrize(
    ("found", "findings"),
    [
        (NETWORK, [("ok", "model"), ("ok", "weights")]),
        (replace(NETWORK, weights="w.pth"), [("ok", "model"), ("ok", "weights")]),
        (replace(NETWORK, weights="w.pth", download=True), [("ok", "model"), ("note", "weights")]),
        (Failure("w.pth does not fit.", "WeightsError"), [("wrong", "weights")]),
        (Failure("width is -1.", "ConfigError"), [("wrong", "model")]),
        (None, []),
    ],
)
def test_network_and_weights(configure: Callable, found: Found, findings: list) -> None:
    seen = list(network(configure(), {"network": found}))
    assert [(finding.mark, finding.topic) for finding in seen] == findings
    assert any("w.pth" in finding.message for finding in seen) == ("w.pth" in str(found))


@pytest.mark.parametrize(
    ("found", "mark", "words"),
    [
        (SCANS, "ok", "10 scans"),
        (replace(SCANS, differing=DIFFERING), "note", "Testing/glioma has 1"),
        (FoundScans(download="owner/name"), "note", "owner/name"),
        (FoundScans("raw", draw=True), "ok", "draws"),
        (Failure("There is no folder x."), "wrong", "no folder x"),
    ],
)
def test_scans(configure: Callable, found: Found, mark: str, words: str) -> None:
    (finding,) = scans(configure(), {"scans": found})
    assert finding.mark == mark
    assert words in finding.message


def test_a_damaged_download_is_removed_by_the_fix(configure: Callable, tmp_path: Path) -> None:
    root = tmp_path / "owner/my scans/versions/1"
    root.mkdir(parents=True)
    marker = tmp_path / "owner/my scans/1.complete"
    found = replace(SCANS, root=str(root), downloaded=True, differing=DIFFERING)
    (finding,) = scans(configure(), {"scans": found})
    assert finding.mark == "wrong"
    assert shlex.split(finding.fix) == ["rm", "-r", str(root), str(marker)]


def test_prepared_sets_of_the_configured_name_are_listed(
    configure: Callable, tmp_path: Path
) -> None:
    (finding,) = prepared_sets(configure(), {})
    assert str(tmp_path / "prepared") in finding.message
    mine = tmp_path / "prepared/brain-tumor-mri-12ab"
    for folder in (mine, tmp_path / "prepared/phantom-12ab"):
        folder.mkdir(parents=True)
    (finding,) = prepared_sets(configure(), {})
    assert str(mine) in finding.message
    assert "phantom" not in finding.message
