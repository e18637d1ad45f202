"""Scans made worse in known ways and strengths, to see what a network still recognises.

The idea, five fixed strengths of each of a dozen corruptions that training does not know of, is
Hendrycks and Dietterich's (2019, arXiv 1903.12261); the corruptions here are a scanner's and a
file's. Strengths go from what a reader hardly sees to what no scanner should deliver; none is
taken from a source. They are applied to prepared scans, behind the crop.

What is random depends on (seed, row, corruption) alone, not on the strength: the same scan gets the
same field, the same ghosts, only more of them.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.transforms.v2.functional import gaussian_blur

from brain_tumor.data.datamodule import ScanBatches, ScanDataModule
from brain_tumor.data.transforms.mri import OPERATIONS, Operation
from brain_tumor.data.transforms.report import BatchAugment

STRENGTHS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Corruption:
    """A way in which scans become worse: values by name, five of each, from weak to strong."""

    operation: Operation
    values: Mapping[str, Sequence[float]]


def _field_of_view(images: Tensor, draws: Tensor, zoom: Tensor) -> Tensor:
    """Show the head smaller, off the centre by up to the margin that this leaves."""
    shift = (2 * draws - 1) * (zoom - 1)[:, None]
    matrices = images.new_zeros((len(images), 2, 3))
    matrices[:, 0, 0] = matrices[:, 1, 1] = zoom
    matrices[:, :, 2] = shift
    return _warped(images, matrices)


def _rotation(images: Tensor, draws: Tensor, degrees: Tensor) -> Tensor:
    """Turn the head about the middle, to either side."""
    angle = torch.deg2rad(degrees) * torch.where(draws[:, 0] < 0.5, -1.0, 1.0)
    cos, sin, none = torch.cos(angle), torch.sin(angle), torch.zeros_like(angle)
    rows = torch.stack((cos, -sin, none), dim=1), torch.stack((sin, cos, none), dim=1)
    return _warped(images, torch.stack(rows, dim=1))


def _warped(images: Tensor, matrices: Tensor) -> Tensor:
    positions = BatchAugment.positions(matrices, images.shape[-1])
    return F.grid_sample(images, positions, align_corners=False)


def _blur(images: Tensor, draws: Tensor, sigma: Tensor) -> Tensor:
    """Blur all scans by the same Gaussian."""
    strength = float(sigma[0])
    side = 2 * math.ceil(3 * strength) + 1
    blurred: Tensor = gaussian_blur(images, [side, side], [strength, strength])
    return blurred


def _jpeg(images: Tensor, draws: Tensor, quality: Tensor) -> Tensor:
    """Write each scan as JPEG, and read it again."""
    request = [cv2.IMWRITE_JPEG_QUALITY, round(float(quality[0]))]
    pixels = images[:, 0].round().to(torch.uint8).cpu().numpy()
    written = [cv2.imencode(".jpg", one, request)[1] for one in pixels]
    read = [np.asarray(cv2.imdecode(one, cv2.IMREAD_GRAYSCALE)) for one in written]
    return torch.from_numpy(np.stack(read)).unsqueeze(1).to(images)


def _by_scanner(name: str, **values: Sequence[float]) -> Corruption:
    return Corruption(OPERATIONS[name], values)


CORRUPTIONS: Mapping[str, Corruption] = {
    "bias field": _by_scanner("bias_field", log_gain=(0.2, 0.4, 0.7, 1.0, 1.4)),
    "darker": _by_scanner("gamma", log_gamma=(0.15, 0.3, 0.5, 0.7, 1.0)),
    "brighter": _by_scanner("gamma", log_gamma=(-0.15, -0.3, -0.5, -0.7, -1.0)),
    "grey background": _by_scanner("window", low=(-12, -25, -45, -70, -100), high=(255,) * 5),
    "noise": _by_scanner("noise", sigma=(4, 8, 14, 22, 35)),
    "ghosting": _by_scanner("ghosting", intensity=(0.08, 0.16, 0.26, 0.4, 0.6), replicas=(4,) * 5),
    "motion": _by_scanner("motion", pixels=(1, 2.5, 4.5, 7, 11)),
    "low resolution": _by_scanner("resolution", keep=(0.6, 0.4, 0.28, 0.2, 0.14)),
    "anisotropy": _by_scanner("anisotropy", keep=(0.5, 0.3, 0.2, 0.14, 0.09)),
    "inversion": _by_scanner("inversion", strength=(0.25, 0.45, 0.65, 0.85, 1.0)),
    "field of view": Corruption(
        Operation(_field_of_view, {"zoom": (1, 4)}, 2), {"zoom": (1.08, 1.2, 1.35, 1.6, 2.0)}
    ),
    "blur": Corruption(Operation(_blur, {"sigma": (0.1, 32)}), {"sigma": (0.7, 1.2, 2, 3, 4.5)}),
    "JPEG": Corruption(Operation(_jpeg, {"quality": (1, 100)}), {"quality": (40, 22, 12, 7, 4)}),
    "rotation": Corruption(
        Operation(_rotation, {"degrees": (0, 180)}, 1), {"degrees": (8, 15, 25, 40, 60)}
    ),
}


def corrupt(
    images: Tensor, rows: npt.NDArray[np.int64], name: str, strength: int, seed: int
) -> Tensor:
    """Make scans worse by one of `CORRUPTIONS`, and round as a file would.

    Args:
        images: `(N, 1, H, W)`, uint8, 0-255, H = W, on the CPU; the result is alike.
        rows: Which scan each is, `(N,)`: the row in its prepared set.
        name: The corruption.
        strength: 1 to 5; 0 leaves scans as they are.
        seed: Of what is random.
    """
    if not strength or not len(images):
        return images
    corruption = CORRUPTIONS[name]
    own = zlib.crc32(name.encode())
    draws = np.stack(
        [
            np.random.default_rng((seed, own, row)).random(corruption.operation.draws, np.float32)
            for row in rows
        ]
    )
    values = {
        value: torch.full((len(images),), float(steps[strength - 1]))
        for value, steps in corruption.values.items()
    }
    worse = corruption.operation.apply(images.float(), torch.from_numpy(draws), **values)
    return worse.clamp_(0, 255).round_().to(torch.uint8)


class CorruptedDataModule(ScanDataModule):
    """Serves what another data module serves, corrupted; it does not train."""

    def __init__(self, datamodule: ScanDataModule, name: str, strength: int, seed: int) -> None:
        super().__init__(
            datamodule.prepared,
            datamodule.split,
            batch_size=datamodule.batch_size,
            num_workers=datamodule.num_workers,
        )
        worse = partial(corrupt, name=name, strength=strength, seed=seed)
        self._batches = ScanBatches(datamodule.prepared, worse)
