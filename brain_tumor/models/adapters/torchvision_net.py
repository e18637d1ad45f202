"""Any of torchvision's classification networks under a new last layer."""

import warnings
from pathlib import Path
from typing import Any, cast

import torch
import torchvision.models
from torch import Tensor, nn
from torch.fx import GraphModule, Node
from torch.fx.passes.shape_prop import ShapeProp
from torchvision.models import get_model, get_model_weights, list_models
from torchvision.models.feature_extraction import (
    NodePathTracer,
    create_feature_extractor,
    get_graph_node_names,
)

from brain_tumor.models.adapters.blocks import block_names, frozen_blocks
from brain_tumor.models.network import Network
from brain_tumor.models.options import ChannelMean, ChannelStd, Dropout, InputSize, Unfreeze
from brain_tumor.models.preprocess import ImageNetInput
from brain_tumor.models.pretrained import cached, fill
from brain_tumor.models.registry import register

MAPS = "maps"
# What these do to their input themselves, beside their transforms, with published weights.
_AS_TRAINED = {name: {"transform_input": True} for name in ("googlenet", "inception_v3")}


ARCHITECTURES = tuple(list_models(module=torchvision.models))  # that classify


@register(*ARCHITECTURES, name_as="architecture")
class TorchvisionNet(Network):
    """An architecture of torchvision up to its last feature maps, their means, one linear layer.

    Args:
        classes: Number of classes.
        architecture: One of `ARCHITECTURES` that ends in feature maps, as all but vision
            transformers do.
        input_size: Side of the resized scan in pixels.
        input_mean: Per-channel mean the weights were trained with, on the 0-1 scale.
        input_std: Per-channel standard deviation, likewise.
        dropout: Share of the means dropped in training, in [0, 1).
        unfreeze: How many blocks are trained, counted from the last: `all`, or a number. A block is
            what torchvision lays out in sequence, such as a residual block.

    Raises:
        ValueError: The architecture has no last feature maps, or not as many blocks, or cannot be
            taken apart.
    """

    def __init__(
        self,
        classes: int,
        architecture: str,
        input_size: InputSize,
        input_mean: ChannelMean,
        input_std: ChannelStd,
        dropout: Dropout = 0.2,
        unfreeze: Unfreeze = "all",
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.preprocess = ImageNetInput(input_size, input_mean, input_std)
        full = _build(architecture)
        channels, node = _last_maps(full, architecture, input_size)
        blocks = block_names(full)
        self.backbone = create_feature_extractor(full, {node: MAPS}, suppress_diff_warning=True)
        self.backbone.train()  # it was traced in evaluation mode, which Lightning would keep
        if not self.backbone.state_dict().keys() <= full.state_dict().keys():
            raise ValueError(f"{architecture} cannot be taken apart")  # MaxVit's positions
        inside = {name for name, _ in self.backbone.named_modules()}
        blocks = [name for name in blocks if name in inside]
        self.frozen_blocks = frozen_blocks(blocks, unfreeze, architecture)
        # Beside blocks there are single weights, such as a position's: frozen with the last block.
        if self.frozen_blocks == blocks:
            self.backbone.requires_grad_(False)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(channels, classes))
        self.freeze()

    @classmethod
    def default_options(cls, name: str) -> dict[str, Any]:
        """Give the input that the architecture's published weights were trained with."""
        preset = get_model_weights(name).DEFAULT.transforms()
        return {
            "input_size": int(preset.crop_size[0]),
            "input_mean": [float(value) for value in preset.mean],
            "input_std": [float(value) for value in preset.std],
        }

    def pretrained_part(self) -> nn.Module:
        """Give the architecture, without its own classifier."""
        return cast(nn.Module, self.backbone)

    def frozen_parts(self) -> list[nn.Module]:
        """Give the blocks that are not trained."""
        return [self.backbone.get_submodule(name) for name in self.frozen_blocks]

    def forward_features(self, scans: Tensor) -> Tensor:
        """Take scans as `forward` does; give the last feature maps, `(N, C, h, w)`, float."""
        return cast(Tensor, self.backbone(self.preprocess(scans))[MAPS])

    def forward_head(self, features: Tensor) -> Tensor:
        """Take what `forward_features` gives; give logits `(N, classes)`."""
        return cast(Tensor, self.head(self.pool_features(features)))

    def describe(self) -> str:
        """Name the architecture, for the model card."""
        return f"{self.architecture} of torchvision, under one new linear layer"

    def load_pretrained(self, weights: str) -> None:
        """Fill all but the new layer; `imagenet` are torchvision's default weights."""
        fill(self.backbone, "", weights, get_model_weights(self.architecture).DEFAULT)

    def published_weights(self) -> Path:
        """Name the file that torchvision keeps its weights in."""
        return cached(get_model_weights(self.architecture).DEFAULT)


def _build(architecture: str) -> nn.Module:
    later = torch.get_default_device()
    # RegNet computes its widths with tensors, which hold nothing where there is no memory.
    early = torch.device("cpu") if architecture.startswith("regnet") else later
    with early, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of slow initialisation, which weights replace
        network: nn.Module = get_model(
            architecture, weights=None, **_AS_TRAINED.get(architecture, {})
        )
    return network.to(later) if early != later else network


def _last_maps(full: nn.Module, architecture: str, size: int) -> tuple[int, str]:
    """Find where the last feature maps are made: their number, and the node of the trace."""
    tracer = NodePathTracer()
    traced = GraphModule(full.eval(), tracer.trace(full))
    device = next(full.parameters()).device
    ShapeProp(traced).propagate(torch.zeros((1, 3, size, size), device=device))
    last: Node | None = None
    for node in traced.graph.nodes:
        shape = getattr(node.meta.get("tensor_meta"), "shape", ())
        if len(shape) == 4 and min(shape[2:]) > 1:
            last = node
    tokens = any(name.endswith("class_token") for name, _ in full.named_parameters())
    if last is None or tokens or not any(isinstance(m, nn.Linear) for m in full.modules()):
        raise ValueError(f"{architecture} does not end in feature maps and a linear layer")
    made = tracer.node_to_qualname[last]
    # Where features are taken a block of torchvision's own counts as one node.
    names = get_graph_node_names(full, suppress_diff_warning=True)[1]
    node = [name for name in names if f"{made}.".startswith(f"{name}.")][-1]
    return int(last.meta["tensor_meta"].shape[1]), node
