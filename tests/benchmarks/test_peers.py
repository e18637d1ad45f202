"""Each peer does what it says, and the same as we do where it says so."""

import ast
import importlib
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from counted_turns import CountedTurns
from omegaconf import OmegaConf
from torch import nn
from torchvision import transforms

from benchmarks import peers
from benchmarks.materials import Materials
from benchmarks.peers import colour_decoding, plain_loops, plain_networks
from benchmarks.peers.torchvision_chain import Scans, batches, imagenet_input, training_chain
from benchmarks.peers.usual_script import prepare, prepare_folder
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.models.registry import build_network

FILES = sorted(Path(peers.__file__).parent.glob("*.py"))
ROOM = "benchmarks"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_peer_knows_nothing_of_ours_but_how_the_head_is_found(path: Path) -> None:
    imported = {
        name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [node.names[0].name])
    }
    allowed = (f"{ROOM}.turns", f"{ROOM}.peers")
    allowed += ("brain_tumor.data.prepared.crop",) if path.stem == "usual_script" else ()
    ours = {name for name in imported if name.startswith("brain_tumor")}
    assert {name for name in ours if not name.startswith(allowed)} == set()


def test_the_usual_script_s_scans_are_ours_up_to_jpeg(
    phantom_root: Path, prepared: PreparedSet, materials: Materials, tmp_path: Path
) -> None:
    settings = CropSettings(**materials.preparing()["crop"])
    scans = prepare_folder(phantom_root, tmp_path / "out", settings)
    assert scans == len(prepared.manifest)
    # Of a scan of 16 bits the script takes the upper byte, and finds no head in it.
    for row in (row for row in prepared.kept if row.mode != "I;16"):
        path = (tmp_path / "out" / row.path).with_suffix(".jpg")
        written = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(int)
        difference = np.abs(written - prepared.images[row.row])
        assert difference.mean() < 3, row.path
        assert np.quantile(difference, 0.99) < 20, row.path


def test_both_sides_of_preparing_take_every_file(prepared: PreparedSet, materials) -> None:
    for work in (prepare, colour_decoding.decode_folder):
        turns = CountedTurns(2)
        work(materials.preparing(), turns)
        assert turns.told == [{"scans": len(prepared.manifest)}] * 2
    assert not list(materials.scratch.glob("tmp*"))


def test_the_chain_has_the_configured_ranges_in_the_report_s_order(materials: Materials) -> None:
    ranges = materials.config.augment
    blur, flip, turn, shear, crop, tensor = training_chain(ranges, 256)
    assert isinstance(blur, transforms.GaussianBlur)
    assert (blur.kernel_size, tuple(blur.sigma)) == ((5, 5), (0.1, 2.0))
    assert isinstance(flip, transforms.RandomHorizontalFlip)
    assert flip.p == 0.5
    assert isinstance(turn, transforms.RandomRotation)
    assert turn.degrees == [-30.0, 30.0]
    assert isinstance(shear, transforms.RandomAffine)
    assert (shear.degrees, shear.shear) == ([0.0, 0.0], [-10.0, 10.0])
    assert (shear.translate, shear.scale) == (None, None)
    assert isinstance(crop, transforms.RandomResizedCrop)
    assert (crop.size, crop.scale) == ((256, 256), (0.9, 1.0))
    assert crop.ratio == pytest.approx((3 / 4, 4 / 3))
    assert isinstance(tensor, transforms.ToTensor)
    bilinear = transforms.InterpolationMode.BILINEAR
    assert {turn.interpolation, shear.interpolation, crop.interpolation} == {bilinear}


def test_the_chain_gives_tensors_of_each_scan(materials: Materials, prepared: PreparedSet) -> None:
    turns = CountedTurns(1)
    batches(materials.plain("gbmnet", "train"), turns)
    assert turns.told == [{"scans": 8}]  # (1 + 2 + 1) batches of 2
    plain = Scans(prepared.images[:2], prepared.labels[:2], transforms.ToTensor())
    torch.testing.assert_close(plain[1][0][0] * 255, torch.tensor(prepared.images[1]).float())


