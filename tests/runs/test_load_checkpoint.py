"""Checkpoints, weights and run folders from strangers: nothing in them is run."""

import io
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from brain_tumor.config.network import check_network
from brain_tumor.data.prepared.prepared_set import open_prepared
from brain_tumor.errors import BrainTumorError, ConfigError, DataError, WeightsError
from brain_tumor.models import mobilenetv2
from brain_tumor.models.classifier import TumorClassifier
from brain_tumor.runs.checkpoints import load_plain
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.load_checkpoint import load_classifier

CLASSES = ["glioma", "notumor"]
SMALL = {"name": "gbmnet", "width": 16}


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def plain_pickle(path: Path, evil: object) -> None:
    path.write_bytes(pickle.dumps({"state_dict": evil, "hyper_parameters": evil}))


def zip_archive(path: Path, evil: object) -> None:
    torch.save({"state_dict": {"features.0.0.weight": evil}, "hyper_parameters": evil}, path)


def old_file(path: Path, evil: object) -> None:
    torch.save({"state_dict": evil}, path, _use_new_zipfile_serialization=False)


def old_tar(path: Path, evil: object) -> None:
    content = pickle.dumps(evil)
    with tarfile.open(path, "w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


@pytest.mark.filterwarnings("ignore")  # torch says what it thinks of scripts
def script(path: Path, evil: object) -> None:
    torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)).save(str(path))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("write", [plain_pickle, zip_archive, old_file, old_tar, script])
def test_a_stranger_s_file_is_refused_and_nothing_of_it_is_run(
    write: Callable[[Path, object], None], tmp_path: Path
) -> None:
    mark, path = tmp_path / "mark", tmp_path / "last.ckpt"
    write(path, Evil(mark))
    with pytest.raises(WeightsError, match=r"last\.ckpt cannot be loaded") as caught:
        load_classifier(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(WeightsError, match=r"last\.ckpt") as caught:
        check_network({"name": "mobilenetv2", "weights": str(path)}, 2, 256)
    assert "\n" not in str(caught.value)
    assert not mark.exists()


def test_the_marker_would_be_made(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Evil(tmp_path / "mark")))
    assert (tmp_path / "mark").exists()


