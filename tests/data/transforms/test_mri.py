from typing import Any

import cv2
import numpy as np
import pytest
import torch
import yaml
from phantoms import draw_phantom
from torch import Tensor

from brain_tumor.cli.command import conf_folder
from brain_tumor.data.transforms.mri import OPERATIONS, MRIAugment
from brain_tumor.data.transforms.report import BatchAugment, epoch_draws
from brain_tumor.errors import ConfigError


def shipped(name: str) -> dict[str, Any]:
    given = yaml.safe_load((conf_folder() / "augment" / f"{name}.yaml").read_text())
    return {key: value for key, value in given.items() if key not in ("defaults", "_target_")}


REPORT, OPERATIONS_SHIPPED = shipped("report"), shipped("mri")["operations"]


@pytest.fixture(scope="module")
def scans() -> Tensor:
    labels = ("glioma", "meningioma", "notumor", "pituitary") * 6
    drawn = [
        draw_phantom(label, "axial", np.random.default_rng(i), size=64).pixels
        for i, label in enumerate(labels)
    ]
    return torch.from_numpy(np.stack(drawn)).unsqueeze(1)


def always(**changed: Any) -> dict[str, dict[str, Any]]:
    return {name: own | {"probability": 1.0} for name, own in changed.items()}


def test_the_shipped_settings_name_every_operation(scans: Tensor) -> None:
    assert set(OPERATIONS_SHIPPED) == {"field_of_view", *OPERATIONS}
    augment = MRIAugment(operations=OPERATIONS_SHIPPED, **REPORT)
    found = augment(scans, epoch_draws(0, 0, len(scans), augment.draws_per_scan))
    assert found.shape == scans.shape and found.dtype == torch.float32
    assert torch.isfinite(found).all() and found.min() >= 0 and found.max() <= 255


@pytest.mark.parametrize("operations", [{}, "never"])
def test_without_operations_it_is_the_report_s(scans: Tensor, operations: Any) -> None:
    if operations == "never":
        operations = {k: own | {"probability": 0.0} for k, own in OPERATIONS_SHIPPED.items()}
    augment = MRIAugment(operations=operations, **REPORT)
    draws = epoch_draws(1, 0, len(scans), augment.draws_per_scan)
    before = draws.clone(), scans.clone()
    assert torch.equal(augment(scans, draws), BatchAugment(**REPORT)(scans, draws[:, :8]))
    assert torch.equal(draws, before[0]) and torch.equal(scans, before[1])


@pytest.mark.parametrize("name", OPERATIONS)
def test_its_chance_is_its_probability(name: str) -> None:
    flat = torch.full((2000, 1, 8, 8), 100.0)
    flat[:, :, 4:] = 30  # there is something to move, to blur and to darken
    operations = {name: OPERATIONS_SHIPPED[name] | {"probability": 0.3}}
    augment = MRIAugment(operations=operations, **REPORT)
    draws = epoch_draws(2, 0, len(flat), augment.draws_per_scan)[:, augment.place_draws :]
    changed = (augment.scan(flat.clone(), draws) != flat).flatten(1).any(dim=1)
    assert not changed[draws[:, 0] >= 0.3].any()
    if name not in ("inversion", "resolution", "anisotropy", "motion"):  # scans are too small
        assert changed[draws[:, 0] < 0.3].float().mean() > 0.95


def test_the_same_draws_give_the_same_bits_in_any_company(scans: Tensor) -> None:
    augment = MRIAugment(operations=always(**OPERATIONS_SHIPPED), **REPORT)
    draws = epoch_draws(3, 1, len(scans), augment.draws_per_scan)
    whole = augment(scans, draws)
    state = torch.get_rng_state()
    assert torch.equal(augment(scans, draws), whole)
    assert torch.equal(torch.get_rng_state(), state)  # a resumed run finds it as it was
    order = torch.randperm(len(scans), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(augment(scans[order], draws[order]), whole[order], atol=0.01, rtol=0)
    for i in range(3):
        alone = augment(scans[i : i + 1], draws[i : i + 1])[0]
        torch.testing.assert_close(alone, whole[i], atol=0.01, rtol=0)


def test_other_devices_way_gives_the_same_place(scans: Tensor) -> None:
    augment = MRIAugment(
        operations=always(field_of_view=OPERATIONS_SHIPPED["field_of_view"]), **REPORT
    )
    draws = epoch_draws(4, 0, len(scans), augment.draws_per_scan)
    by_torch = augment.by_torch(scans, draws[:, : augment.place_draws])
    torch.testing.assert_close(augment(scans, draws), by_torch, atol=0.02, rtol=0)


def test_the_field_of_view_makes_the_head_smaller_and_moves_it(scans: Tensor) -> None:
    still = REPORT | {
        "blur_sigma": [1e-3, 1e-3],
        "flip_probability": 0.0,
        "rotation_degrees": 0.0,
        "shear_degrees": 0.0,
        "crop_area": [1.0, 1.0],
    }
    view = {"zoom": [2.0, 2.0], "shift_x": [0.25, 0.25], "shift_y": [-0.25, -0.25]}
    augment = MRIAugment(operations=always(field_of_view=view), **still)
    draws = torch.full((len(scans), augment.draws_per_scan), 0.5)
    found = augment(scans, draws)
    side = scans.shape[-1]
    # Half as large, an eighth of the side to the right and up.
    back = np.array(
        [[2, 0, -(side / 2 + 2 * side / 8) + 0.5], [0, 2, -(side / 2 - 2 * side / 8) + 0.5]]
    )
    for scan, made in zip(scans, found, strict=True):
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        expected = cv2.warpAffine(scan[0].numpy().astype(np.float32), back, (side, side), flags=how)
        np.testing.assert_allclose(made[0], expected, atol=0.5)


@pytest.mark.parametrize(
    ("operations", "told"),
    [
        ({"nois": {}}, "augment.operations.nois is unknown: did you mean noise"),
        ({"noise": None}, "augment.operations.noise must be a group"),
        ({"noise": {"probability": 0.1}}, "augment.operations.noise.sigma is not given"),
        ({"noise": {"sigma": [1, 2]}}, "augment.operations.noise.probability is not given"),
        (
            {"noise": {"probability": 2, "sigma": [1, 2]}},
            "noise.probability must be a number in 0..1",
        ),
        ({"noise": {"probability": 1, "sigma": [3, 2]}}, "noise.sigma must be two rising numbers"),
        ({"noise": {"probability": 1, "sigma": 3}}, "noise.sigma must be two rising numbers"),
        ({"noise": {"probability": 1, "sigma": [1, 999]}}, r"in 0..128: \[1, 999\]"),
        ({"noise": {"probability": 1, "sigma": [1, 2], "size": 1}}, "noise.size is unknown"),
        ({"field_of_view": {"probability": 1}}, "field_of_view.zoom is not given"),
    ],
)
def test_a_setting_that_cannot_be_is_named(operations: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        MRIAugment(operations=operations, **REPORT)