def test_kornia_s_operations_have_the_configured_ranges(
    materials: Materials, prepared: PreparedSet
) -> None:
    pytest.importorskip("kornia")
    from benchmarks.peers import kornia_batch

    turns = CountedTurns(1)
    kornia_batch.batches(materials.plain("gbmnet", "train"), turns)
    assert turns.told == [{"scans": 8}]
    torch.manual_seed(0)
    operations = kornia_batch.training_operations(materials.config.augment, 256)
    scans = torch.tensor(prepared.images[:1]).unsqueeze(1).repeat(200, 1, 1, 1).float() / 255
    result = operations(scans)
    assert result.shape == scans.shape
    assert 0 <= result.min() <= result.max() <= 1 + 1e-5
    drawn = {item.name.rstrip("0123456789_"): item.data for item in operations._params}
    assert drawn["RandomHorizontalFlip"]["batch_prob"].float().mean() == pytest.approx(0.5, abs=0.1)
    for name, key, low, high in (
        ("RandomGaussianBlur", "sigma", 0.1, 2.0),
        ("RandomRotation", "degrees", -30, 30),
        ("RandomAffine", "shear_x", -10, 10),
    ):
        values = drawn[name][key]
        width = high - low
        assert len(values) == 200
        assert low <= values.min() < low + 0.1 * width < high - 0.1 * width < values.max() <= high
    affine = drawn["RandomAffine"]
    assert not affine["angle"].any()
    assert not affine["translations"].any()
    assert (affine["scale"] == 1).all()


def copied(ours: nn.Module, theirs: nn.Module) -> None:
    """Give another network of the same layers our weights."""
    state = dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True))
    theirs.load_state_dict(state)


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_the_plain_gbmnet_is_ours(prepared: PreparedSet, mode: str) -> None:
    torch.manual_seed(0)
    ours = build_network(4, "gbmnet", width=32, dropout=0.0)
    theirs = plain_networks.gbmnet(4, 32, 0.0)
    copied(ours, theirs)
    scans = torch.tensor(prepared.images[:3]).unsqueeze(1)
    with torch.no_grad():
        logits = [getattr(n, mode)()(x) for n, x in ((ours, scans), (theirs, scans / 255))]
    # Statistics of a batch are sums over 196,608 pixels, in an order that the layout decides.
    torch.testing.assert_close(*logits, rtol=1e-4, atol=1e-4)


def test_the_plain_mobilenetv2_is_ours_and_trains_its_head_alone(prepared: PreparedSet) -> None:
    torch.manual_seed(0)
    ours = build_network(4, "mobilenetv2").eval()
    theirs = plain_networks.mobilenetv2(4, 64, 0.5).eval()
    copied(ours, theirs)
    assert sum(p.numel() for p in theirs.parameters() if p.requires_grad) == 82_244
    chain = transforms.Compose([transforms.ToTensor(), *imagenet_input(224)])
    plain = torch.stack([chain(image) for image in np.array(prepared.images[:3])])
    with torch.no_grad():
        logits = ours(torch.tensor(prepared.images[:3]).unsqueeze(1)), theirs(plain)
    torch.testing.assert_close(*logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("model", ["gbmnet", "mobilenetv2"])
@pytest.mark.parametrize("workers", [0, 1])
def test_the_plain_loops_take_the_scans_they_are_given(
    materials: Materials, model: str, workers: int
) -> None:
    turns = CountedTurns(1)
    plain_loops.train(materials.plain(model, "train") | {"num_workers": workers}, turns)
    assert turns.told == [{"scans": 4}]  # 2 timed batches of 2
    turns = CountedTurns(1)
    plain_loops.score(materials.plain(model, "test"), turns)
    assert turns.told == [{"scans": 4}]


def test_the_plain_loop_learns(materials: Materials, monkeypatch: pytest.MonkeyPatch) -> None:
    network = plain_networks.gbmnet(4, 8, 0.0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    monkeypatch.setattr(plain_networks, "gbmnet", lambda *_: network)
    plain_loops.train(materials.plain("gbmnet", "train"), CountedTurns(1))
    after = network.state_dict()
    assert all(not torch.equal(before[n], after[n]) for n, _ in network.named_parameters())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("side", "needs"),
    [
        ("lightning_template", "lightning"),
        ("timm_script", "timm"),
        ("fastai_learner", "fastai"),
        ("ultralytics_classify", "ultralytics"),
    ],
)
def test_whole_epochs_take_every_training_scan(
    materials: Materials, side: str, needs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if find_spec(needs) is None:  # imported by the side alone, which tells it first to stay offline
        pytest.skip(f"{needs} is not installed")
    for name in ("YOLO_CONFIG_DIR", "YOLO_OFFLINE"):
        monkeypatch.setenv(name, "")  # put back afterwards
    OmegaConf.update(materials.config, "epoch_scans", 24)
    job = materials.epochs("mobilenetv2") | {"num_workers": 0}
    trained = len(list(Path(job["folder"]).glob("Training/*/*")))
    turns = CountedTurns(2)
    importlib.import_module(f"{peers.__name__}.{side}").train(job, turns)
    assert turns.told == [{"scans": trained, "first": 1.0}] * 2
