"""Batch normalisation over the scans of all processes: a batch in shares is still one batch."""

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from lightning.pytorch.plugins.layer_sync import LayerSync
from torch import Tensor, nn

_SCANS_AND_PIXELS = (0, 2, 3)


class GlobalBatchNorm2d(nn.BatchNorm2d):
    """`nn.BatchNorm2d` whose mean and variance are those of all processes' shares together.

    For training within a process group, on any device; torch's own `SyncBatchNorm` refuses CPUs. A
    share may be empty. It needs a fixed momentum and weights.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Normalise `(N, C, H, W)`; in evaluation mode as `nn.BatchNorm2d`, by running values."""
        if not self.training:
            return super().forward(features)
        assert self.running_mean is not None and self.running_var is not None
        assert self.num_batches_tracked is not None and self.momentum is not None
        normalised, mean, variance, number = _Normalise.apply(
            features, self.weight, self.bias, self.eps
        )
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (number / (number - 1)), self.momentum)
        made: Tensor = normalised
        return made


class GlobalBatchNorms(LayerSync):
    """Lets the batch normalisation of a model count over all processes, while it fits."""

    def apply(self, model: nn.Module) -> nn.Module:
        """Make those in training mode count over all processes: the others' are fixed."""
        for module in model.modules():
            if type(module) is nn.BatchNorm2d and module.training:
                _become(module, GlobalBatchNorm2d)
        return model

    def revert(self, model: nn.Module) -> nn.Module:
        """Make them count for themselves."""
        for module in model.modules():
            if type(module) is GlobalBatchNorm2d:
                _become(module, nn.BatchNorm2d)
        return model


def _become(module: nn.Module, kind: type[nn.Module]) -> None:
    # By its class alone, so that parameters, buffers and hooks are the same objects as before.
    module.__class__ = kind


class _Normalise(torch.autograd.Function):
    """Normalises by statistics of all processes; its gradient sums over them too.

    The gradient of a batch's loss is that of Ioffe and Szegedy, "Batch Normalization" (2015),
    section 3, with sums over all processes.
    """

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        wide = _wide(features)
        count = wide.new_full((1,), wide.numel() // wide.shape[1])
        sums = torch.cat((wide.sum(dim=_SCANS_AND_PIXELS), count))
        dist.all_reduce(sums)
        mean, number = sums[:-1] / sums[-1], sums[-1]
        # From the mean, not from the sum of squares, which would lose digits.
        squares = (wide - mean[:, None, None]).square().sum(dim=_SCANS_AND_PIXELS)
        dist.all_reduce(squares)
        variance = squares / number
        normalised = F.batch_norm(features, mean, variance, weight, bias, training=False, eps=eps)
        ctx.save_for_backward(features, weight, mean, (variance + eps).rsqrt(), number)
        ctx.mark_non_differentiable(mean, variance, number)
        return normalised, mean, variance, number

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        features, weight, mean, scale, number = ctx.saved_tensors
        mean, scale, slope = (values[:, None, None] for values in (mean, scale, weight))
        standard, gradient = (_wide(features) - mean) * scale, _wide(gradient)
        to_bias = gradient.sum(dim=_SCANS_AND_PIXELS)
        to_weight = (gradient * standard).sum(dim=_SCANS_AND_PIXELS)
        sums = torch.cat((to_bias, to_weight))
        dist.all_reduce(sums)
        by_mean, by_scale = (half[:, None, None] / number for half in sums.chunk(2))
        to_maps = slope * scale * (gradient - by_mean - standard * by_scale)
        # The parameters' own are summed over processes by DistributedDataParallel.
        return to_maps.to(features.dtype), to_weight, to_bias, None


def _wide(features: Tensor) -> Tensor:
    # Half precision would lose sums of millions of values.
    return features.to(torch.promote_types(features.dtype, torch.float32))
