from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F
from omegaconf import DictConfig
from phantoms import PhantomScan, read_truth
from torch import Tensor, nn

from brain_tumor.config.data import build_prepared
from brain_tumor.config.data_settings import data_settings
from brain_tumor.data.prepared.manifest import ManifestRow
from brain_tumor.data.split import TEST
from brain_tumor.models.gbmnet import GBMnet
from brain_tumor.models.gradcam import gradcam
from brain_tumor.models.mobilenetv2 import GBMMobileNetV2net
from brain_tumor.models.network import Network
from brain_tumor.models.registry import build_network
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.load_checkpoint import load_classifier
from brain_tumor.train.train import train

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "gbmnet": lambda: GBMnet(width=16),
    "gbmnet on means": lambda: GBMnet(width=16, head="gap"),
    "frozen mobilenetv2": lambda: GBMMobileNetV2net(width=8, input_size=96),
    "mobilenetv2": lambda: GBMMobileNetV2net(width=8, input_size=96, unfreeze="all"),
}


def made(name: str) -> nn.Module:
    torch.manual_seed(0)
    network = NETWORKS[name]().eval()
    # Unlike those of a fresh network, statistics under which maps differ from scan to scan.
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.get_buffer("running_mean"), -0.1, 0.1)
            nn.init.uniform_(module.get_buffer("running_var"), 0.5, 1.5)
    return network


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> nn.Module:
    return made(request.param)


@pytest.fixture(scope="module")
def scans() -> Tensor:
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(3, 1, 16, 16, generator=generator) * 255
    return F.interpolate(coarse, (256, 256), mode="bicubic").clamp(0, 255).to(torch.uint8)


@pytest.fixture(scope="module")
def numbers() -> Tensor:
    return torch.tensor([2, 0, 3])


def test_maps_are_scaled_each_by_its_own_peak(
    network: nn.Module, scans: Tensor, numbers: Tensor
) -> None:
    found = gradcam(network, scans, numbers)
    assert found.shape == (3, 256, 256)
    assert found.dtype == torch.float32
    assert not found.requires_grad
    assert found.isfinite().all()
    assert (found >= 0).all()
    assert set(found.amax(dim=(1, 2)).tolist()) <= {0.0, 1.0}
    assert found.amax() == 1


def test_nothing_of_the_network_changes(network: nn.Module, scans: Tensor, numbers: Tensor) -> None:
    # In-place ReLUs would show in the second call, gradients in the parameters.
    before = {name: value.clone() for name, value in network.state_dict().items()}
    trained = [parameter.requires_grad for parameter in network.parameters()]
    given = scans.clone()
    with torch.inference_mode():
        logits = network(scans)
    first, second = gradcam(network, scans, numbers), gradcam(network, scans, numbers)
    assert torch.equal(first, second)
    assert torch.equal(scans, given)
    with torch.inference_mode():
        assert torch.equal(network(scans), logits)
    assert all(parameter.grad is None for parameter in network.parameters())
    assert [parameter.requires_grad for parameter in network.parameters()] == trained
    assert not network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_it_makes_no_difference_what_is_frozen_and_in_which_mode_the_caller_is(
    network: nn.Module, scans: Tensor, numbers: Tensor
) -> None:
    expected = gradcam(network, scans, numbers)
    with torch.inference_mode():
        assert torch.equal(gradcam(network, scans.clone(), numbers.clone()), expected)
    with torch.no_grad():
        assert torch.equal(gradcam(network, scans, numbers), expected)
    assert torch.equal(gradcam(network.requires_grad_(False), scans, numbers), expected)


def test_scans_do_not_mix(network: nn.Module, scans: Tensor, numbers: Tensor) -> None:
    together = gradcam(network, scans, numbers)
    for one in range(3):
        alone = gradcam(network, scans[one : one + 1], numbers[one : one + 1])
        torch.testing.assert_close(alone, together[one : one + 1], rtol=0, atol=1e-4)


def test_threads_share_a_network(scans: Tensor) -> None:
    network = made("gbmnet")
    asked = [torch.tensor([k % 4, (k + 1) % 4, (k + 2) % 4]) for k in range(8)]
    expected = [gradcam(network, scans, numbers) for numbers in asked]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda numbers: gradcam(network, scans, numbers), asked))
    assert all(map(torch.equal, found, expected))


def hooked(network: nn.Module, features: nn.Module, scans: Tensor, number: int) -> Tensor:
    """Give gradient times activation, `(N, C, h, w)`, as autograd finds it on the whole network."""
    seen: list[Tensor] = []

    def keep(_module: nn.Module, _given: object, output: Tensor) -> Tensor:
        output.retain_grad()
        seen.append(output)
        return output.clone()

    handle = features.register_forward_hook(keep)
    try:
        network(scans)[:, number].sum().backward()
    finally:
        handle.remove()
    (maps,) = seen
    assert maps.grad is not None
    return (maps.grad * maps).detach()


def peaked(heat: Tensor) -> Tensor:
    """Divide each map by its peak, where it has one."""
    peaks = heat.amax(dim=(1, 2), keepdim=True)
    return heat / peaks.where(peaks > 0, 1)


