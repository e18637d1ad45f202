from collections.abc import Callable
from pathlib import Path
from typing import Any

import kagglehub.cache
import kagglehub.handle
import pytest
import torch
import torchvision
from omegaconf import OmegaConf
from torchvision.models import ResNet18_Weights, mobilenet_v2

from brain_tumor.doctor.child import GROUPS, run_probes
from brain_tumor.doctor.found import FoundScans, Library
from brain_tumor.doctor.probes import kaggle_folder, probe_device, probe_network, probe_scans
from brain_tumor.errors import ConfigError, DataError, WeightsError

Settings = Callable[..., dict[str, Any]]
CLASSES = ("glioma", "meningioma", "notumor", "pituitary")


@pytest.fixture
def settings(configure: Callable) -> Settings:
    def plain(*overrides: str) -> dict[str, Any]:
        config = configure(*overrides)
        return {
            key: OmegaConf.to_container(config[key], resolve=True)
            for key in ("model", "data", "trainer")
        }

    return plain


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder in which torchvision would keep its weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = tmp_path / "torch/hub/checkpoints"
    folder.mkdir(parents=True)
    return folder


def write_scans(root: Path, number: int = 2) -> Path:
    for folder in ("Training", "Testing"):
        for label in CLASSES:
            (root / folder / label).mkdir(parents=True)
            for name in range(number):
                (root / folder / label / f"{name}.jpg").write_text("")
    return root


def test_the_installed_libraries_work(settings: Settings) -> None:
    found = run_probes(GROUPS[0], settings("trainer=cpu"), 60)
    assert found["torch"].version == torch.__version__
    assert found["torchvision"] == Library(torchvision.__version__)
    assert (found["device"].available, found["device"].difference) == (True, 0)
    assert found["network"].parameters == 8_415_796  # of the report


@pytest.mark.parametrize(
    ("accelerator", "cuda", "mps", "kind"),
    [
        ("auto", True, False, "cuda"),
        ("auto", False, True, "mps"),
        ("auto", False, False, "cpu"),
        ("gpu", False, True, "mps"),
        ("cpu", True, False, "cpu"),
        ("gpu", False, False, None),
        ("cuda", False, True, None),
        ("tpu", False, False, None),
    ],
)
def test_the_device_is_the_one_that_lightning_takes(
    monkeypatch: pytest.MonkeyPatch, accelerator: str, cuda: bool, mps: bool, kind: str | None
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    for name, value in (("get_device_name", "T4"), ("device_count", 1), ("mem_get_info", (1, 2))):
        monkeypatch.setattr(torch.cuda, name, lambda value=value: value)
    devices = []

    def gradient(device: str) -> torch.Tensor:
        devices.append(device)
        return torch.zeros(1)

    monkeypatch.setattr("brain_tumor.doctor.probes._gradient", gradient)
    found = probe_device({"trainer": {"accelerator": accelerator}})
    assert found.available == (kind is not None)
    assert devices == ([] if kind is None else [kind, "cpu"])


def test_weights_of_a_file_have_to_fit(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    given = settings("model=mobilenetv2", f"model.weights={file}")
    with pytest.raises(WeightsError, match="no weights file"):
        probe_network(given)
    torch.save({"features.0.weight": torch.zeros(1)}, file)
    with pytest.raises(WeightsError, match="do not fit"):
        probe_network(given)
    torch.save(mobilenet_v2(weights=None).state_dict(), file)
    found = probe_network(given)
    assert (found.weights, found.download) == (str(file), False)


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        (["model=mobilenetv2"], "mobilenet_v2-b0353104.pth"),  # IMAGENET1K_V1, of the report
        (["model=torchvision", "model.name=resnet18"], Path(ResNet18_Weights.DEFAULT.url).name),
    ],
)
def test_missing_imagenet_weights_are_not_downloaded(
    settings: Settings, cache: Path, overrides: list[str], name: str
) -> None:
    found = probe_network(settings(*overrides))
    assert (found.weights, found.download) == (str(cache / name), True)
    assert list(cache.iterdir()) == []


def test_a_damaged_download_is_named(settings: Settings, cache: Path) -> None:
    file = cache / "mobilenet_v2-b0353104.pth"
    file.write_bytes(b"half")
    with pytest.raises(WeightsError, match=f"{file} is damaged"):
        probe_network(settings("model=mobilenetv2"))


def test_a_network_with_a_wrong_option_is_an_error(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="width"):
        probe_network(settings("model.width=-1"))


def test_scans_are_counted_and_compared(settings: Settings, tmp_path: Path) -> None:
    root = write_scans(tmp_path / "raw")
    keys = [f"{folder}.{label}" for folder in ("Training", "Testing") for label in CLASSES]
    same = [f"data.kaggle.counts.{key}=2" for key in keys]
    found = probe_scans(settings(f"data.root={root}", *same))
    assert found.counts == {"Training": 8, "Testing": 8}
    assert (list(found.differing), found.downloaded) == ([], False)
    other = f"data.kaggle.counts.{keys[-1]}=3"
    differing = probe_scans(settings(f"data.root={root}", *same[:-1], other)).differing
    assert differing == [("Testing", "pituitary", 2, 3)]


@pytest.mark.parametrize("overrides", [["data.root=nowhere"], ["data.root=", "data.source=folder"]])
def test_missing_scans_are_an_error(settings: Settings, overrides: list[str]) -> None:
    with pytest.raises((ConfigError, DataError), match=r"nowhere|data\.root"):
        probe_scans(settings(*overrides))


def test_phantoms_are_not_drawn(settings: Settings, tmp_path: Path) -> None:
    found = probe_scans(settings("data=phantom", f"data.root={tmp_path / 'drawn'}"))
    assert found == FoundScans(str(tmp_path / "drawn"), draw=True)
    assert not (tmp_path / "drawn").exists()


def test_only_a_complete_download_in_the_cache_of_kagglehub_counts(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    given = settings("data.root=")
    handle, version = given["data"]["kaggle"]["handle"], given["data"]["kaggle"]["version"]
    assert probe_scans(given) == FoundScans(download=handle)
    named = kagglehub.handle.parse_dataset_handle(f"{handle}/versions/{version}")
    root = write_scans(Path(kagglehub.cache.get_cached_path(named)))
    assert kaggle_folder(handle, version) is None
    kagglehub.cache.Cache().mark_as_complete(named)
    assert kaggle_folder(handle, version) == root
    found = probe_scans(given)
    assert found.downloaded
    assert len(found.differing) == 8