def test_fetched_weights_are_read_as_weights_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Planted in torch's own cache, under the name that torchvision looks for.
    weights = torchvision.models.MobileNet_V2_Weights.IMAGENET1K_V1
    planted = tmp_path / "checkpoints" / Path(weights.url).name
    planted.parent.mkdir()
    zip_archive(planted, Evil(tmp_path / "mark"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(WeightsError, match="could not fetch"):
        mobilenetv2.GBMMobileNetV2net().load_pretrained("imagenet")
    assert not (tmp_path / "mark").exists()


def test_a_prepared_array_of_objects_is_not_unpickled(prepared, tmp_path: Path) -> None:
    for path in prepared.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    np.save(tmp_path / "images.npy", np.array([Evil(tmp_path / "mark")], object))
    with pytest.raises(DataError, match="prepare the scans again"):
        open_prepared(tmp_path)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    "found",
    [
        {"network": {"name": "gbmnet", "width": 10**12}, "classes": CLASSES},
        {"network": {"name": "gbmnet", "width": 16_384}, "classes": CLASSES},
        {"network": {"name": "mobilenetv2", "input_size": 10**9}, "classes": CLASSES},
        {"network": {"name": "os.system"}, "classes": CLASSES},
        {"network": {"name": ["gbmnet"]}, "classes": CLASSES},
        {"network": {**SMALL, "command": "x"}, "classes": CLASSES},
        {"network": {**SMALL, "classes": 9}, "classes": CLASSES},
        {"network": {**SMALL, "width": 32}, "classes": CLASSES},
        {"network": SMALL, "classes": "ab"},
        {"network": SMALL, "classes": ["a", "a"]},
        {"network": SMALL, "classes": ["a", "\x1b[2Jb"]},
        {"network": SMALL, "classes": ["a", "\x9b2Jb"]},
        {"network": SMALL, "classes": [str(number) for number in range(5000)]},
        {"network": 5, "classes": CLASSES},
        {"network": SMALL, "classes": [*CLASSES, "third"]},
        {"_instantiator": "os.system"},
        [],
        None,
    ],
)
def test_hostile_hyperparameters_take_neither_memory_nor_effect(
    found: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = TumorClassifier(SMALL, CLASSES)
    torch.save(
        {"hyper_parameters": found, "state_dict": classifier.state_dict()}, tmp_path / "a.ckpt"
    )

    def built(*_: object, **__: object) -> None:
        raise AssertionError("a network was built in memory")

    monkeypatch.setattr("brain_tumor.runs.load_checkpoint.TumorClassifier", built)
    with pytest.raises(WeightsError, match=r"a\.ckpt cannot be loaded \(") as caught:
        load_classifier(tmp_path / "a.ckpt")
    assert "\n" not in str(caught.value)


def test_a_checkpoint_of_ours_gives_its_network_back(tmp_path: Path) -> None:
    made = TumorClassifier(SMALL, CLASSES)
    content = {"hyper_parameters": dict(made.hparams), "state_dict": made.state_dict()}
    torch.save(content, tmp_path / "a.ckpt")
    loaded = load_classifier(tmp_path / "a.ckpt")
    assert loaded.classes == tuple(CLASSES) and not loaded.training
    scans = torch.zeros((1, 1, 256, 256), dtype=torch.uint8)
    assert torch.equal(loaded(scans), made.eval()(scans))


@pytest.mark.parametrize(
    "line",
    [
        "name: ${oc.env:HOME}",
        "data: {root: [a, '${oc.decode:1}']}",
        "seed: ${nope}",
        "a: {b: {c: '${.d}', d: 1}}",
        "name: !!python/object/apply:os.mkdir [MARK]",
        "name: !!python/object/new:os.mkdir [MARK]",
        "name: !!python/name:os.system",
        "[1, 2]",
        "\n".join(["a0: &a0 [x,x]", *(f"a{n}: &a{n} [*a{n - 1},*a{n - 1}]" for n in range(1, 40))]),
        "a: {b: &b {c: 1}}\nd: *b",
        "# " + "x" * 2**20,
    ],
    ids=lambda line: line[:40],
)
def test_a_stranger_s_configuration_is_plain_or_refused(line: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    (tmp_path / "config.yaml").write_text(line.replace("MARK", str(mark)), encoding="utf-8")
    with pytest.raises(BrainTumorError, match=r"config\.yaml") as caught:
        RunFolder(tmp_path).read_config()
    assert "\n" not in str(caught.value)
    assert not mark.exists()


def test_weights_of_another_network_are_refused_without_memory(tmp_path: Path) -> None:
    torch.save({"features.0.0.weight": torch.zeros(1)}, tmp_path / "a.pth")
    torch.save({5: "x", "features.0.0.weight": 3}, tmp_path / "b.pth")
    for name in ("a.pth", "b.pth"):
        with pytest.raises(WeightsError, match="do not fit"):
            check_network({"name": "mobilenetv2", "weights": str(tmp_path / name)}, 2, 256)
    with pytest.raises(ConfigError, match=r"model\.weights"):
        check_network({**SMALL, "weights": "imagenet"}, 2, 256)


@pytest.mark.filterwarnings("ignore")  # torch says what it thinks of sparse tensors
@pytest.mark.parametrize("kind", ["strides of 0", "sparse", "compressed"])
def test_few_bytes_do_not_become_many_values(kind: str, tmp_path: Path) -> None:
    wide = {"name": "gbmnet", "width": 512}
    with torch.device("meta"):
        wanted = TumorClassifier(wide, CLASSES).state_dict()
    forms = {
        "strides of 0": lambda shape: torch.zeros([1] * len(shape)).expand(shape),
        "sparse": lambda shape: torch.sparse_coo_tensor(size=shape),
        "compressed": torch.zeros,
    }
    state = {name: forms[kind](tensor.shape) for name, tensor in wanted.items()}
    path = tmp_path / "last.ckpt"
    named = {"network": wide, "classes": CLASSES}
    torch.save({"hyper_parameters": named, "state_dict": state}, path)
    if kind == "compressed":
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
    with pytest.raises(ValueError, match=r"more values than it holds|it is compressed"):
        load_plain(path)
    with pytest.raises(WeightsError, match=r"last\.ckpt cannot be loaded \(ValueError\)"):
        load_classifier(path)
