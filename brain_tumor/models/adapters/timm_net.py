"""Any of timm's networks under a new last layer."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from brain_tumor.errors import ConfigError, WeightsError, suggest
from brain_tumor.models.adapters.blocks import block_names, frozen_blocks
from brain_tumor.models.network import Network
from brain_tumor.models.options import ChannelMean, ChannelStd, Dropout, InputSize, Unfreeze
from brain_tumor.models.preprocess import ImageNetInput, Interpolation
from brain_tumor.models.pretrained import fit, read_state


class TimmNet(Network):
    """A network of timm up to its pooled features, and one linear layer.

    Grad-CAM explains the last feature maps; a vision transformer has none. A block to `unfreeze` is
    what timm lays out in sequence, such as a residual block.

    Args:
        classes: Number of classes.
        name: One of `timm.list_models()`, with or without the tag of its weights, such as
            `resnet18.a1_in1k`.
        input_size: Side of the resized scan in pixels. This and the next four are what the
            weights were trained with, by timm's own configuration of the network.
        input_mean: Per-channel mean, on the 0-1 scale.
        input_std: Per-channel standard deviation, likewise.
        interpolation: How scans are resized.
        in_chans: Channels of the input: 1 lets timm add up its first weights over colours.
        dropout: Share of the pooled features dropped in training.
        unfreeze: How many blocks are trained, counted from the last.

    Raises:
        ConfigError: timm is missing, or has no such network.
        ValueError: It has not as many blocks, does not take that size, or cannot be taken apart.
    """

    backbone: Any  # an `nn.Module` with timm's `forward_features` and `forward_head`

    def __init__(
        self,
        classes: int,
        name: str,
        input_size: InputSize,
        input_mean: ChannelMean,
        input_std: ChannelStd,
        interpolation: Interpolation,
        in_chans: Literal[1, 3],
        dropout: Dropout = 0.2,
        unfreeze: Unfreeze = "all",
    ) -> None:
        super().__init__()
        self.source, self.in_chans = name, in_chans
        self.preprocess = ImageNetInput(input_size, input_mean, input_std, in_chans, interpolation)
        axes, width, self.channels_last = _shapes(name, input_size, in_chans)
        self.has_maps = axes == 4
        self.backbone = _create(name, input_size, in_chans)
        blocks = block_names(self.backbone)
        self.frozen_blocks = frozen_blocks(blocks, unfreeze, name)
        if self.frozen_blocks:  # single weights, such as a position's, come before the first block
            for parameter in self.backbone.parameters(recurse=False):
                parameter.requires_grad_(False)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, classes))
        self.freeze()

    @classmethod
    def default_options(cls, name: str) -> dict[str, Any]:
        """Give the input that the network's weights were trained with, as timm has it."""
        data = _timm(name).data.resolve_data_config(pretrained_cfg=_published(name))
        channels, *sides = data["input_size"]
        known = ("bilinear", "bicubic", "nearest")
        return {
            "input_size": int(sides[0]),
            "input_mean": _three(data["mean"]),
            "input_std": _three(data["std"]),
            "interpolation": data["interpolation"] if data["interpolation"] in known else known[0],
            "in_chans": int(channels),
        }

    def pretrained_part(self) -> nn.Module:
        """Give the network, without its own classifier."""
        return cast(nn.Module, self.backbone)

    def frozen_parts(self) -> list[nn.Module]:
        """Give the blocks that are not trained."""
        return [self.backbone.get_submodule(name) for name in self.frozen_blocks]

    def forward_features(self, scans: Tensor) -> Tensor:
        """Take scans as `forward` does; give the last maps `(N, C, h, w)`, or tokens, float."""
        found: Tensor = self.backbone.forward_features(self.preprocess(scans))
        return found.permute(0, 3, 1, 2) if self.channels_last else found

    def forward_head(self, features: Tensor) -> Tensor:
        """Take what `forward_features` gives; give logits `(N, classes)`."""
        if self.channels_last:
            features = features.permute(0, 2, 3, 1)
        return cast(Tensor, self.head(self.backbone.forward_head(features)))

    def load_pretrained(self, weights: str) -> None:
        """Fill all but the new layer; `imagenet` are the weights that timm has for this name."""
        if weights == "none":
            return
        timm, name = _timm(self.source), self.source
        if weights == "imagenet":
            state = _fetched(name, self.in_chans)
        else:
            state = read_state(weights)
            first = _published(name).get("first_conv")
            for layer in (first,) if isinstance(first, str) else first or ():
                key = f"{layer}.weight"
                if isinstance(state.get(key), Tensor) and state[key].ndim == 4:
                    state[key] = timm.models.adapt_input_conv(self.in_chans, state[key])
        fit(self.backbone, state, weights, f"timm.create_model({name!r})")

    def published_weights(self) -> Path | None:
        """Name the file that timm fetched, where it has."""
        from huggingface_hub import try_to_load_from_cache

        repository = _published(self.source).get("hf_hub_id")
        found = repository and try_to_load_from_cache(repository, "model.safetensors")
        return Path(found) if isinstance(found, str) else None

    def describe(self) -> str:
        """Name the network, for the model card."""
        return f"{self.source} of timm, under one new linear layer"


