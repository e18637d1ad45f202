"""An augmentation that takes a source's look from the classes: amplitudes of another scan.

A scan's Fourier amplitudes hold much of its look (contrast, sharpness, noise), their phases where
things are. Amplitudes of scans of one batch are mixed, whatever their classes, so that the look of
a source is found in all classes: "amplitude mix" of Xu et al. 2021, doi
10.1109/CVPR46437.2021.01415, whose strength this is.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from brain_tumor.data.transforms.mri import MRIAugment

_OWN = 3  # draws of a scan: chance, partner, share


@dataclass(eq=False)
class AmplitudeMixAugment(MRIAugment):
    """Augment as a scanner would, then mix amplitudes.

    Attributes:
        mix_probability: Share of the scans whose amplitudes are mixed, 0 to 1. The other scan is
            any of the batch, and its share of the amplitudes is uniform between 0 and 1.
    """

    mix_probability: float = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.before = self.draws_per_scan
        self.draws_per_scan += _OWN

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """Augment `(N, 1, H, W)` uint8 by `(N, draws_per_scan)`; give float32 on 0-255."""
        scanned = super().__call__(images, draws[:, : self.before])
        return self.mix(scanned, draws[:, self.before :].to(scanned.device))

    def mix(self, images: Tensor, draws: Tensor) -> Tensor:
        """Mix amplitudes of `(N, 1, H, W)`, float32, 0-255, by `(N, 3)` draws in [0, 1)."""
        chosen = torch.nonzero(draws[:, 0] < self.mix_probability)[:, 0]
        if not len(chosen):
            return images
        partners = (draws[chosen, 1] * len(images)).long()
        share = draws[chosen, 2, None, None, None]
        spectra = torch.fft.rfft2(images)
        amplitudes = spectra.abs()
        own = amplitudes[chosen]
        mixed = torch.polar(own + share * (amplitudes[partners] - own), spectra[chosen].angle())
        result = images.clone()
        result[chosen] = torch.fft.irfft2(mixed, s=images.shape[-2:]).clamp(0, 255)
        return result
