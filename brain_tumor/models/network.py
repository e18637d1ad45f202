"""What every network of this package is: the one class that a network of your own derives from.

A network is a file in `brain_tumor/models` and a file in `conf/model`. The first holds its class,
named for the configuration by `register`, the second its name and the values of its options:
`gbmnet.py` is a short one.

A network of your own need not lie there: `model=own model._target_=my_project.nets.MyNet` with
`trust=[my_project]` builds it, and any other module too that takes `(N, C, H, W)`, float, and gives
logits `(N, classes)`; `build_network` puts that into a `PlainNetwork` (`adapters/plain.py`).
"""

from collections.abc import Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from brain_tumor.errors import ConfigError

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
        has_maps: Whether there are maps `(N, C, h, w)`, which Grad-CAM needs.
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

        The out-of-distribution detector is fitted to these: the mean of each map, or of all tokens
        where features are `(N, tokens, F)`, as of a vision transformer.
        """
        if features.ndim == 3:
            return features.mean(dim=1)
        return features.mean(dim=(2, 3)) if features.ndim == 4 else features

    def maps_to_explain(self, scans: Tensor) -> tuple[Tensor, Tensor]:
        """Give what Grad-CAM weighs, and what depends on it; called with gradients, in evaluation.

        Args:
            scans: As `forward` takes them.

        Returns:
            Maps `(N, C, h, w)` that have a gradient, and the logits `(N, classes)` made of them.
        """
        with torch.no_grad():
            features = self.forward_features(scans).detach().clone()
        features.requires_grad_()
        # A copy goes on, as the first layer may be one that works in place.
        return features, self.forward_head(features.clone())

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

    def published_weights(self) -> Path | None:
        """Name the file that `load_pretrained("imagenet")` keeps; None where that is not known."""
        return None

    def describe(self) -> str:
        """Say in a few words what it is, for the model card: its class and its first line."""
        return described(self)

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


def described(module: nn.Module) -> str:
    """Say in a few words what a module is: its class and the first line of its docstring."""
    first = cleandoc(type(module).__doc__ or "").partition("\n")[0].rstrip(".")
    return f"{type(module).__name__}: {first}" if first else type(module).__name__