def _timm(name: str) -> Any:
    """Give timm, which has a network of this name."""
    try:
        import timm
    except ImportError as error:
        raise ConfigError('model=timm needs timm: pip install "brain-tumor[timm]"') from error
    tagged = "." in str(name)
    if ":" in str(name) or not timm.is_model(name) or (tagged and name not in _tagged()):
        known = _tagged() if tagged else timm.list_models()
        raise ConfigError(f"model.name is {name!r}: {suggest(str(name), known)}")
    return timm


@lru_cache
def _tagged() -> frozenset[str]:
    import timm

    return frozenset(timm.list_pretrained())


def _published(name: str) -> dict[str, Any]:
    found = _timm(name).get_pretrained_cfg(name)
    if found is None:
        raise ConfigError(f"model.name is {name!r}, of which timm does not say what it takes.")
    return cast(dict[str, Any], found.to_dict())


def _create(name: str, size: int, in_chans: int, **more: Any) -> nn.Module:
    published = _published(name)
    if published.get("fixed_input_size") and size != published["input_size"][1]:
        more["img_size"] = size
    make: Callable[..., nn.Module] = _timm(name).create_model
    return make(name, num_classes=0, in_chans=in_chans, **more)


@lru_cache
def _shapes(name: str, size: int, in_chans: int) -> tuple[int, int, bool]:
    """Give axes of the last features, length of the pooled ones, and whether channels come last."""
    try:
        with torch.device("meta"), torch.no_grad():  # without memory
            network: Any = _create(name, size, in_chans).eval()
            features = network.forward_features(torch.zeros((1, in_chans, size, size)))
            axes, pooled = features.ndim, network.forward_head(features)
        if axes not in (3, 4) or pooled.ndim != 2:
            raise ValueError(f"it gives {tuple(features.shape)}")
    except ConfigError:
        raise
    except Exception as error:  # whatever timm's networks raise over a size
        reason = " ".join(str(error).split())
        raise ValueError(f"{name} does not take {size} x {size} pixels: {reason}") from error
    return axes, int(pooled.shape[1]), str(getattr(network, "output_fmt", "")).endswith("NHWC")


def _fetched(name: str, in_chans: int) -> dict[str, Any]:
    size = int(_published(name)["input_size"][1])
    try:
        with torch.device("cpu"):
            return _create(name, size, in_chans, pretrained=True).state_dict()
    except Exception as error:  # of huggingface_hub, its client and the file system
        reason = " ".join(str(error).split()).partition(". ")[0]
        raise WeightsError(
            f"timm could not fetch the weights of {name} ({reason}): connect to the network, or "
            "give a state_dict file as model.weights=PATH, or model.weights=none for random ones."
        ) from error


def _three(values: Any) -> list[float]:
    found = [float(value) for value in values]
    return found * 3 if len(found) == 1 else found
