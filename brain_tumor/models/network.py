"""What every network of this package is: the one class that a network of your own derives from.

A network is a file in `brain_tumor/models` and a file in `conf/model`. The first holds its class,
named for the configuration by `register`; the second its name and the values of its options:

    @register("small")
    class Small(Network):
        '''One strided convolution, trained from scratch.'''

        def __init__(self, classes: int, width: Width = 16) -> None:
            super().__init__()
            self.preprocess = UnitRange()
            self.features = nn.Sequential(nn.Conv2d(1, width, 5, stride=4), nn.ReLU())
            self.head = nn.Linear(width, classes)

        def forward_features(self, scans: Tensor) -> Tensor:
            return self.features(self.preprocess(scans))

        def forward_head(self, features: Tensor) -> Tensor:
            return self.head(self.pool_features(features))

Any other module is registered the same way if it takes `(N, 1, H, W)`, float, 0-1, and gives logits
`(N, classes)`; `build_network` puts it into a `PlainNetwork`.
"""

from collections.abc import Sequence
from inspect import cleandoc
from typing import Any, TypeVar

from torch import Tensor, nn
from torch.nn import Parameter

from brain_tumor.errors import ConfigError
from brain_tumor.models.preprocess import UnitRange

Group = dict[str, Any]
Own = TypeVar("Own", bound="Network")

LR_SCALE = "lr_scale"  # of the optimizer's learning rate, in a group of parameters


class Network(nn.Module):
    """Takes scans as they are stored, gives logits.

    `__init__` takes the number of `classes` and the network's options, each annotated with its type
    and, where it has one, its range (`models/options.py`); a configuration is held against them.
    Preprocessing is part of the network, so that a checkpoint cannot be fed the wrong thing.

    `forward_features` and `forward_head` have to be written. All else has a default: a network
    without a pretrained part, trained as a whole at one learning rate.

    Attributes:
        name: What it is called in a configuration; set by `build_network`.
        has_maps: Whether `forward_features` gives maps `(N, C, h, w)`, which Grad-CAM needs.
        frozen_statistics: Whether batch normalisation in `frozen_parts` keeps its statistics.
    """

    name: str = ""
    has_maps: bool = True
    frozen_statistics: bool = True

    def forward(self, scans: Tensor) -> Tensor:
        """Take `(N, 1, H, W)`, uint8 or float32, 0-255; give logits `(N, classes)`."""
        return self.forward_head(self.forward_features(scans))

    def forward_features(self, scans: Tensor) -> Tensor:
        """Take scans as `forward` does; give the last feature maps, `(N, C, h, w)`, float.

        A network without maps gives features `(N, F)`, and has `has_maps = False`.
        """
        raise NotImplementedError(f"{type(self).__name__} needs forward_features")

    def forward_head(self, features: Tensor) -> Tensor:
        """Take what `forward_features` gives; give logits `(N, classes)`."""
        raise NotImplementedError(f"{type(self).__name__} needs forward_head")

    def pool_features(self, features: Tensor) -> Tensor:
        """Take what `forward_features` gives; give one vector for each scan, `(N, F)`.

        The out-of-distribution detector is fitted to these: the mean of each map.
        """
        return features.mean(dim=(2, 3)) if features.ndim == 4 else features

    def pretrained_part(self) -> nn.Module | None:
        """Give what `load_pretrained` fills and what may learn slower; None without such a part."""
        return None

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Give the modules that are not trained."""
        return ()

    def freeze(self) -> None:
        """Keep frozen parts as they are: no gradients, and fixed BatchNorm statistics.

        The statistics move where `frozen_statistics` is false. Call it at the end of `__init__`.
        """
        for part in self.frozen_parts():
            part.requires_grad_(False)
        self._rest()

    def train(self: Own, mode: bool = True) -> Own:
        """Switch what is trained; parts whose statistics are frozen stay in evaluation mode."""
        super().train(mode)
        self._rest()
        return self

    def _rest(self) -> None:
        if self.frozen_statistics:  # without gradients alone, batches would still move them
            for part in self.frozen_parts():
                part.eval()

    def parameter_groups(self, backbone_rate: float) -> list[Parameter] | list[Group]:
        """Give what an optimizer trains.

        Args:
            backbone_rate: Learning rate of the pretrained part, as a share of the optimizer's.

        Returns:
            The trained parameters; where some of them are pretrained, two groups: all others, and
            these with `backbone_rate` as their `lr_scale`.
        """
        trained: list[Parameter] = [p for p in self.parameters() if p.requires_grad]
        part = self.pretrained_part()
        pretrained = {id(p) for p in part.parameters()} if part is not None else set()
        slow = [p for p in trained if id(p) in pretrained]
        if not slow:
            return trained
        fast = [p for p in trained if id(p) not in pretrained]
        head: Group = {"params": fast}
        return [head, {"params": slow, LR_SCALE: backbone_rate}]

    def load_pretrained(self, weights: str) -> None:
        """Fill the pretrained part.

        Args:
            weights: `imagenet`, `none` to leave it at random, or the path of a `state_dict`;
                `models/pretrained.py` does all three.

        Raises:
            ConfigError: The network has no pretrained part.
            WeightsError: They cannot be fetched or read, or do not fit.
        """
        raise ConfigError(
            f"{self.name or type(self).__name__} has no pretrained part: leave model.weights out."
        )

    def describe(self) -> str:
        """Say in a few words what it is, for the model card: its class and its first line."""
        return _described(self)

    @classmethod
    def default_options(cls, name: str) -> dict[str, Any]:
        """Give what the network's weights decide, where its options leave it open.

        A checkpoint keeps these, so that it does not depend on a later version's defaults.

        Args:
            name: What it is called in a configuration.

        Returns:
            Plain values by the option's name; empty where defaults stand in `__init__`.
        """
        return {}


class PlainNetwork(Network):
    """A network around any module that takes scans and gives logits.

    Grey values are brought to 0-1 before it. Where the module has `forward_features` and
    `forward_head`, as timm's networks do, these are used. Else it has no feature maps: logits stand
    in their place, Grad-CAM has nothing to show, and the out-of-distribution detector sees logits.

    Args:
        module: Takes `(N, 1, H, W)`, float, 0-1, and gives logits `(N, classes)`.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.preprocess = UnitRange()
        self.module = module
        self.has_maps = hasattr(module, "forward_features") and hasattr(module, "forward_head")

    def forward_features(self, scans: Tensor) -> Tensor:
        """Take scans as `forward` does; give the module's features, or its logits."""
        images = self.preprocess(scans)
        found: Tensor = (
            self._parted.forward_features(images) if self.has_maps else self.module(images)
        )
        return found

    def forward_head(self, features: Tensor) -> Tensor:
        """Take what `forward_features` gives; give logits `(N, classes)`."""
        logits: Tensor = self._parted.forward_head(features) if self.has_maps else features
        return logits

    @property
    def _parted(self) -> Any:
        return self.module

    def describe(self) -> str:
        """Say what the module is, for the model card."""
        return _described(self.module)


def _described(module: nn.Module) -> str:
    first = cleandoc(type(module).__doc__ or "").partition("\n")[0].rstrip(".")
    return f"{type(module).__name__}: {first}" if first else type(module).__name__
