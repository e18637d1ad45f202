from pathlib import Path

import kagglehub
import pytest

from brain_tumor.data.sources.kaggle import fetch_scans
from brain_tumor.errors import DataError

COUNTS = {folder: {"glioma": 2, "notumor": 1} for folder in ("Training", "Testing")}


@pytest.fixture
def downloaded(tmp_path: Path) -> Path:
    for folder, labels in COUNTS.items():
        for label, number in labels.items():
            place = tmp_path / folder / label
            place.mkdir(parents=True)
            for i in range(number):
                (place / f"{i}.jpg").write_bytes(b"x")
    return tmp_path


def test_the_version_is_asked_for_and_its_counts_are_checked(
    downloaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        kagglehub, "dataset_download", lambda handle: asked.append(handle) or str(downloaded)
    )
    assert fetch_scans("owner/set", 1, COUNTS) == downloaded
    assert asked == ["owner/set/versions/1"]

    (downloaded / "Testing" / "glioma" / "0.jpg").unlink()
    with pytest.raises(DataError, match="holds 1 scans where the known version has 2"):
        fetch_scans("owner/set", 1, COUNTS)


def test_without_a_network_the_three_ways_on_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: str) -> str:
        raise ConnectionError("no route to host\nand a second line")

    monkeypatch.setattr(kagglehub, "dataset_download", refuse)
    with pytest.raises(DataError) as caught:
        fetch_scans("owner/set", 1, COUNTS)
    message = str(caught.value)
    for way in ("connect to the network", "data.root=", "BRAIN_TUMOR_DATA", "data=phantom"):
        assert way in message
    assert "\n" not in message
