"""GBM_MobileNetV2net: "Transfer Learning MobileNetV2 CNN Architecture" of the report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import MobileNet_V2_Weights, mobilenet_v2

from brain_tumor.errors import WeightsError
from brain_tumor.models.folding import FoldedFeatures
from brain_tumor.models.preprocess import ImageNetInput

FEATURES = 1280  # channels of MobileNetV2's last layer (Sandler et al., 2018, table 2)
IMAGENET_MEAN = (0.485, 0.456, 0.406)  # of torchvision's weights, on the 0-1 scale
IMAGENET_STD = (0.229, 0.224, 0.225)


class GBMMobileNetV2net(nn.Module):
    """MobileNetV2's features, frozen, under a small trained head.

    2,306,116 parameters, of which 82,244 are trained. The features stay in evaluation mode, so
    their BatchNorm statistics do not move, and run without gradients.

    Args:
        classes: Number of classes.
        width: Neurons of the head's hidden layer.
        dropout: Share of these neurons dropped in training, in [0, 1).
        input_size: Side of the resized scan in pixels.
        input_mean: Per-channel mean the weights were trained with, on the 0-1 scale.
        input_std: Per-channel standard deviation, likewise.
    """

    def __init__(
        self,
        classes: int = 4,
        width: int = 64,
        dropout: float = 0.5,
        input_size: int = 224,
        input_mean: Sequence[float] = IMAGENET_MEAN,
        input_std: Sequence[float] = IMAGENET_STD,
    ) -> None:
        super().__init__()
        self.preprocess = ImageNetInput(input_size, input_mean, input_std)
        self.features = mobilenet_v2(weights=None).features
        self._run_features = FoldedFeatures(self.features)
        self.head = nn.Sequential(
            nn.Linear(FEATURES, width),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(width, classes),
        )
        self.freeze()

    def freeze(self) -> None:
        """Keep the features as they are: no gradients, and fixed BatchNorm statistics."""
        self.features.requires_grad_(False)
        self.features.eval()

    def train(self, mode: bool = True) -> "GBMMobileNetV2net":
        """Switch the head alone; frozen features stay in evaluation mode."""
        super().train(mode)
        self.features.eval()
        return self

    def forward(self, scans: Tensor) -> Tensor:
        """Take `(N, 1, H, W)`, uint8 or float32, 0-255; give logits `(N, classes)`."""
        logits: Tensor = self.head(self.pool(scans))
        return logits

    @torch.no_grad()
    def pool(self, scans: Tensor) -> Tensor:
        """Take scans as `forward` does; give the frozen features `(N, 1280)`, float32."""
        maps = self._run_features(self.preprocess(scans))
        return maps.mean(dim=(2, 3))  # torchvision pools the same way

    def load_pretrained(self, weights: str) -> None:
        """Fill the features.

        Args:
            weights: `imagenet` for torchvision's IMAGENET1K_V1, which torchvision fetches once;
                `none` to leave them at random; else the path of a `state_dict` with the keys of
                `torchvision.models.mobilenet_v2`.

        Raises:
            WeightsError: They cannot be fetched or read, or do not fit.
        """
        if weights == "none":
            return
        state = _fetch() if weights == "imagenet" else _read(Path(weights).expanduser())
        # The classifier of a thousand classes is not used.
        prefix = "features."
        named = {str(key): value for key, value in state.items()}
        state = {key.removeprefix(prefix): v for key, v in named.items() if key.startswith(prefix)}
        try:
            self.features.load_state_dict(state)
        except (RuntimeError, TypeError, AttributeError) as error:  # of other shapes, or no tensors
            raise WeightsError(
                f"The weights in {weights} do not fit MobileNetV2: give a state_dict with the keys "
                "of torchvision.models.mobilenet_v2."
            ) from error


def _fetch() -> dict[str, Any]:
    try:
        # Without these two torch runs whatever a file in its cache tells it to.
        safely = {"check_hash": True, "weights_only": True}
        return dict(MobileNet_V2_Weights.IMAGENET1K_V1.get_state_dict(progress=True, **safely))
    except Exception as error:  # URLError, HTTPError, a hash that differs, a read-only cache
        raise WeightsError(
            f"torchvision could not fetch MobileNetV2's ImageNet weights ({error}): connect to the "
            "network, or give a state_dict file as model.weights=PATH, or model.weights=none for "
            "random features."
        ) from error


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise WeightsError(
            f"There is no weights file {path}: weights are imagenet, none, or the path of a "
            "state_dict file."
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zip and torch each have their own kinds
        raise WeightsError(
            f"The weights file {path} cannot be read: it has to be a state_dict that loads with "
            "torch.load(path, weights_only=True)."
        ) from error
    if not isinstance(state, dict):
        raise WeightsError(f"The weights file {path} holds no state_dict, but {type(state)}.")
    return state
