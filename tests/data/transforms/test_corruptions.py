import io

import numpy as np
import pytest
import torch
from phantoms import draw_phantom
from PIL import Image
from scipy import ndimage
from torch import Tensor

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.transforms.corruptions import (
    CORRUPTIONS,
    STRENGTHS,
    CorruptedDataModule,
    corrupt,
)

ROWS = np.array([5, 0, 17, 9])


@pytest.fixture(scope="module")
def scans() -> Tensor:
    drawn = [
        draw_phantom(label, "axial", np.random.default_rng(i), size=128).pixels
        for i, label in enumerate(("glioma", "meningioma", "notumor", "pituitary"))
    ]
    return torch.from_numpy(np.stack(drawn)).unsqueeze(1)


def test_every_value_has_five_strengths_within_its_limits() -> None:
    for corruption in CORRUPTIONS.values():
        assert set(corruption.values) == set(corruption.operation.limits)
        for name, given in corruption.values.items():
            low, high = corruption.operation.limits[name]
            assert len(given) == len(STRENGTHS)
            assert low <= min(given) and max(given) <= high


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_damage_rises_with_the_strength(scans: Tensor, name: str) -> None:
    before = scans.clone()
    worse = [corrupt(scans, ROWS, name, strength, seed=1) for strength in (0, *STRENGTHS)]
    assert torch.equal(worse[0], scans) and torch.equal(scans, before)
    assert all(one.dtype == torch.uint8 and one.shape == scans.shape for one in worse)
    damage = [float(((one.float() - scans) ** 2).mean()) for one in worse]
    assert damage == sorted(set(damage))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_what_is_random_depends_on_seed_and_row_alone(scans: Tensor, name: str) -> None:
    whole = corrupt(scans, ROWS, name, 3, seed=1).int()
    other = corrupt(scans.flip(0), ROWS[::-1].copy(), name, 3, seed=1).flip(0).int()
    assert (whole - other).abs().max() <= 1
    alone = corrupt(scans[2:3], ROWS[2:3], name, 3, seed=1).int()
    assert (whole[2:3] - alone).abs().max() <= 1
    moved = [corrupt(scans, ROWS, name, 3, 2).int(), corrupt(scans, ROWS + 1, name, 3, 1).int()]
    drawn = CORRUPTIONS[name].operation.draws > 0
    assert all(torch.equal(one, whole) is not drawn for one in moved)


def test_blur_is_scipy_s(scans: Tensor) -> None:
    made = corrupt(scans, ROWS, "blur", 3, 0)
    for scan, ours in zip(scans[:, 0].numpy(), made[:, 0].numpy(), strict=True):
        expected = ndimage.gaussian_filter(scan.astype(float), 2.0, mode="mirror", truncate=3)
        assert np.abs(ours - expected).max() < 1.5


def test_jpeg_is_pillow_s(scans: Tensor) -> None:
    made = corrupt(scans, ROWS, "JPEG", 1, 0)
    for scan, ours in zip(scans[:, 0].numpy(), made[:, 0].numpy(), strict=True):
        file = io.BytesIO()
        Image.fromarray(scan).save(file, "jpeg", quality=40)
        assert np.abs(ours - np.asarray(Image.open(file)).astype(int)).mean() < 1


def test_rotation_and_field_of_view_are_scipy_s(scans: Tensor) -> None:
    turned = corrupt(scans, ROWS, "rotation", 5, 0)
    for scan, ours in zip(scans[:, 0].numpy().astype(float), turned[:, 0].numpy(), strict=True):
        errors = [
            np.abs(ndimage.rotate(scan, angle, reshape=False, order=1) - ours).mean()
            for angle in (60, -60)
        ]
        assert min(errors) < 0.6 < max(errors)
    smaller = corrupt(scans, ROWS, "field of view", 5, 0)
    # At twice the field a scan has a quarter of its area, and all of it is still there.
    np.testing.assert_allclose(smaller.sum((1, 2, 3)), scans.sum((1, 2, 3)) / 4, rtol=0.02)


def test_a_data_module_serves_what_another_does_but_worse(datamodule: ScanDataModule) -> None:
    clean = list(datamodule.part_dataloader("test"))
    same = list(CorruptedDataModule(datamodule, "noise", 0, 4).part_dataloader("test"))
    worse = list(CorruptedDataModule(datamodule, "noise", 2, 4).part_dataloader("test"))
    assert len(clean) == len(same) == len(worse) > 1
    for one, still, other in zip(clean, same, worse, strict=True):
        assert torch.equal(one.images, still.images)
        assert torch.equal(one.labels, other.labels) and torch.equal(one.rows, other.rows)
        expected = corrupt(one.images, one.rows.numpy(), "noise", 2, 4)
        assert torch.equal(other.images, expected)
