"""GBM_MobileNetV2net: "Transfer Learning MobileNetV2 CNN Architecture" of the report."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torchvision.models import MobileNet_V2_Weights, mobilenet_v2

from brain_tumor.models.folding import FoldedFeatures
from brain_tumor.models.network import Network
from brain_tumor.models.options import ChannelMean, ChannelStd, Dropout, InputSize, Unfreeze, Width
from brain_tumor.models.preprocess import ImageNetInput
from brain_tumor.models.pretrained import cached, fill
from brain_tumor.models.registry import register

FEATURES = 1280  # channels of MobileNetV2's last layer (Sandler et al., 2018, table 2)
IMAGENET_MEAN = (0.485, 0.456, 0.406)  # of torchvision's weights, on the 0-1 scale
IMAGENET_STD = (0.229, 0.224, 0.225)
BLOCKS = 19  # of the features: a convolution, 17 inverted residuals, a convolution


@register("mobilenetv2")
class GBMMobileNetV2net(Network):
    """MobileNetV2's features, frozen in the report, under a small trained head.

    2,306,116 parameters, of which 82,244 are trained where all features are frozen. Frozen blocks
    run without gradients and, as long as their statistics are frozen too, in evaluation mode. The
    report's outlook is "selectively unfreezing layers in the MobileNetV2".

    Args:
        classes: Number of classes.
        width: Neurons of the head's hidden layer.
        dropout: Share of these neurons dropped in training.
        input_size: Side of the resized scan in pixels.
        input_mean: Per-channel mean the weights were trained with, on the 0-1 scale.
        input_std: Per-channel standard deviation, likewise.
        unfreeze: How many of the 19 blocks of the features are trained, counted from the last.
        frozen_statistics: Whether batch normalisation in frozen blocks keeps the statistics that
            came with the weights. Else it normalises training batches by their own and follows them
            with its running ones, as where `requires_grad` alone is switched off.

    Raises:
        ValueError: There are not as many blocks.
    """

    def __init__(
        self,
        classes: int = 4,
        width: Width = 64,
        dropout: Dropout = 0.5,
        input_size: InputSize = 224,
        input_mean: ChannelMean = IMAGENET_MEAN,
        input_std: ChannelStd = IMAGENET_STD,
        unfreeze: Unfreeze = 0,
        frozen_statistics: bool = True,
    ) -> None:
        super().__init__()
        self.preprocess = ImageNetInput(input_size, input_mean, input_std)
        self.features = mobilenet_v2(weights=None).features
        trained = BLOCKS if unfreeze == "all" else int(unfreeze)
        if trained > BLOCKS:
            raise ValueError(f"model.unfreeze is {trained}, MobileNetV2 has {BLOCKS} blocks")
        self.frozen_blocks = BLOCKS - trained
        self.frozen_statistics = frozen_statistics
        self._run_frozen = FoldedFeatures(self._frozen)
        self.head = nn.Sequential(
            nn.Linear(FEATURES, width),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(width, classes),
        )
        self.freeze()

    def pretrained_part(self) -> nn.Module:
        """Give the features."""
        return cast(nn.Module, self.features)

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Give the blocks that are not trained, or all features as one."""
        return [self._frozen if self.frozen_blocks < BLOCKS else self.pretrained_part()]

    @property
    def _frozen(self) -> nn.Sequential:
        return cast(nn.Sequential, self.features[: self.frozen_blocks])

    def forward_features(self, scans: Tensor) -> Tensor:
        """Take scans as `forward` does; give the last feature maps, `(N, 1280, h, w)`, float.

        Their side is a 32nd of `input_size`, 7 at 224 pixels.
        """
        activations = self.preprocess(scans)
        if self.training and not self.frozen_statistics:
            with torch.no_grad():
                activations = self._frozen(activations)
        elif self.frozen_blocks:
            activations = self._run_frozen(activations)
        for block in self.features[self.frozen_blocks :]:
            activations = block(activations)
        return cast(Tensor, activations)

    def forward_head(self, features: Tensor) -> Tensor:
        """Take what `forward_features` gives; give logits `(N, classes)`."""
        return cast(Tensor, self.head(self.pool_features(features)))  # torchvision pools alike

    @torch.no_grad()
    def pool(self, scans: Tensor) -> Tensor:
        """Take scans as `forward` does; give the pooled features `(N, 1280)`, float32."""
        return self.pool_features(self.forward_features(scans))

    def load_pretrained(self, weights: str) -> None:
        """Fill the features; `imagenet` are torchvision's IMAGENET1K_V1."""
        fill(self.features, "features.", weights, MobileNet_V2_Weights.IMAGENET1K_V1)

    def published_weights(self) -> Path:
        """Name the file that torchvision keeps its weights in."""
        return cached(MobileNet_V2_Weights.IMAGENET1K_V1)

    def describe(self) -> str:
        """Say what it is, and how much of it is trained, for the model card."""
        trained = BLOCKS - self.frozen_blocks
        how = f"with their last {trained} of {BLOCKS} blocks trained" if trained else "and frozen"
        if trained == BLOCKS:
            how = "and trained further"
        return (
            f"GBM_MobileNetV2net, MobileNetV2's features pretrained on ImageNet {how}, under a "
            "small trained head"
        )
