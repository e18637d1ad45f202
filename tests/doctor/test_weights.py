import hashlib
from pathlib import Path

import pytest
import torch
from torchvision.models import mobilenet_v2

from brain_tumor.doctor import child_steps as torch_child
from brain_tumor.doctor.finding import Finding, Mark
from brain_tumor.doctor.weights import network, weights

MOBILENET = {"name": "mobilenetv2", "width": 8}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the place of torchvision's file, in a cache of our own."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    place = tmp_path / "hub/checkpoints/mobilenet_v2-b0353104.pth"
    place.parent.mkdir(parents=True)
    return place


def look(machine_with, given: str | None) -> Finding:
    """Judge what the child says of these weights; it is asked in this process."""
    step = {"weights": torch_child.look_at_weights}
    try:
        found = step["weights"](MOBILENET | {"weights": given}, 4)
    except Exception as error:
        found = {"error": f"{type(error).__name__}: {error}"}
    (finding,) = weights(machine_with(torch__weights=found))
    return finding


@pytest.mark.parametrize("given", [None, "none"])
def test_where_none_are_needed(machine_with, given: str | None) -> None:
    assert look(machine_with, given).mark is Mark.OK


def test_a_file_that_fits_is_well(machine_with, tmp_path: Path) -> None:
    torch.save(mobilenet_v2(weights=None).state_dict(), tmp_path / "w.pth")
    found = look(machine_with, str(tmp_path / "w.pth"))
    assert (found.mark, found.found) == (Mark.OK, f"{tmp_path / 'w.pth'} loads")


@pytest.mark.parametrize("content", [b"", b"no pickle", None])
def test_a_file_that_does_not_load_is_broken(
    machine_with, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "w.pth").write_bytes(content)
    found = look(machine_with, str(tmp_path / "w.pth"))
    assert found.mark is Mark.BROKEN
    assert "w.pth" in found.found
    assert "Error" not in found.found


def test_weights_of_another_network_are_broken(machine_with, tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(1)}, tmp_path / "w.pth")
    found = look(machine_with, str(tmp_path / "w.pth"))
    assert found.mark is Mark.BROKEN
    assert "do not fit" in found.found


def test_weights_that_have_to_be_fetched_are_told(machine_with, cache: Path) -> None:
    found = look(machine_with, "imagenet")
    assert found.mark is Mark.WARNING
    assert str(cache) in found.found
    assert not cache.exists()


def test_a_download_that_was_broken_off_is_broken(machine_with, cache: Path) -> None:
    cache.write_bytes(b"half")
    found = look(machine_with, "imagenet")
    assert found.mark is Mark.BROKEN
    assert hashlib.sha256(b"half").hexdigest()[:8] in found.found
    assert "b0353104" in found.found


def test_a_whole_download_is_well(
    machine_with, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(mobilenet_v2(weights=None).state_dict(), cache)
    digest = hashlib.sha256(cache.read_bytes()).hexdigest()[:8]
    told = {"path": str(cache), "there": True, "expected": digest, "digest": digest}
    monkeypatch.setattr(torch_child, "_in_cache", lambda: told)
    assert look(machine_with, "imagenet").mark is Mark.OK


def test_a_network_is_counted(machine_with) -> None:
    told = torch_child.look_at_network({"name": "gbmnet", "width": 512}, 4)
    (found,) = network(machine_with(torch__network=told))
    assert found.found == "gbmnet: 8,415,796 parameters, 8,415,796 trained"


def test_a_network_that_cannot_be_built_is_broken(machine_with) -> None:
    error = "ConfigError: model.width must be a positive whole number: -1"
    (found,) = network(machine_with(torch__network={"error": error}))
    assert found.mark is Mark.BROKEN
    assert "ConfigError" not in found.found
