import shlex
from collections.abc import Callable
from pathlib import Path

import kagglehub.cache
import kagglehub.handle
import pytest
import torch
from torchvision.models import ResNet18_Weights, mobilenet_v2

from brain_tumor.doctor.finding import Finding
from brain_tumor.doctor.inputs import kaggle_folder, network, scans
from brain_tumor.errors import ConfigError, DataError

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
KEYS = [f"{folder}.{label}" for folder in ("Training", "Testing") for label in CLASSES]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder in which torchvision would keep its weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = tmp_path / "torch/hub/checkpoints"
    folder.mkdir(parents=True)
    return folder


def write_scans(root: Path, number: int = 2) -> Path:
    for key in KEYS:
        folder = root / key.replace(".", "/")
        folder.mkdir(parents=True)
        for name in range(number):
            (folder / f"{name}.jpg").write_text("")
    return root


def weights_of(configure: Callable, *overrides: str) -> Finding:
    return list(network(configure(*overrides), {}))[-1]


def test_the_report_s_network_can_be_built_and_needs_no_weights(configure: Callable) -> None:
    counts: dict[str, int] = {}
    findings = list(network(configure(), counts))
    assert [(one.mark, one.topic) for one in findings] == [("ok", "model"), ("ok", "weights")]
    assert "8,415,796" in findings[0].message
    assert counts == {"parameters": 8_415_796}


def test_weights_of_a_file_have_to_fit(configure: Callable, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    given = ("model=mobilenetv2", f"model.weights={file}")
    missing = weights_of(configure, *given)
    assert (missing.mark, missing.topic) == ("wrong", "weights")
    assert "no weights file" in missing.message and "model.weights=none" in missing.fix
    torch.save({"features.0.weight": torch.zeros(1)}, file)
    assert "do not fit" in weights_of(configure, *given).message
    torch.save(mobilenet_v2(weights=None).state_dict(), file)
    fitting = weights_of(configure, *given)
    assert fitting == Finding("ok", "weights", f"The weights in {file} fit.")


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        (["model=mobilenetv2"], "mobilenet_v2-b0353104.pth"),  # IMAGENET1K_V1, of the report
        (["model=torchvision", "model.name=resnet18"], Path(ResNet18_Weights.DEFAULT.url).name),
    ],
)
def test_missing_imagenet_weights_are_not_downloaded(
    configure: Callable, cache: Path, overrides: list[str], name: str
) -> None:
    message = f"The first run downloads the weights to {cache / name}."
    assert weights_of(configure, *overrides) == Finding("note", "weights", message)
    assert list(cache.iterdir()) == []


def test_a_damaged_download_of_weights_is_named(configure: Callable, cache: Path) -> None:
    file = cache / "mobilenet_v2-b0353104.pth"
    file.write_bytes(b"half")
    found = weights_of(configure, "model=mobilenetv2")
    assert found.mark == "wrong" and f"{file} is damaged" in found.message


def test_a_network_with_a_wrong_option_is_an_error(configure: Callable) -> None:
    with pytest.raises(ConfigError, match="width"):
        list(network(configure("model.width=-1"), {}))


def test_scans_are_counted_and_compared(configure: Callable, tmp_path: Path) -> None:
    root = write_scans(tmp_path / "raw")
    same = [f"data.kaggle.counts.{key}=2" for key in KEYS]
    counts: dict[str, int] = {}
    (finding,) = scans(configure(f"data.root={root}", *same), counts)
    assert finding.mark == "ok"
    assert finding.message.endswith("16 scans (Training 8, Testing 8), as published.")
    assert counts == {"scans": 16}
    other = f"data.kaggle.counts.{KEYS[-1]}=3"
    (finding,) = scans(configure(f"data.root={root}", *same[:-1], other), {})
    assert (finding.mark, finding.fix) == ("note", "")
    assert "not the published set: Testing/pituitary has 2, not 3" in finding.message


@pytest.mark.parametrize("overrides", [["data.root=nowhere"], ["data.root=", "data.source=folder"]])
def test_missing_scans_are_an_error(configure: Callable, overrides: list[str]) -> None:
    with pytest.raises((ConfigError, DataError), match=r"nowhere|data\.root"):
        list(scans(configure(*overrides), {}))


def test_scans_that_are_not_there_are_told_once(configure: Callable) -> None:
    config = configure("data=folder", "data.root=nowhere")
    (finding,) = network(config, {})
    assert finding.mark == "note" and "nowhere" not in finding.message
    with pytest.raises((ConfigError, DataError), match="nowhere"):
        list(scans(config, {}))


def test_phantoms_are_not_drawn(configure: Callable, tmp_path: Path) -> None:
    (finding,) = scans(configure("data=phantom", f"data.root={tmp_path / 'drawn'}"), {})
    assert finding.mark == "ok" and f"draws phantom scans in {tmp_path}" in finding.message
    assert not (tmp_path / "drawn").exists()


def test_only_a_complete_download_in_the_cache_of_kagglehub_counts(
    configure: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "my cache"))
    config = configure("data.root=")
    handle, version = config.data.kaggle.handle, config.data.kaggle.version
    (finding,) = scans(config, {})
    assert finding == Finding("note", "scans", f"The first run downloads {handle} from Kaggle.")
    named = kagglehub.handle.parse_dataset_handle(f"{handle}/versions/{version}")
    root = write_scans(Path(kagglehub.cache.get_cached_path(named)))
    assert kaggle_folder(handle, version) is None
    kagglehub.cache.Cache().mark_as_complete(named)
    assert kaggle_folder(handle, version) == root
    (finding,) = scans(config, {})
    assert finding.mark == "wrong" and "the download is damaged" in finding.message
    marker = root.parents[1] / f"{version}.complete"
    assert marker.exists()
    assert shlex.split(finding.fix) == ["rm", "-r", str(root), str(marker)]
