"""Batch normalisation that no longer moves, folded into the convolution before it."""

import copy
from typing import TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

Copied = TypeVar("Copied", bound=nn.Module)


class FoldedFeatures:
    """Runs a frozen part of a network without its batch normalisation, in fewer passes.

    In evaluation mode batch normalisation is a factor and a shift per channel, which go into the
    weights and the bias of the convolution before it. The folded copy is made when it is first
    needed, and made anew once a weight of the frozen part has been changed, replaced or moved to
    another device. It is neither saved nor trained.

    Args:
        features: The frozen part, in evaluation mode: convolutions, each followed by its batch
            normalisation in one `nn.Sequential`, and anything else as it is.
    """

    def __init__(self, features: nn.Module) -> None:
        self._features = features
        self._folded: nn.Module | None = None
        self._made_of: list[tuple[int, int]] = []

    def __call__(self, images: Tensor) -> Tensor:
        """Give what `features(images)` gives, to the rounding of float32; without gradients."""
        if torch.compiler.is_exporting():  # which sees tensors without memory, and follows no cache
            return cast(Tensor, self._features(images))
        tensors = (*self._features.parameters(), *self._features.buffers())
        made_of = [_identity(tensor) for tensor in tensors]
        if self._folded is None or made_of != self._made_of:
            # Outside inference mode, so that the copy can also be used there.
            with torch.inference_mode(False), torch.no_grad():
                self._folded = folded(self._features)
            self._made_of = made_of
        with torch.no_grad():
            return cast(Tensor, self._folded(images))


def folded(network: Copied) -> Copied:
    """Copy a network for evaluation alone, its batch normalisation folded wherever that can be.

    That is where it follows its convolution in one `nn.Sequential`. The copy has no gradients, and
    gives what the network does in evaluation mode, to the rounding of float32.
    """
    copied = copy.deepcopy(network).eval()
    for block in copied.modules():
        if not isinstance(block, nn.Sequential):
            continue
        for place in range(len(block) - 1):
            convolution, norm = block[place], block[place + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                block[place] = fuse_conv_bn_eval(convolution, norm)
                block[place + 1] = nn.Identity()
    return copied.requires_grad_(False)


def _identity(tensor: Tensor) -> tuple[int, int]:
    # torch counts up the version with every change in place, but for tensors of inference mode.
    version = 0 if tensor.is_inference() else tensor._version
    return tensor.data_ptr(), version