@pytest.mark.parametrize("name", ["gbmnet", "gbmnet on means"])
def test_weights_are_autograd_s_through_the_whole_network(name: str, scans: Tensor) -> None:
    network = made(name)
    # Bilinear by hand: a pixel's centre lies at (i + 0.5) / 16 - 0.5 of the map's cells.
    places = ((torch.arange(256) + 0.5) / 16 - 0.5).clamp(0, 15)
    across = (1 - (places[:, None] - torch.arange(16)).abs()).clamp(min=0)
    shown = 0
    for number in range(4):
        heat = F.relu(hooked(network, network.get_submodule("features"), scans, number).sum(dim=1))
        found = gradcam(network, scans, torch.full((3,), number))
        torch.testing.assert_close(found, peaked(across @ heat @ across.T), rtol=0, atol=1e-4)
        shown += int(found.any())
    assert shown


def test_where_maps_are_averaged_it_is_grad_cam_as_published(scans: Tensor) -> None:
    network = made("gbmnet on means")
    with torch.no_grad():
        maps = network.forward_features(scans)  # type: ignore[operator]
    maps.requires_grad_()
    network.forward_head(maps)[:, 3].sum().backward()  # type: ignore[operator]
    assert maps.grad is not None
    weights = maps.grad.mean(dim=(2, 3), keepdim=True)  # equation 1 of the paper
    heat = F.relu((weights * maps).sum(dim=1, keepdim=True)).detach()  # equation 2
    expected = peaked(F.interpolate(heat, (256, 256), mode="bilinear").squeeze(1))
    found = gradcam(network, scans, torch.tensor([3, 3, 3]))
    assert found.any()
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


class InPlaceHead(Network):
    """Has a head that begins in place, as some of torchvision's do, and knows one class alone."""

    def forward_features(self, scans: Tensor) -> Tensor:
        return F.avg_pool2d(scans / 255, 32)

    def forward_head(self, maps: Tensor) -> Tensor:
        positive = F.relu(maps, inplace=True).sum(dim=(2, 3))
        return torch.cat([positive, -positive], dim=1)


def test_what_speaks_against_a_class_is_not_shown_and_heads_may_work_in_place() -> None:
    scans = torch.zeros(2, 1, 256, 256, dtype=torch.uint8)
    scans[:, :, 64:96, 128:160] = 255
    found = gradcam(InPlaceHead(), scans, torch.tensor([0, 1]))
    row, column = divmod(int(found[0].argmax()), 256)
    assert 64 <= row < 96
    assert 128 <= column < 160
    assert not found[1].any()


def test_a_class_is_needed_for_each_scan(scans: Tensor) -> None:
    with pytest.raises(ValueError, match=r"need \(3,\) classes, not \(2,\)"):
        gradcam(made("gbmnet"), scans, torch.tensor([0, 1]))


def mass_mask(row: ManifestRow, scan: PhantomScan, grow: float) -> npt.NDArray[np.bool_]:
    """Mark the mass in the prepared scan, grown by so many pixels: `(256, 256)`."""
    assert scan.mass_x is not None
    assert scan.mass_y is not None
    assert scan.mass_radius is not None
    box = (row.left, row.top, row.right, row.bottom)
    left, top, right, bottom = (int(edge or 0) for edge in box)
    down, across = 256 / (bottom - top), 256 / (right - left)
    # Pixel centres lie at half a pixel.
    y, x = (scan.mass_y - top + 0.5) * down - 0.5, (scan.mass_x - left + 0.5) * across - 0.5
    rows, columns = np.mgrid[:256, :256]
    high, wide = scan.mass_radius * down + grow, scan.mass_radius * across + grow
    inside: npt.NDArray[np.bool_] = ((rows - y) / high) ** 2 + ((columns - x) / wide) ** 2 <= 1
    return inside


@pytest.mark.slow
def test_the_peak_lies_in_the_mass_of_drawn_scans(
    compose_in: Callable[..., DictConfig], tmp_path: Path
) -> None:
    drawn = [
        "data.source=phantom",
        f"data.root={tmp_path / 'raw'}",
        f"data.patients={tmp_path / 'raw' / 'phantoms.csv'}",
    ]
    drawn.append(f"data.prepared={tmp_path / 'prepared'}")
    config = compose_in(tmp_path / "run", "experiment=demo", *drawn, "evaluation.figures=false")
    scores = train(config)
    assert scores.parts[TEST].scores["accuracy"].value > 0.9
    prepared = build_prepared(data_settings(config.data))
    truth = {scan.path: scan for scan in read_truth(tmp_path / "raw").scans}
    tested = {
        line["path"]
        for line in RunFolder(tmp_path / "run").read_rows("split.csv")
        if line["part"] == TEST
    }
    rows = [
        n for n, row in enumerate(prepared.kept) if row.path in tested and row.label != "notumor"
    ]
    kept = [prepared.kept[row] for row in rows]
    assert len(rows) > 80
    masses = np.array([mass_mask(row, truth[row.path], 16) for row in kept])  # a cell of the map
    scans = torch.from_numpy(prepared.images[rows]).unsqueeze(1)
    numbers = torch.from_numpy(prepared.labels[rows])
    checkpoint = tmp_path / "run" / "checkpoints" / "last.ckpt"
    trained = load_classifier(checkpoint)

    def share_in_mass(network: nn.Module) -> float:
        heat = gradcam(network.eval(), scans, numbers).flatten(1)
        peaks = heat.argmax(dim=1).numpy()
        inside = masses.reshape(len(rows), -1)[np.arange(len(rows)), peaks]
        return float((inside & (heat.amax(dim=1) > 0).numpy()).mean())

    torch.manual_seed(0)
    untrained = build_network(4, **trained.hparams["network"])
    # Measured: 1.00 (0.98 without the cell around), 0.01-0.11 untrained, 0.10 of the area.
    assert share_in_mass(trained.network) > 0.9
    assert share_in_mass(untrained) < 0.35
    assert masses.mean() < 0.12
