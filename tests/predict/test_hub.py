"""`run=hf://OWNER/NAME` with a stand-in for the hub, which lays files out as it does: as links."""

import sys
from pathlib import Path
from typing import Any

import pytest
from remedies import distribution_in

from brain_tumor.errors import BrainTumorError, ConfigError, DataError, WeightsError
from brain_tumor.predict.model import open_model
from brain_tumor.predict.place import fetch_model, run_place
from brain_tumor.trained.abstention import Abstention

huggingface_hub = pytest.importorskip("huggingface_hub")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder that stands for a repository; only what is asked for leaves it."""
    there = tmp_path / "there"
    there.mkdir()
    asked: list[Any] = []

    def snapshot_download(name: str, revision: str | None, allow_patterns: list[str]) -> str:
        if name != "owner/name":
            raise OSError(f"404 Client Error: there is no {name}\nand more lines")
        asked.append((name, revision, allow_patterns))
        snapshot = tmp_path / f"snapshot-{len(asked)}"
        snapshot.mkdir()
        for one in allow_patterns:
            if (there / one).exists():
                (snapshot / one).symlink_to(there / one)
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return there


def test_only_the_network_is_fetched(hub: Path) -> None:
    for name in ("model.onnx", "code.py", "weights.bin"):
        (hub / name).write_text("x")
    file = run_place("hf://owner/name@v1")
    assert file.name == "model.onnx"
    assert [one.name for one in file.parent.iterdir()] == ["model.onnx"]


def test_what_is_no_model_of_ours_is_refused(hub: Path) -> None:
    (hub / "model.onnx").write_bytes(b"import os")
    with pytest.raises(WeightsError, match=r"is no model that brain_tumor\.export wrote"):
        open_model(run_place("hf://owner/name"), Abstention(0.05))


@pytest.mark.parametrize(
    ("address", "kind", "sentence"),
    [
        ("hf://owner", ConfigError, "names no model: write hf://OWNER/NAME"),
        ("hf://owner/name/more", ConfigError, "names no model"),
        ("hf://owner/name@", ConfigError, "names no model"),
        ("hf://owner/../name", ConfigError, "names no model"),
        ("hf://owner/other", DataError, "404 Client Error: there is no owner/other\\)"),
        ("hf://owner/name", DataError, "holds no model.onnx: make a release"),
    ],
)
def test_other_addresses_get_a_sentence(
    hub: Path, address: str, kind: type[BrainTumorError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        fetch_model(address)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ConfigError, match=r"pip install 'brain-tumor\[hub\]'"):
        fetch_model("hf://owner/name")
    for module in ("huggingface_hub", "onnx", "onnxruntime"):  # fetched, read, run
        assert distribution_in("brain-tumor[hub]", module)
