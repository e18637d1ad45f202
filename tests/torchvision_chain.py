"""The report's augmentation as one would write it with torchvision: the reference for ours."""

from torch import Tensor
from torchvision.transforms import v2

from brain_tumor.data.transforms.chain import Chain
from brain_tumor.data.transforms.report import BatchAugment


class TorchvisionAugment(BatchAugment):
    """The report's chain of torchvision transforms, scan by scan, for `draws` of one column."""

    draws_per_scan = 1

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """Augment `(N, 1, H, W)`, uint8, by `(N, 1)` draws that seed each scan's own chain."""
        size = list(images.shape[-2:])
        bilinear = v2.InterpolationMode.BILINEAR
        chain = v2.Compose(
            [
                v2.GaussianBlur(self.blur_kernel, self.blur_sigma),
                v2.RandomHorizontalFlip(self.flip_probability),
                v2.RandomRotation(self.rotation_degrees, interpolation=bilinear),
                v2.RandomAffine(0, shear=self.shear_degrees, interpolation=bilinear),
                v2.RandomResizedCrop(size, self.crop_area, self.crop_aspect),
            ]
        )
        return Chain([chain])(images, draws)
