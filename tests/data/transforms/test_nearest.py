import numpy as np
import torch
import torchvision.transforms.v2.functional as V
from phantoms import draw_phantom
from torch import Tensor

from brain_tumor.data.transforms.nearest import NearestAugment
from brain_tumor.data.transforms.report import BatchAugment, epoch_draws

SETTINGS = {
    "blur_kernel": 5,
    "blur_sigma": (1e-3, 1e-3),
    "flip_probability": 0.5,
    "rotation_degrees": 30.0,
    "shear_degrees": 10.0,
    "crop_area": (0.765625, 0.765625),
    "crop_aspect": (3 / 4, 4 / 3),
}


def scans() -> Tensor:
    drawn = [
        draw_phantom(label, "axial", np.random.default_rng(i), size=128).pixels
        for i, label in enumerate(("glioma", "meningioma", "notumor", "pituitary"))
    ]
    return torch.from_numpy(np.stack(drawn)).unsqueeze(1)


def test_it_is_torchvision_s_chain_with_torchvision_s_defaults() -> None:
    given = scans().float()
    draws = torch.tensor([0.5, 0.0, 0.8, 0.2, 0.5, 0.5, 0.25, 0.75]).repeat(len(given), 1)
    chain = V.rotate(V.horizontal_flip(given), 18.0)
    chain = V.affine(chain, 0, [0, 0], 1, [-6.0, 0.0])
    chain = V.resized_crop(chain, 12, 4, 112, 112, [128, 128], antialias=False)
    ours = NearestAugment(**SETTINGS)(given, draws)
    # The outermost pixels blend with the black outside here, with their own edge in a resize.
    apart = (ours - chain).abs()[..., 1:-1, 1:-1]
    # Where a position lies half-way between two pixels, rounding takes the one or the other.
    assert float((apart > 0.1).float().mean()) < 0.002
    joined = (BatchAugment(**SETTINGS)(given, draws) - chain).abs()[..., 1:-1, 1:-1]
    assert float((joined > 0.1).float().mean()) > 0.2


def test_where_nothing_is_turned_it_is_the_report_s_augmentation() -> None:
    given, draws = scans(), epoch_draws(0, 0, 4, 8)
    still = SETTINGS | {"blur_sigma": (0.1, 2.0), "rotation_degrees": 0.0, "shear_degrees": 0.0}
    ours, theirs = (kind(**still)(given, draws) for kind in (NearestAugment, BatchAugment))
    torch.testing.assert_close(ours, theirs, atol=0.02, rtol=0)
