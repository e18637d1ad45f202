"""GBMnet: "Custom CNN Architecture (GBMnet)" of the report."""

from typing import Literal, cast

from torch import Tensor, nn

from brain_tumor.models.network import Network
from brain_tumor.models.options import Dropout, Width
from brain_tumor.models.preprocess import UnitRange
from brain_tumor.models.registry import register

CHANNELS = (8, 16, 32, 64)  # "increases from 8 to 64 across successive layers"
# What the fully connected layer sees -> how many values; "16 x 16 pixels at the final stage".
HEADS = {"flatten": 64 * 16 * 16, "gap": 64}


@register("gbmnet")
class GBMnet(Network):
    """Four convolutional blocks and two fully connected layers, trained from scratch.

    Each block is a 3 x 3 convolution (stride 1, padding 1), batch normalisation, ReLU and 2 x 2
    max-pooling. With 512 neurons (`width`; the report tried 256, 128 and 64, too) it has 8,415,796
    parameters, nearly all between the last pooling and those neurons. With global average pooling
    (`head=gap`), which is not in the report, a map becomes its mean ("Network in network", Lin,
    Chen and Yan, 2014, arXiv 1312.4400) and 59,956 are left.
    """

    def __init__(
        self,
        classes: int = 4,
        width: Width = 512,
        dropout: Dropout = 0.3,
        head: Literal["flatten", "gap"] = "flatten",
    ) -> None:
        super().__init__()
        self.preprocess = UnitRange()
        blocks = [
            nn.Sequential(
                nn.Conv2d(before, after, kernel_size=3, stride=1, padding=1),
                nn.BatchNorm2d(after),
                # The same as ReLU before pooling, to the last bit, on a quarter of the values.
                nn.MaxPool2d(2),
                nn.ReLU(inplace=True),
            )
            for before, after in zip((1, *CHANNELS), CHANNELS, strict=False)
        ]
        self.features = nn.Sequential(*blocks)
        pooled = [nn.AdaptiveAvgPool2d(1)] if head == "gap" else []
        self.head = nn.Sequential(
            *pooled,
            nn.Flatten(),
            nn.Linear(HEADS[head], width),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(width, classes),
        )

    def forward_features(self, scans: Tensor) -> Tensor:
        """Take scans as `forward` does; give the last feature maps, `(N, 64, 16, 16)`, float."""
        return cast(Tensor, self.features(self.preprocess(scans)))

    def forward_head(self, features: Tensor) -> Tensor:
        """Take what `forward_features` gives; give logits `(N, classes)`."""
        return cast(Tensor, self.head(features))

    def describe(self) -> str:
        """Say what it is, for the model card."""
        return (
            "GBMnet, four convolutional blocks and two fully connected layers, trained from scratch"
        )
