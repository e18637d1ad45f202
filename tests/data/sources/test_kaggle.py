"""Presets of sets on Kaggle: the real loader, on made-up copies of each layout."""

from collections import Counter
from pathlib import Path

import hydra
import kagglehub
import pytest
from omegaconf import OmegaConf

from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.config.data_settings import DataSettings, data_settings
from brain_tumor.config.source import build_source
from brain_tumor.data.sources.kaggle import KaggleSettings, fetch_scans
from brain_tumor.errors import DataError

COUNTS = {folder: {"glioma": 2, "notumor": 1} for folder in ("Training", "Testing")}
FOUR = ("glioma", "meningioma", "notumor", "pituitary")
# Files of each set as they lie on Kaggle, and what a scan of each is to be.
LAYOUTS = {
    "brain_tumor_mri": (
        {f"{part}/{label}": (part, label) for part in ("Training", "Testing") for label in FOUR}
    ),
    "sartaj": {
        f"{part}/{folder}": (part, label)
        for part in ("Training", "Testing")
        for folder, label in zip(
            ("glioma_tumor", "meningioma_tumor", "no_tumor", "pituitary_tumor"), FOUR, strict=True
        )
    },
    "br35h": {
        "yes": ("", "tumor"),
        "no": ("", "notumor"),
        "pred": None,
        "Br35H-Mask-RCNN/TRAIN": None,
    },
    "brisc2025": {
        f"brisc2025/classification_task/{part}/{folder}": (published, label)
        for part, published in (("train", "Training"), ("test", "Testing"))
        for folder, label in zip(
            ("glioma", "meningioma", "no_tumor", "pituitary"), FOUR, strict=True
        )
    }
    | {"brisc2025/segmentation_task/train/images": None},
}


def written(root: Path, folders: list[str]) -> Path:
    for folder in folders:
        (root / folder).mkdir(parents=True)
        for number in range(2):
            (root / folder / f"{number}.jpg").write_bytes(b"x")
    return root


def preset(name: str, *words: str) -> DataSettings:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("prepare", [f"data={name}", *words])
    return data_settings(OmegaConf.create(OmegaConf.to_container(config.data, resolve=True)))


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("fetched", [True, False])
def test_every_preset_reads_the_layout_of_its_set(
    name: str, fetched: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = LAYOUTS[name]
    root = written(tmp_path / "versions" / "7", list(layout))
    monkeypatch.setattr(kagglehub, "dataset_download", lambda handle: str(root))
    words = ["data.kaggle.version=latest"] if fetched else [f"data.root={root}"]
    data = preset(name, *([*words, "data.root=null"] if fetched else words))
    source = build_source(data)
    assert source.classes == data.classes
    found = Counter((scan.part, scan.label) for scan in source.scans())
    assert found == {expected: 2 for expected in layout.values() if expected is not None}
    assert data.healthy in source.classes


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "brain_tumor_mri"])
def test_what_is_left_out_may_be_missing(name: str, tmp_path: Path) -> None:
    folders = [folder for folder, expected in LAYOUTS[name].items() if expected is not None]
    root = written(tmp_path, folders)
    assert len(list(build_source(preset(name, f"data.root={root}")).scans())) == 2 * len(folders)


@pytest.fixture
def downloaded(tmp_path: Path) -> Path:
    root = tmp_path / "set" / "versions" / "1"
    for folder, labels in COUNTS.items():
        for label, number in labels.items():
            place = root / folder / label
            place.mkdir(parents=True)
            for i in range(number):
                (place / f"{i}.jpg").write_bytes(b"x")
    return root


def test_counts_of_the_known_version_alone_are_checked(
    downloaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        kagglehub, "dataset_download", lambda handle: asked.append(handle) or str(downloaded)
    )
    assert fetch_scans(KaggleSettings("owner/set", 1, COUNTS)) == downloaded
    assert asked == ["owner/set/versions/1"]

    (downloaded / "Testing" / "glioma" / "0.jpg").unlink()
    marker = downloaded.parents[1] / "1.complete"  # kagglehub takes no download for whole without
    with pytest.raises(DataError, match=f'holds 1 scans .* has 2.*rm -r .*"{marker}"'):
        fetch_scans(KaggleSettings("owner/set", 1, COUNTS))
    assert fetch_scans(KaggleSettings("owner/set", 2, COUNTS)) == downloaded
    assert fetch_scans(KaggleSettings("owner/set", "latest", COUNTS)) == downloaded
    assert asked[2:] == ["owner/set/versions/2", "owner/set"]


def test_without_a_network_the_three_ways_on_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: str) -> str:
        raise ConnectionError("no route to host\nand a second line")

    monkeypatch.setattr(kagglehub, "dataset_download", refuse)
    with pytest.raises(DataError) as caught:
        fetch_scans(KaggleSettings("owner/set", 1, COUNTS))
    message = str(caught.value)
    for way in ("connect to the network", "data.root=", "BRAIN_TUMOR_DATA", "data=phantom"):
        assert way in message
    assert "\n" not in message
