"""Draw what the same torchvision chain makes of a batch, called in two ways: `one_draw.png`.

    python -m experiments.one_draw_per_batch.picture

The scans are drawn, not measured.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2

from brain_tumor.data.phantom.anatomy import draw_anatomy
from brain_tumor.data.phantom.image import draw_slice
from brain_tumor.rendering.charts.style import INK, LABEL, new_figure

PICTURE = Path(__file__).with_name("one_draw.png")
LABELS = ("glioma", "meningioma", "notumor", "pituitary", "glioma", "meningioma")
BILINEAR = InterpolationMode.BILINEAR
# The report's operations in its order, as `conf/augment/report.yaml` has them.
CHAIN = v2.Compose(
    [
        v2.GaussianBlur(5, (0.1, 2.0)),
        v2.RandomHorizontalFlip(),
        v2.RandomRotation(30, interpolation=BILINEAR),
        v2.RandomAffine(0, shear=10, interpolation=BILINEAR),
        v2.RandomResizedCrop(256, (0.9, 1.0)),
    ]
)


def drawn_scans() -> Tensor:
    """Draw a scan of each label, `(6, 1, 256, 256)`, uint8."""
    slices = []
    for number, label in enumerate(LABELS):
        generator = np.random.default_rng(number)
        anatomy = draw_anatomy(label, generator)
        slices.append(draw_slice(anatomy, "axial", generator, 256).pixels)
    return torch.from_numpy(np.stack(slices)).unsqueeze(1)


def main() -> None:
    """Write the picture."""
    scans = drawn_scans()
    torch.manual_seed(5)
    ways = {
        "chain(batch)": CHAIN(scans),
        "[chain(scan) for scan in batch]": torch.stack([CHAIN(scan) for scan in scans]),
    }
    figure = new_figure(7, 3.0, "One draw for the batch, or one for each scan")
    parts: Any = figure.subfigures(2, 1)
    for part, (words, augmented) in zip(parts, ways.items(), strict=True):
        part.suptitle(words, x=0.01, ha="left", fontsize=LABEL, color=INK, family="monospace")
        for axes, image in zip(part.subplots(1, len(LABELS)), augmented, strict=True):
            axes.imshow(image[0], cmap="gray", vmin=0, vmax=255)
            axes.set_axis_off()
    figure.savefig(PICTURE, metadata={"Software": None})
    print(f"written: {PICTURE}")


if __name__ == "__main__":
    main()
